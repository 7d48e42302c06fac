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

  const images = g.input('i', [1, 3, 8, 8]);
  it.each<[string, () => unknown]>([
    ['add: shapes [4, 3, 5] and [2, 5]', () => g.add(x, g.input('y', [2, 5]))],
    ['select: shapes [4, 3, 5] and [2]', () => g.select(x, g.input('y', [2]), g.scalar(0))],
    ['matmul: [2, 3] and [2, 3]', () => g.matmul(g.input('a', [2, 3]), g.input('b', [2, 3]))],
    [
      'matmul: [2, 3] and transposed [4, 5]',
      () => g.matmul(g.input('a', [2, 3]), g.input('b', [4, 5]), { transposeB: true }),
    ],
    ['conv: images [1, 3, 8, 8] and filters [4, 2, 3, 3]', () => g.conv(images, g.input('w', [4, 2, 3, 3]))],
    ['conv: stride 0 and padding 0', () => g.conv(images, g.input('w', [4, 3, 3, 3]), { stride: 0 })],
    [
      'convInputGrad: [1, 3, 8, 8] is no result for images [1, 2, 9, 9]',
      () => g.convInputGrad(images, g.input('w', [3, 2, 3, 3]), [1, 2, 9, 9]),
    ],
    [
      'convFilterGrad: [1, 3, 8, 8] is no result for filters [3, 3, 3, 3]',
      () => g.convFilterGrad(images, images, [3, 3, 3, 3]),
    ],
    ['maxPool: window 9, stride 9, padding 0 on [1, 3, 8, 8]', () => g.maxPool(images, { window: 9 })],
    ['averagePool: window 2, stride 2, padding 2', () => g.averagePool(images, { window: 2, padding: 2 })],
    ['averagePool: window 2, stride 2, padding 0 on [4, 3, 5]', () => g.averagePool(x, { window: 2 })],
    ['maxPoolScatter: [1, 3, 8, 8] is no result', () => g.maxPoolScatter(images, images, { window: 2 })],
    ['maxPoolGather: [4, 3, 5] is not the shape', () => g.maxPoolGather(images, x, { window: 2 })],
    ['mean: axis 2 is outside a tensor of 2 axes', () => g.globalAveragePool(g.input('y', [2, 3]))],
    ['max: axis 3 is outside', () => g.max(x, 3)],
    ['sum: axis -4 is outside', () => g.sum(x, -4)],
    ['reshape: [4, 3, 5] cannot become [7, -1]', () => g.reshape(x, [7, -1])],
    ['transpose: [0, 1, 1] is no order', () => g.transpose(x, [0, 1, 1])],
    ['broadcastTo: [4, 3, 5] cannot fill [3, 5]', () => g.broadcastTo(x, [3, 5])],
    ['concat: [4, 1, 1] does not join [4, 3, 5] on axis 0', () => g.concat([x, t], 0)],
    ['concat: no tensors', () => g.concat([], 0)],
    ['slice: 2 from 2 is outside axis 1', () => g.slice(x, [0, 2, 0], [4, 2, 5])],
    ['pad: before and after need 3 widths', () => g.pad(x, [1], [1])],
    ['constant: 2 values', () => g.constant([1, 2], [3])],
    ['input: "y" has the extent 0', () => g.input('y', [0])],
    ['topKMask: cannot take 6 along the last axis of [4, 3, 5]', () => g.topKMask(x, 6)],
    ['oneHot: 0 is no count', () => g.oneHot(x, 0)],
    ['gather: needs at least one axis', () => g.gather(g.scalar(1), x)],
    ['resizeBilinear: needs 4 axes', () => g.resizeBilinear(x, { height: 2, width: 2 })],
    ['resizeBilinear: 2 by 0 is no size', () => g.resizeBilinear(images, { height: 2, width: 0 })],
    ['logSumExp', () => g.logSumExp(g.scalar(1))],
  ])('refuse what does not fit, naming operation and shapes: %s', (message, make) => {
    expect(make).toThrow(
      message === 'logSumExp' ? 'axis -1 is outside a tensor of 0 axes' : `Graph operation ${message}`,
    );
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
