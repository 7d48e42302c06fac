// Every operation with random operands, shapes and attributes, by the name of its function. The tests of gradients and
// of executors draw from the same table; the type and a test of the table see that no operation is left out.

import fc from 'fast-check';
import * as g from '../../../../src-main/engine/graph/index.ts';
import * as ops from '../../../../src-main/engine/graph/ops.ts';
import type { Shape, Tensor } from '../../../../src-main/engine/graph/index.ts';
import { randomNumbers } from './finite-differences.ts';

export interface OperationCase {
  readonly title: string;
  readonly shapes: readonly Shape[];
  readonly build: (...operands: Tensor[]) => Tensor;
  /** Maps uniform numbers of (-1, 1) to operand values; the identity by default. */
  readonly value?: (uniform: number) => number;
}

type Draw = fc.Arbitrary<Omit<OperationCase, 'title'>>;

/** Leaves and shorthands of no operation of their own. */
const leaves = ['constant', 'input', 'ones', 'scalar', 'zeros'] as const;
type OperationName = Exclude<keyof typeof ops, (typeof leaves)[number]>;

/** The names that the table below must have. */
export const operationNames = Object.keys(ops).filter(
  (name) => !(leaves as readonly string[]).includes(name),
);

const positive = (uniform: number): number => 1.5 + uniform;
/** Keeps its distance from 0, where the operation has a kink. */
const awayFromZero = (uniform: number): number => (uniform < 0 ? uniform - 0.1 : uniform + 0.1);

const whole = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const extent = whole(1, 4);
const anyShape = fc.array(extent, { maxLength: 3 });
const shapeOf = (...axes: fc.Arbitrary<number>[]): fc.Arbitrary<number[]> => fc.tuple(...axes);
const withAxes = (least: number): fc.Arbitrary<number[]> =>
  fc.array(extent, { minLength: least, maxLength: 3 });

/** Shapes of several operands that broadcast together: leading axes dropped, others 1, by chance. */
const broadcasting = (count: number): fc.Arbitrary<number[][]> =>
  fc
    .tuple(
      anyShape,
      fc.array(fc.tuple(fc.nat(2), fc.array(fc.boolean(), { minLength: 3, maxLength: 3 })), {
        minLength: count,
        maxLength: count,
      }),
    )
    .map(([shape, operands]) =>
      operands.map(([dropped, isOne]) => shape.map((n, axis) => (isOne[axis] ? 1 : n)).slice(dropped)),
    );

const elementwise = (build: (x: Tensor) => Tensor, value?: (uniform: number) => number): Draw =>
  anyShape.map((shape) => ({ shapes: [shape], build, value }));

const pairwise = (build: (a: Tensor, b: Tensor) => Tensor, value?: (uniform: number) => number): Draw =>
  broadcasting(2).map((shapes) => ({ shapes, build, value }));

/** One operand of at least so many axes. */
const along = (least: number, build: (x: Tensor) => Tensor): Draw =>
  withAxes(least).map((shape) => ({ shapes: [shape], build }));

/** A reduction over random axes, counted from either end. */
const reducing = (build: (x: Tensor, axes: number[], keepDims: boolean) => Tensor): Draw =>
  fc
    .tuple(withAxes(1), fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), fc.boolean(), fc.boolean())
    .map(([shape, isReduced, fromEnd, keepDims]) => {
      const axes = shape
        .map((_, axis) => axis)
        .filter((axis) => isReduced[axis])
        .map((axis) => (fromEnd ? axis - shape.length : axis));
      return { shapes: [shape], build: (x) => build(x, axes, keepDims) };
    });

interface Window {
  images: number[];
  kernel: [number, number];
  options: { stride: number; padding: number; dilation: number; groups: number };
}

/** Images at least as large as the window, and whatever a window can be told. */
const windows = ({ channels = 2, dilation = 3 }): fc.Arbitrary<Window> =>
  fc
    .record({
      batch: whole(1, 2),
      part: whole(1, channels),
      groups: whole(1, 3),
      kernel: fc.tuple(whole(1, 3), whole(1, 3)),
      stride: whole(1, 3),
      padding: whole(0, 2),
      dilation: whole(1, dilation),
      extra: fc.tuple(whole(0, 3), whole(0, 3)),
    })
    .map(({ batch, part, groups, kernel, stride, padding, dilation: spacing, extra }) => ({
      images: [
        batch,
        part * groups,
        ...extra.map((more, i) => Math.max(1, (kernel[i] - 1) * spacing + 1 - 2 * padding) + more),
      ],
      kernel,
      options: { stride, padding, dilation: spacing, groups },
    }));

