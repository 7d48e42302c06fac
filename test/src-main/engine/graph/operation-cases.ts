// One line for each operation: shapes of its operands and how it is built. The tests of gradients and of
// executors run over the same list; a test of the list itself sees that no operation is left out.

import * as g from '../../../../src-main/engine/graph/index.ts';
import type { Shape, Tensor } from '../../../../src-main/engine/graph/index.ts';

export interface OperationCase {
  readonly title: string;
  readonly shapes: readonly Shape[];
  readonly build: (...operands: Tensor[]) => Tensor;
  /** Maps uniform numbers of (-1, 1) to operand values; the identity by default. */
  readonly value?: (uniform: number) => number;
}

const positive = (uniform: number): number => 1.2 + uniform;
/** Keeps its distance from 0, where the operation has a kink. */
const awayFromZero = (uniform: number): number => (uniform < 0 ? uniform - 0.1 : uniform + 0.1);

const images: Shape = [2, 3, 7, 6];

export const operationCases: readonly OperationCase[] = [
  { title: 'neg', shapes: [[2, 3]], build: (x) => g.mul(g.neg(x), g.exp(x)) },
  { title: 'exp', shapes: [[2, 3]], build: g.exp },
  { title: 'log', shapes: [[2, 3]], build: g.log, value: positive },
  { title: 'sqrt', shapes: [[2, 3]], build: g.sqrt, value: positive },
  { title: 'abs', shapes: [[2, 3]], build: (x) => g.mul(g.abs(x), x), value: awayFromZero },
  { title: 'sign', shapes: [[2, 3]], build: (x) => g.mul(g.sign(x), g.square(x)), value: awayFromZero },
  { title: 'step', shapes: [[2, 3]], build: (x) => g.mul(g.step(x), g.exp(x)), value: awayFromZero },
  { title: 'relu', shapes: [[2, 3]], build: (x) => g.square(g.relu(x)), value: awayFromZero },
  { title: 'sigmoid', shapes: [[2, 3]], build: g.sigmoid },
  { title: 'tanh', shapes: [[2, 3]], build: g.tanh },
  { title: 'softplus', shapes: [[2, 3]], build: (x) => g.softplus(x, 3) },
  { title: 'square', shapes: [[2, 3]], build: (x) => g.square(g.square(x)) },
  {
    title: 'add, broadcast',
    shapes: [
      [2, 1, 3],
      [4, 1],
    ],
    build: (a, b) => g.square(g.add(a, b)),
  },
  {
    title: 'sub, broadcast',
    shapes: [
      [2, 1, 3],
      [4, 1],
    ],
    build: (a, b) => g.square(g.sub(a, b)),
  },
  {
    title: 'mul, broadcast',
    shapes: [
      [2, 1, 3],
      [4, 1],
    ],
    build: g.mul,
  },
  {
    title: 'div, broadcast',
    shapes: [
      [2, 1, 3],
      [4, 1],
    ],
    build: g.div,
    value: positive,
  },
  { title: 'div, small divisor', shapes: [[2, 4, 3], [3]], build: g.div, value: positive },
  {
    title: 'maximum',
    shapes: [
      [2, 5],
      [2, 5],
    ],
    build: (a, b) => g.square(g.maximum(a, b)),
  },
  { title: 'minimum', shapes: [[2, 5], [5]], build: (a, b) => g.square(g.minimum(a, b)) },
  { title: 'clip', shapes: [[3, 5]], build: (x) => g.mul(x, g.clip(x, -0.5, 0.4)) },
  { title: 'greater', shapes: [[3, 5], [5]], build: (a, b) => g.mul(g.greater(a, b), g.mul(a, b)) },
  { title: 'equal', shapes: [[3, 5]], build: (x) => g.mul(g.equal(g.sign(x), g.scalar(1)), g.square(x)) },
  {
    title: 'select',
    shapes: [[3, 5], [5], [3, 1]],
    build: (m, a, b) => g.square(g.select(g.greater(m, g.scalar(0)), a, b)),
    value: awayFromZero,
  },
  { title: 'sum', shapes: [[2, 3, 4]], build: (x) => g.square(g.sum(x, [0, 2])) },
  { title: 'sum of squares', shapes: [[2, 3, 4]], build: (x) => g.square(g.sum(g.square(x), 1, true)) },
  {
    title: 'sum of products with small factors',
    shapes: [
      [2, 3, 4],
      [3, 1],
      [2, 1, 1],
    ],
    build: (x, s, t) => g.mul(g.sum(g.mul(g.mul(x, s), g.add(t, g.mul(s, x))), [0, 2]), g.sum(g.mul(s, t))),
  },
  { title: 'mean', shapes: [[2, 3, 4]], build: (x) => g.square(g.mean(x, [-1])) },
  { title: 'max', shapes: [[2, 3, 4]], build: (x) => g.square(g.max(x, [0, 2])) },
  { title: 'reshape', shapes: [[2, 3, 4]], build: (x) => g.square(g.reshape(x, [4, -1])) },
  { title: 'transpose', shapes: [[2, 3, 4]], build: (x) => g.square(g.transpose(x, [2, 0, 1])) },
  { title: 'broadcastTo', shapes: [[3, 1]], build: (x) => g.exp(g.broadcastTo(x, [2, 3, 4])) },
  {
    title: 'concat',
    shapes: [
      [2, 3],
      [2, 1],
    ],
    build: (a, b) => g.square(g.concat([a, b, a], 1)),
  },
  { title: 'slice', shapes: [[3, 5]], build: (x) => g.square(g.slice(x, [1, 2], [2, -1])) },
  { title: 'pad', shapes: [[2, 3]], build: (x) => g.exp(g.pad(x, [1, 0], [0, 2])) },
  ...[false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      title: `matmul${transposeA ? ', a transposed' : ''}${transposeB ? ', b transposed' : ''}`,
      shapes: [transposeA ? [4, 2] : [2, 4], transposeB ? [3, 4] : [4, 3]],
      build: (a: Tensor, b: Tensor) => g.matmul(a, b, { transposeA, transposeB }),
    })),
  ),
  {
    title: 'matmul, batched',
    shapes: [
      [2, 3, 4],
      [2, 2, 4],
    ],
    build: (a, b) => g.matmul(a, b, { transposeB: true }),
  },
  {
    title: 'matmul, batched, a transposed',
    shapes: [
      [2, 1, 4, 3],
      [2, 1, 4, 2],
    ],
    build: (a, b) => g.matmul(a, b, { transposeA: true }),
  },
  ...[
    { kernel: 3, stride: 1, padding: 1 },
    { kernel: 3, stride: 2, padding: 1 },
    { kernel: 3, stride: 1, padding: 0 },
    { kernel: 1, stride: 1, padding: 0 },
    { kernel: 1, stride: 2, padding: 0 },
    { kernel: 2, stride: 2, padding: 0 },
    { kernel: 2, stride: 3, padding: 1 },
    { kernel: 1, stride: 1, padding: 1 },
  ].map(({ kernel, ...options }) => ({
    title: `conv, kernel ${kernel}, stride ${options.stride}, padding ${options.padding}`,
    shapes: [images, [4, 3, kernel, kernel]],
    build: (x: Tensor, w: Tensor) => g.conv(x, w, options),
  })),
  {
    title: 'convInputGrad',
    shapes: [
      [2, 4, 4, 3],
      [4, 3, 3, 3],
    ],
    build: (u, w) => g.convInputGrad(u, w, images, { stride: 2, padding: 1 }),
  },
  {
    title: 'convFilterGrad',
    shapes: [images, [2, 4, 4, 3]],
    build: (x, u) => g.convFilterGrad(x, u, [4, 3, 3, 3], { stride: 2, padding: 1 }),
  },
  {
    title: 'maxPool',
    shapes: [images],
    build: (x) => g.square(g.maxPool(x, { window: 3, stride: 2, padding: 1 })),
  },
  {
    title: 'maxPoolScatter',
    shapes: [images, [2, 3, 3, 3]],
    build: (x, u) => g.square(g.maxPoolScatter(x, u, { window: 2 })),
  },
  {
    title: 'maxPoolGather',
    shapes: [images, images],
    build: (x, u) => g.square(g.maxPoolGather(x, u, { window: 2, stride: 1 })),
  },
  {
    title: 'averagePool, tiles',
    shapes: [[1, 2, 4, 6]],
    build: (x) => g.square(g.averagePool(x, { window: 2 })),
  },
  {
    title: 'averagePool, overlapping',
    shapes: [images],
    build: (x) => g.square(g.averagePool(x, { window: 3, stride: 2, padding: 1 })),
  },
  { title: 'globalAveragePool', shapes: [images], build: (x) => g.square(g.globalAveragePool(x)) },
  { title: 'globalMaxPool', shapes: [images], build: (x) => g.square(g.globalMaxPool(x)) },
  { title: 'identity', shapes: [[3, 4]], build: (x) => g.square(g.identity(g.exp(x))) },
  { title: 'softmax', shapes: [[3, 4]], build: g.softmax },
  { title: 'logSoftmax', shapes: [[3, 4]], build: g.logSoftmax },
  { title: 'logSumExp', shapes: [[3, 4]], build: g.logSumExp },
  {
    title: 'resizeBilinear',
    shapes: [[2, 1, 3, 4]],
    build: (x) => g.square(g.resizeBilinear(x, { height: 5, width: 2 })),
  },
];
