import { afterAll, describe, expect, it } from 'vitest';
import * as g from '../../../../../src-main/engine/graph/index.ts';
import type { Tensor } from '../../../../../src-main/engine/graph/index.ts';
import {
  onnxExecutor,
  referenceExecutor,
  type Session,
} from '../../../../../src-main/engine/runtime/index.ts';
import { randomNumbers, relativeError } from '../../graph/finite-differences.ts';
import { operationCases, operationFamilies, probe } from '../../graph/operation-cases.ts';

const executor = onnxExecutor({ threads: 2 });
const open: Session[] = [];
afterAll(() => Promise.all(open.map((session) => session.dispose())));

async function compile(inputs: Tensor[], outputs: Record<string, Tensor>): Promise<Session> {
  const session = await executor.compile({ inputs, outputs });
  open.push(session);
  return session;
}

describe('the ONNX executor agrees with the float64 reference', () => {
  for (const [name] of operationFamilies) {
    it(`on ${name}, its gradient and the gradient of that`, async () => {
      const probes = operationCases
        .filter(({ title }) => title.startsWith(`${name} of`))
        .map((operation, index) => probe(operation, index, `${operation.title}, ${index}: `));
      const inputs = probes.flatMap((one) => one.inputs);
      const feeds = Object.assign({}, ...probes.map((one) => one.feeds)) as Record<string, Float32Array>;
      const outputs = Object.assign({}, ...probes.map((one) => one.outputs)) as Record<string, Tensor>;
      const actual = await (await compile(inputs, outputs)).run(feeds);
      const expected = await (await referenceExecutor().compile({ inputs, outputs })).run(feeds);
      for (const output of Object.keys(outputs)) {
        expect(relativeError(actual[output], expected[output]), output).toBeLessThan(1e-4);
      }
    });
  }
});