type Convolution = (
  images: number[],
  filters: number[],
  result: Shape,
  options: Window['options'],
) => {
  shapes: Shape[];
  build: (a: Tensor, b: Tensor) => Tensor;
};

const convolving = (make: Convolution): Draw =>
  fc.tuple(windows({}), whole(1, 2)).map(([{ images, kernel, options }, perGroup]) => {
    const filters = [perGroup * options.groups, images[1] / options.groups, ...kernel];
    const result = g.conv(g.input('x', images), g.input('w', filters), options).shape;
    return make(images, filters, result, options);
  });

interface Pool {
  images: number[];
  options: { window: number; stride?: number; padding?: number };
}

const pools: fc.Arbitrary<Pool> = fc
  .record({ window: whole(1, 3), stride: fc.option(whole(1, 4), { nil: undefined }), half: fc.boolean() })
  .chain(({ window, stride, half }) => {
    const padding = half ? Math.floor(window / 2) : undefined;
    return shapeOf(whole(1, 2), whole(1, 2), whole(window, 6), whole(window, 6)).map((images) => ({
      images,
      options: { window, stride, padding },
    }));
  });

const pooled = ({ images, options }: Pool): Shape => g.maxPool(g.input('x', images), options).shape;

const matrices: Draw = fc
  .tuple(shapeOf(extent, extent, extent), fc.array(extent, { maxLength: 2 }), fc.boolean(), fc.boolean())
  .map(([[m, k, n], batch, transposeA, transposeB]) => ({
    shapes: [
      [...batch, ...(transposeA ? [k, m] : [m, k])],
      [...batch, ...(transposeB ? [n, k] : [k, n])],
    ],
    build: (a: Tensor, b: Tensor) => g.matmul(a, b, { transposeA, transposeB }),
  }));

