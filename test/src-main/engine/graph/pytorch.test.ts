// Operations against PyTorch's double backward: the fixture and the formulas of its operands come from
// test/reference/ops.py.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as g from '../../../../src-main/engine/graph/index.ts';
import type { Shape, Tensor } from '../../../../src-main/engine/graph/index.ts';
import { groupNorm, layerNorm } from '../../../../src-main/engine/nn/group-norm.ts';
import { onnxExecutor, referenceExecutor, type Executor } from '../../../../src-main/engine/runtime/index.ts';
import { wave } from '../training/tiny-network.ts';
import { relativeError } from './finite-differences.ts';

interface Case {
  title: string;
  shapes: number[][];
  value: number[];
  /** By operand. */
  first: number[][];
  second: number[][];
}

const fixture = JSON.parse(
  readFileSync(new URL('../../../fixtures/engine/ops.json', import.meta.url), 'utf8'),
) as { cases: Case[] };

const times = (factor: number, x: Tensor): Tensor => g.mul(g.scalar(factor), x);

const builds: Record<string, (...operands: Tensor[]) => Tensor> = {
  'conv in 2 groups, stride 2, padding 2, dilation 2': (x, w) =>
    g.conv(x, w, { stride: 2, padding: 2, dilation: 2, groups: 2 }),
  'conv, depthwise, padding 1': (x, w) => g.conv(x, w, { padding: 1, groups: 3 }),
  'conv, dilation 3, padding 3': (x, w) => g.conv(x, w, { padding: 3, dilation: 3 }),
  'resizeBilinear, larger': (x) => g.square(g.resizeBilinear(x, { height: 5, width: 9 })),
  'resizeBilinear, smaller': (x) => g.square(g.resizeBilinear(x, { height: 3, width: 4 })),
  'averagePool, window 3, stride 2, padding 1, border counted': (x) =>
    g.square(g.averagePool(x, { window: 3, stride: 2, padding: 1 })),
  'maxPool, window 3, stride 2, padding 1': (x) =>
    g.square(g.maxPool(x, { window: 3, stride: 2, padding: 1 })),
  gelu: (x) => g.gelu(times(3, x)),
  'softplus, beta 3': (x) => g.softplus(times(2, x), 3),
  logSumExp: (x) => g.logSumExp(times(4, x)),
  softmax: (x) => g.softmax(times(4, x)),
  sigmoidCrossEntropy: (z, t) => g.sigmoidCrossEntropy(times(5, z), g.sigmoid(t)),
  cosineSimilarity: (a, b) => g.cosineSimilarity(a, b),
  l2Normalise: (x) => g.l2Normalise(x),
  'groupNorm, 2 groups': (x, scale, shift) => groupNorm(x, { scale, shift }, 2),
  'layerNorm over 2 axes': (x, scale, shift) => layerNorm(x, { scale, shift }),
};

const executors: [string, Executor, number][] = [
  ['the reference', referenceExecutor(), 1e-6],
  ['ONNX Runtime', onnxExecutor({ threads: 1 }), 1e-5],
];

describe.each(executors)(
  'on %s, value, gradient and second derivative are those of PyTorch',
  (_, executor, tolerance) => {
    it('for every operation of the fixture', () => {
      expect(fixture.cases.map(({ title }) => title)).toEqual(Object.keys(builds));
    });

    it.each(fixture.cases)('$title', async ({ title, shapes, value, first, second }) => {
      const feeds: Record<string, Float32Array> = {};
      const patterned = (name: string, shape: Shape, phase: number): Tensor => {
        feeds[name] = Float32Array.from(wave(g.sizeOf(shape), phase));
        return g.input(name, shape);
      };
      const operands = shapes.map((shape, i) => patterned(`x${i}`, shape, 0.1 + 0.7 * i));
      const y = builds[title](...operands);
      const firsts = g.gradient(g.sum(g.mul(y, patterned('r', y.shape, 0.5))), operands);
      const weighted = firsts.map((grad, i) => g.sum(g.mul(grad, patterned(`s${i}`, grad.shape, 2 + i))));
      const seconds = g.gradient(weighted.reduce(g.add), operands);
      const all = [y, ...firsts, ...seconds];
      const outputs = Object.fromEntries(all.map((tensor, index) => [`${index}`, tensor]));
      const session = await executor.compile({ inputs: operands, outputs });
      const actual = await session.run(feeds);
      await session.dispose();
      [value, ...first, ...second].forEach((expected, index) => {
        expect(relativeError(actual[index], expected), `result ${index}`).toBeLessThan(tolerance);
      });
    });
  },
);