describe('the ONNX executor', () => {
  const numbers = (size: number, seed: number): Float32Array => {
    const random = randomNumbers(seed);
    return Float32Array.from({ length: size }, () => 2 * random() - 1);
  };

  // One case for each way a convolution gradient is lowered.
  for (const [title, x, w, options] of [
    ['few channels', [2, 3, 9, 10], [5, 3, 3, 3], { padding: 1 }],
    ['few channels, stride 2', [2, 3, 9, 10], [5, 3, 3, 3], { stride: 2, padding: 1 }],
    ['wide maps', [2, 9, 32, 33], [8, 9, 3, 3], { padding: 1 }],
    ['wide maps without border', [1, 8, 36, 34], [8, 8, 3, 3], {}],
    ['middling maps', [2, 9, 16, 17], [8, 9, 3, 3], { padding: 1 }],
    ['small maps', [2, 9, 7, 8], [8, 9, 3, 3], { padding: 1 }],
    ['stride 2', [2, 9, 15, 16], [8, 9, 3, 3], { stride: 2, padding: 1 }],
    ['a wide window, stride 2', [2, 3, 20, 21], [4, 3, 7, 7], { stride: 2, padding: 3 }],
    ['single pixels', [2, 9, 8, 7], [8, 9, 1, 1], {}],
    ['single pixels, stride 2', [2, 9, 8, 7], [8, 9, 1, 1], { stride: 2 }],
    ['a window of 2 by 3', [2, 9, 18, 35], [8, 9, 2, 3], { padding: 1 }],
    ['few channels, dilation 3', [2, 3, 12, 13], [5, 3, 3, 3], { padding: 2, dilation: 3 }],
    ['wide maps, dilation 2', [2, 9, 32, 33], [8, 9, 3, 3], { padding: 2, dilation: 2 }],
    ['wide maps without border, dilation 3', [1, 8, 40, 41], [8, 8, 2, 3], { dilation: 3 }],
    ['middling maps, dilation 2', [2, 9, 16, 17], [8, 9, 3, 3], { padding: 2, dilation: 2 }],
    ['stride 2, dilation 2', [2, 9, 15, 16], [8, 9, 3, 3], { stride: 2, padding: 1, dilation: 2 }],
    ['whole blocks of channels', [2, 16, 9, 10], [32, 16, 3, 3], { padding: 1 }],
    ['more blocks than one', [2, 48, 9, 10], [32, 48, 3, 3], { padding: 1 }],
    ['whole blocks of channels, stride 2', [2, 32, 9, 10], [16, 32, 3, 3], { stride: 2, padding: 1 }],
    ['whole blocks of channels, dilation 2', [2, 16, 12, 13], [32, 16, 2, 3], { dilation: 2 }],
    ['whole blocks of channels, single pixels', [2, 32, 8, 7], [48, 32, 1, 1], {}],
    ['few channels and a block of filters', [2, 3, 9, 10], [16, 3, 3, 3], { stride: 2, padding: 1 }],
    ['groups', [2, 24, 16, 17], [12, 8, 3, 3], { padding: 1, groups: 3 }],
    ['groups of one channel', [2, 24, 16, 17], [48, 1, 3, 3], { padding: 1, groups: 24 }],
    ['groups, stride 2, dilation 2', [2, 12, 15, 16], [8, 3, 3, 3], { stride: 2, dilation: 2, groups: 4 }],
  ] as const) {
    it(`computes the gradients of a convolution as the reference does: ${title}`, async () => {
      const images = g.input('x', x);
      const filters = g.input('w', w);
      const y = g.conv(images, filters, options);
      const weights = g.input('u', y.shape);
      const [inImages, inFilters] = g.gradient(g.sum(g.mul(y, weights)), [images, filters]);
      const program = { inputs: [images, filters, weights], outputs: { y, inImages, inFilters } };
      const feeds = {
        x: numbers(g.sizeOf(x), 1),
        w: numbers(g.sizeOf(w), 2),
        u: numbers(g.sizeOf(y.shape), 3),
      };
      const actual = await (await compile(program.inputs, program.outputs)).run(feeds);
      const expected = await (await referenceExecutor().compile(program)).run(feeds);
      for (const name of ['y', 'inImages', 'inFilters']) {
        expect(relativeError(actual[name], expected[name]), name).toBeLessThan(1e-5);
      }
    });
  }

  it('joins shapes of fewer axes to those that end in 1', async () => {
    const filters = g.input('filters', [2, 3, 1, 1]);
    const shorter = { number: [], one: [1], pair: [2, 1, 1, 1], row: [3, 1, 1] };
    const others = Object.entries(shorter).map(([name, shape]) => g.input(name, shape));
    const outputs = Object.fromEntries(
      others.flatMap((other, index) => [
        [`product ${index}`, g.mul(other, filters)],
        [`difference ${index}`, g.sub(filters, other)],
      ]),
    );
    const inputs = [filters, ...others];
    const feeds = Object.fromEntries(
      [
        ['filters', 6],
        ['number', 1],
        ['one', 1],
        ['pair', 2],
        ['row', 3],
      ].map(([name, size], index) => [name, numbers(Number(size), index)]),
    );
    const actual = await (await compile(inputs, outputs)).run(feeds);
    const expected = await (await referenceExecutor().compile({ inputs, outputs })).run(feeds);
    for (const name of Object.keys(outputs))
      expect(relativeError(actual[name], expected[name]), name).toBeLessThan(1e-6);
  });

  it('chooses the first of equal maxima of a window, as the reference does', async () => {
    const x = g.input('x', [2, 2, 6, 7]);
    const random = randomNumbers(9);
    const feeds = { x: Float32Array.from({ length: 168 }, () => Math.max(0, Math.floor(3 * random() - 1))) };
    const options = { window: 3, stride: 2, padding: 1 };
    const pooled = g.maxPool(x, options);
    const ranks = g.constant(
      Array.from({ length: 168 }, (_, index) => index),
      x.shape,
    );
    const outputs = {
      pooled,
      grad: g.gradient(g.sum(g.mul(pooled, g.exp(pooled))), [x])[0],
      places: g.maxPoolGather(x, ranks, options),
    };
    const actual = await (await compile([x], outputs)).run(feeds);
    const expected = await (await referenceExecutor().compile({ inputs: [x], outputs })).run(feeds);
    expect(actual.places).toEqual(expected.places);
    expect(actual.pooled).toEqual(expected.pooled);
    expect(relativeError(actual.grad, expected.grad)).toBeLessThan(1e-6);
  });

  it('gives the same bits in every run and in every session', async () => {
    const x = g.input('x', [8, 16, 24, 24]);
    const w = g.input('w', [32, 16, 3, 3]);
    const loss = g.mean(g.square(g.relu(g.conv(x, w, { padding: 1 }))));
    const outputs = { loss, grad: g.gradient(loss, [w])[0] };
    const feeds = { x: numbers(8 * 16 * 24 * 24, 4), w: numbers(32 * 16 * 9, 5) };
    const one = await compile([x, w], outputs);
    const other = await compile([x, w], outputs);
    const first = await one.run(feeds);
    for (const session of [one, other, one]) expect(await session.run(feeds)).toEqual(first);
  });

  it('lets a weight and its next value share a name, and feeds be reused', async () => {
    const w = g.input('layer.weight', [2]);
    const session = await compile([w], { 'layer.weight': g.mul(w, g.scalar(0.5)), same: w });
    const feeds = { 'layer.weight': Float32Array.of(4, 8) };
    const outputs = await session.run(feeds);
    expect([...outputs['layer.weight']]).toEqual([2, 4]);
    expect([...outputs.same]).toEqual([4, 8]);
    expect([...(await session.run(outputs))['layer.weight']]).toEqual([1, 2]);
    expect([...feeds['layer.weight']]).toEqual([4, 8]);
  });

  it('needs no feed for an input that no output depends on', async () => {
    const x = g.input('x', [2]);
    const session = await compile([x, g.input('unused', [3])], { y: g.neg(x), five: g.scalar(5) });
    const { y, five } = await session.run({ x: Float32Array.of(1, -2) });
    expect([...y, ...five]).toEqual([-1, 2, 5]);
  });

  it('refuses a feed that is missing or has the wrong size, naming it', async () => {
    const x = g.input('images', [2, 2]);
    const session = await compile([x], { y: g.exp(x) });
    await expect(session.run({})).rejects.toMatchObject({ code: 'bad-input', detail: { place: 'images' } });
    await expect(session.run({ images: Float32Array.of(1) })).rejects.toThrow(
      'The graph input "images" [2, 2] got 1 values.',
    );
  });
});
