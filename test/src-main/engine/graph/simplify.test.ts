import { describe, expect, it } from 'vitest';
import * as g from '../../../../src-main/engine/graph/index.ts';
import type { Tensor } from '../../../../src-main/engine/graph/index.ts';
import { evaluate, randomNumbers } from './finite-differences.ts';

const countOf = (op: string, outputs: readonly Tensor[]): number =>
  g.topologicalOrder(outputs).filter((tensor) => tensor.op === op).length;

describe('constructors', () => {
  const x = g.input('x', [4, 3, 5]);
  const s = g.input('s', [3, 1]);
  const t = g.input('t', [4, 1, 1]);

  it('fold zeros, ones and double signs away', () => {
    expect(g.add(x, g.zeros([3, 5]))).toBe(x);
    expect(g.mul(g.ones([5]), x)).toBe(x);
    expect(g.neg(g.neg(x))).toBe(x);
    expect(g.mul(x, g.scalar(0))).toMatchObject({ op: 'broadcastTo', shape: [4, 3, 5] });
    expect(g.transpose(g.transpose(x, [1, 2, 0]), [2, 0, 1])).toBe(x);
    expect(g.reshape(g.reshape(x, [60]), [4, 3, 5])).toBe(x);
  });

  it('read a broadcast operand in its small form', () => {
    const product = g.mul(x, g.broadcastTo(s, [4, 3, 5]));
    expect(product.inputs).toEqual([s, x]);
    const sum = g.exp(g.add(g.broadcastTo(s, [4, 3, 5]), g.scalar(1)));
    expect(sum).toMatchObject({ op: 'broadcastTo', inputs: [{ op: 'exp', shape: [3, 1] }] });
  });

  it('multiply small factors with each other before they meet a large one', () => {
    const product = g.mul(g.mul(x, s), g.mul(x, g.scalar(2)));
    expect(product.inputs[0].shape).toEqual([3, 1]);
    expect(product.inputs[1]).toMatchObject({ op: 'mul', inputs: [x, x] });
  });

  it('take factors and addends that do not vary along the summed axes out of a sum', () => {
    const total = g.sum(g.add(g.mul(g.mul(x, s), t), g.mul(s, t)), [0, 2], true);
    const large = g.topologicalOrder([total]).filter((tensor) => tensor.shape.join() === '4,3,5');
    expect(large.filter((tensor) => tensor !== x).length).toBeLessThanOrEqual(1);
    const random = randomNumbers(5);
    const numbers = (size: number) => Float64Array.from({ length: size }, random);
    const feeds = { x: numbers(60), s: numbers(3), t: numbers(4) };
    for (let c = 0; c < 3; c++) {
      let expected = 0;
      for (let b = 0; b < 4; b++) {
        for (let i = 0; i < 5; i++) {
          expected += (feeds.x[(b * 3 + c) * 5 + i] * feeds.s[c] + feeds.s[c]) * feeds.t[b];
        }
      }
      expect(evaluate([total], feeds)[0][c]).toBeCloseTo(expected, 12);
    }
  });

  it('refuse shapes that do not fit, naming the operation and both shapes', () => {
    expect(() => g.add(x, g.input('y', [2, 5]))).toThrow('add: shapes [4, 3, 5] and [2, 5]');
    expect(() => g.matmul(g.input('a', [2, 3]), g.input('b', [2, 3]))).toThrow('matmul: [2, 3] and [2, 3]');
    expect(() => g.conv(g.input('i', [1, 3, 8, 8]), g.input('w', [4, 2, 3, 3]))).toThrow('conv: images');
    expect(() => g.reshape(x, [7, -1])).toThrow('reshape: [4, 3, 5] cannot become [7, -1]');
    expect(() => g.slice(x, [0, 2, 0], [4, 2, 5])).toThrow('slice: 2 from 2 is outside axis 1');
    expect(() => g.constant([1, 2], [3])).toThrow('constant: 2 values');
  });
});

describe('simplify', () => {
  it('makes equal computations one node, whatever the order of a commutative operation', () => {
    const x = g.input('x', [3]);
    const y = g.input('y', [3]);
    const outputs = [g.exp(g.add(x, y)), g.exp(g.add(y, x)), g.mul(g.exp(g.add(x, y)), g.scalar(3))];
    expect(countOf('exp', outputs)).toBe(3);
    const simpler = g.simplify(outputs);
    expect(countOf('exp', simpler)).toBe(1);
    expect(simpler[0]).toBe(simpler[1]);
  });

  it('keeps apart what differs in an attribute, in a constant or in the input it reads', () => {
    const x = g.input('x', [1, 1, 5, 5]);
    const same = g.input('x', [1, 1, 5, 5]);
    const w = g.input('w', [1, 1, 3, 3]);
    const outputs = [
      g.conv(x, w, { padding: 1 }),
      g.conv(x, w, { padding: 1, stride: 2 }),
      g.conv(same, w, { padding: 1 }),
      g.mul(x, g.scalar(2)),
      g.mul(x, g.scalar(3)),
    ];
    expect(new Set(g.simplify(outputs)).size).toBe(5);
  });

  it('removes stopGradient and identity, and keeps the input nodes', () => {
    const x = g.input('x', [3]);
    const [simpler] = g.simplify([g.exp(g.identity(g.stopGradient(x)))]);
    expect(simpler.inputs).toEqual([x]);
    expect(simpler.inputs[0]).toBe(x);
  });
});