/** Operations that do not curve what they are given are squared, so that their second derivative is not 0. */
const families: Readonly<Record<OperationName, Draw>> = {
  neg: elementwise((x) => g.mul(g.neg(x), g.exp(x))),
  exp: elementwise(g.exp),
  log: elementwise(g.log, positive),
  sqrt: elementwise(g.sqrt, positive),
  abs: elementwise((x) => g.mul(g.abs(x), x), awayFromZero),
  sign: elementwise((x) => g.mul(g.sign(x), g.square(x)), awayFromZero),
  step: elementwise((x) => g.mul(g.step(x), g.exp(x)), awayFromZero),
  relu: elementwise((x) => g.square(g.relu(x)), awayFromZero),
  gelu: elementwise(g.gelu),
  sigmoid: elementwise(g.sigmoid),
  tanh: elementwise(g.tanh),
  softplus: fc
    .tuple(anyShape, fc.constantFrom(0.5, 1, 3, 10))
    .map(([shape, beta]) => ({ shapes: [shape], build: (x) => g.softplus(x, beta) })),
  erf: elementwise(g.erf),
  square: elementwise((x) => g.square(g.square(x))),
  add: pairwise((a, b) => g.square(g.add(a, b))),
  sub: pairwise((a, b) => g.square(g.sub(a, b))),
  mul: pairwise(g.mul),
  div: pairwise(g.div, positive),
  maximum: pairwise((a, b) => g.square(g.maximum(a, b))),
  minimum: pairwise((a, b) => g.square(g.minimum(a, b))),
  clip: elementwise((x) => g.mul(x, g.clip(x, -0.5, 0.4))),
  greater: pairwise((a, b) => g.mul(g.greater(a, b), g.mul(a, b))),
  equal: pairwise((a, b) => g.mul(g.equal(g.sign(a), g.sign(b)), g.mul(a, b)), awayFromZero),
  select: broadcasting(3).map((shapes) => ({
    shapes,
    build: (m, a, b) => g.square(g.select(g.greater(m, g.scalar(0)), a, b)),
    value: awayFromZero,
  })),
  sum: reducing((x, axes, keepDims) => g.square(g.sum(x, axes, keepDims))),
  mean: reducing((x, axes, keepDims) => g.square(g.mean(g.square(x), axes, keepDims))),
  max: reducing((x, axes, keepDims) => g.square(g.max(x, axes, keepDims))),
  reshape: anyShape.map((shape) => ({
    shapes: [shape],
    build: (x) => g.square(g.reshape(x, [...shape].reverse())),
  })),
  transpose: fc
    .tuple(
      fc.array(whole(1, 3), { minLength: 3, maxLength: 3 }),
      fc.uniqueArray(fc.nat(2), { minLength: 3, maxLength: 3 }),
    )
    .map(([shape, order]) => ({ shapes: [shape], build: (x) => g.square(g.transpose(x, order)) })),
  broadcastTo: broadcasting(2).map((shapes) => ({
    shapes: [shapes[0]],
    build: (x) => g.exp(g.broadcastTo(x, g.add(x, g.input('wide', shapes[1])).shape)),
  })),
  concat: fc
    .tuple(withAxes(1), fc.array(extent, { minLength: 1, maxLength: 3 }), fc.nat(2))
    .map(([shape, extents, at]) => {
      const axis = at % shape.length;
      return {
        shapes: extents.map((own) => shape.map((n, i) => (i === axis ? own : n))),
        build: (...parts) => g.square(g.concat([...parts, parts[0]], axis - shape.length)),
      };
    }),
  slice: withAxes(1).chain((shape) =>
    fc
      .tuple(...shape.map((n) => fc.tuple(fc.nat(n - 1), fc.nat(n - 1))))
      .map((ends) => ends.map(([one, other]) => [Math.min(one, other), Math.abs(one - other) + 1]))
      .map((ends) => ({
        shapes: [shape],
        build: (x) =>
          g.square(
            g.slice(
              x,
              ends.map(([start]) => start),
              ends.map(([, size]) => size),
            ),
          ),
      })),
  ),
  pad: withAxes(1).chain((shape) =>
    fc.tuple(...shape.map(() => fc.tuple(fc.nat(2), fc.nat(2)))).map((widths) => ({
      shapes: [shape],
      build: (x) =>
        g.exp(
          g.pad(
            x,
            widths.map(([before]) => before),
            widths.map(([, after]) => after),
          ),
        ),
    })),
  ),
  matmul: matrices,
  conv: convolving((images, filters, _, options) => ({
    shapes: [images, filters],
    build: (x, w) => g.conv(x, w, options),
  })),
  convInputGrad: convolving((images, filters, result, options) => ({
    shapes: [result, filters],
    build: (u, w) => g.convInputGrad(u, w, images, options),
  })),
  convFilterGrad: convolving((images, filters, result, options) => ({
    shapes: [images, result],
    build: (x, u) => g.convFilterGrad(x, u, filters, options),
  })),
  maxPool: pools.map(({ images, options }) => ({
    shapes: [images],
    build: (x) => g.square(g.maxPool(x, options)),
  })),
  maxPoolScatter: pools.map((pool) => ({
    shapes: [pool.images, pooled(pool)],
    build: (x, u) => g.square(g.maxPoolScatter(x, u, pool.options)),
  })),
  maxPoolGather: pools.map((pool) => ({
    shapes: [pool.images, pool.images],
    build: (x, u) => g.square(g.maxPoolGather(x, u, pool.options)),
  })),
  averagePool: pools.map(({ images, options }) => ({
    shapes: [images],
    build: (x) => g.square(g.averagePool(x, options)),
  })),
  globalAveragePool: shapeOf(extent, extent, extent, extent).map((shape) => ({
    shapes: [shape],
    build: (x) => g.square(g.globalAveragePool(x)),
  })),
  globalMaxPool: shapeOf(extent, extent, extent, extent).map((shape) => ({
    shapes: [shape],
    build: (x) => g.square(g.globalMaxPool(x)),
  })),
  stopGradient: elementwise((x) => g.mul(g.exp(x), g.stopGradient(g.constant([2], [])))),
  identity: elementwise((x) => g.square(g.identity(g.exp(x)))),
  softmax: along(1, g.softmax),
  logSoftmax: along(1, g.logSoftmax),
  logSumExp: along(1, g.logSumExp),
  sigmoidCrossEntropy: pairwise((z, t) => g.sigmoidCrossEntropy(g.mul(g.scalar(3), z), g.sigmoid(t))),
  topKMask: fc.tuple(withAxes(1), whole(1, 4)).map(([shape, k]) => ({
    shapes: [shape],
    build: (x) => g.mul(g.topKMask(x, Math.min(k, shape.at(-1)!)), g.square(x)),
  })),
  argMaxMask: along(1, (x) => g.mul(g.argMaxMask(x), g.exp(x))),
  oneHot: fc.tuple(anyShape, extent).map(([shape, count]) => ({
    shapes: [shape, [count]],
    // -1, 0 or 1 as indices
    build: (x, y) => g.mul(g.oneHot(g.sign(x), count), g.mul(y, g.reshape(x, [...shape, 1]))),
    value: awayFromZero,
  })),
  gather: fc.tuple(withAxes(1), anyShape).map(([shape, indices]) => ({
    shapes: [shape, indices],
    build: (x, i) => g.square(g.gather(x, g.add(g.sign(i), g.scalar(1)))),
    value: awayFromZero,
  })),
  l2Norm: reducing((x, axes, keepDims) => g.l2Norm(g.add(x, g.scalar(1.5)), axes, keepDims)),
  l2Normalise: reducing((x, axes) => g.l2Normalise(g.add(x, g.scalar(1.5)), axes)),
  cosineSimilarity: fc.tuple(broadcasting(2), extent).map(([shapes, size]) => ({
    shapes: shapes.map((shape) => [...shape, size]),
    build: (a, b) => g.cosineSimilarity(a, b),
    value: positive,
  })),
  resizeBilinear: fc
    .tuple(shapeOf(whole(1, 2), whole(1, 2), whole(1, 4), whole(1, 4)), extent, extent)
    .map(([shape, height, width]) => ({
      shapes: [shape],
      build: (x) => g.square(g.resizeBilinear(x, { height, width })),
    })),
};

const titled = (name: string, draw: Draw): fc.Arbitrary<OperationCase> =>
  draw.map((drawn) => ({
    title: `${name} of ${drawn.shapes.map((s) => `[${s.join()}]`).join(' ')}`,
    ...drawn,
  }));

export const operationFamilies: readonly [name: string, cases: fc.Arbitrary<OperationCase>][] =
  Object.entries(families).map(([name, draw]) => [name, titled(name, draw)]);

/** Always the same few of every operation, more of those with many attributes. */
export const operationCases: readonly OperationCase[] = operationFamilies.flatMap(([name, cases]) =>
  fc.sample(cases, { seed: 3, numRuns: name.startsWith('conv') || name.includes('Pool') ? 10 : 3 }),
);

interface Probe {
  readonly inputs: readonly Tensor[];
  readonly feeds: Readonly<Record<string, Float32Array>>;
  /** The value, and its first and second derivatives in the operands under random weights. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/**
 * A program that shows a case's value and derivatives.
 * @param prefix  put before every name, so that programs of several cases can be joined
 */
export function probe({ shapes, build, value = (x) => x }: OperationCase, seed: number, prefix = ''): Probe {
  const random = randomNumbers(seed);
  const inputs: Tensor[] = [];
  const feeds: Record<string, Float32Array> = {};
  const feed = (name: string, shape: Shape, of = (x: number): number => x): Tensor => {
    feeds[prefix + name] = Float32Array.from({ length: g.sizeOf(shape) }, () => of(2 * random() - 1));
    inputs.push(g.input(prefix + name, shape));
    return inputs.at(-1)!;
  };
  const operands = shapes.map((shape, index) => feed(`x${index}`, shape, value));
  const y = build(...operands);
  const first = g.gradient(g.sum(g.mul(y, feed('r', y.shape))), operands);
  const weighted = first.map((grad, index) => g.sum(g.mul(grad, feed(`s${index}`, grad.shape))));
  const second = g.gradient(weighted.reduce(g.add), operands);
  const outputs = { y, ...named('first', first), ...named('second', second) };
  return {
    inputs,
    feeds,
    outputs: Object.fromEntries(Object.entries(outputs).map(([k, t]) => [prefix + k, t])),
  };
}

const named = (name: string, tensors: readonly Tensor[]): Record<string, Tensor> =>
  Object.fromEntries(tensors.map((tensor, index) => [`${name}${index}`, tensor]));
