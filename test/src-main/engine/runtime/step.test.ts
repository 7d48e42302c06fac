import { describe, expect, it } from 'vitest';
import * as g from '../../../../src-main/engine/graph/index.ts';
import {
  compileStep,
  onnxExecutor,
  referenceExecutor,
  tensorFlowExecutor,
} from '../../../../src-main/engine/runtime/index.ts';
import { nextOf } from '../../../../src-main/engine/training/train-step.ts';
import { trainStepOf } from '../training/tiny-network.ts';
import { firstState, statePairs, stepFeeds } from './train-steps.ts';

const executors = [referenceExecutor(), onnxExecutor({ threads: 1 }), tensorFlowExecutor()];

it('a step of ONNX Runtime leaves no copies of its state for the collector', async () => {
  const length = 1e6;
  const x = g.input('x', [length]);
  const program = { inputs: [x], outputs: { next: g.add(x, g.scalar(1)), sum: g.sum(x) } };
  const session = await compileStep(onnxExecutor({ threads: 1 }), program, [['x', 'next']]);
  await session.load(new Map([['x', new Float32Array(length)]]));
  await session.run({});
  const before = process.memoryUsage().arrayBuffers;
  for (let step = 0; step < 3; step++) await session.run({});
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * length);
  expect((await session.run({})).sum).toEqual(Float32Array.of(4 * length));
  await session.dispose();
});

describe.each(executors)('a step on executor $id', (executor) => {
  const x = g.input('x', [2]);
  const by = g.input('by', [2]);
  const unmoved = g.input('unmoved', [1]);
  const program = {
    inputs: [x, by, unmoved],
    outputs: { next: g.add(x, by), sum: g.sum(x), still: unmoved },
  };
  const begin = async () => {
    const session = await compileStep(executor, program, [
      ['x', 'next'],
      ['unmoved', 'still'],
    ]);
    await session.load(
      new Map([
        ['x', Float32Array.of(1, 2)],
        ['unmoved', Float32Array.of(7)],
      ]),
    );
    return session;
  };
  const read = async (session: Awaited<ReturnType<typeof begin>>) =>
    [...(await session.read())].map(([name, values]) => [name, ...values]);

  it('feeds its state to itself and tells only the rest', async () => {
    const session = await begin();
    expect(await session.run({ by: Float32Array.of(10, 0) })).toEqual({ sum: Float32Array.of(3) });
    expect(await session.run({ by: Float32Array.of(10, 1) })).toEqual({ sum: Float32Array.of(13) });
    expect(await read(session)).toEqual([
      ['x', 21, 3],
      ['unmoved', 7],
    ]);
    await session.dispose();
  });

  it('gives copies of its state', async () => {
    const session = await begin();
    await session.load(
      new Map([
        ['x', Float32Array.of(5, 5)],
        ['unmoved', Float32Array.of(0)],
      ]),
    );
    const state = await session.read();
    expect([...state.get('x')!]).toEqual([5, 5]);
    await session.run({ by: Float32Array.of(1, 1) });
    await session.run({ by: Float32Array.of(1, 1) });
    expect([...state.get('x')!]).toEqual([5, 5]);
    await session.dispose();
  });

  it('goes back by one run, and on from there', async () => {
    const session = await begin();
    await session.run({ by: Float32Array.of(10, 0) });
    await session.run({ by: Float32Array.of(100, 0) });
    await session.back();
    expect((await read(session))[0]).toEqual(['x', 11, 2]);
    await session.run({ by: Float32Array.of(0, 1) });
    expect((await read(session))[0]).toEqual(['x', 11, 3]);
    await session.dispose();
  });

  it('stays as it was when a run is refused', async () => {
    const session = await begin();
    await session.run({ by: Float32Array.of(10, 0) });
    await expect(session.run({})).rejects.toMatchObject({ code: 'bad-input', detail: { place: 'by' } });
    expect((await read(session))[0]).toEqual(['x', 11, 2]);
    await session.dispose();
  });
});

describe('a step on the CPU', () => {
  it('leads to the same bits as carrying the state by hand', async () => {
    const executor = onnxExecutor({ threads: 2 });
    const step = trainStepOf('box-aware', {}, { momentum: 0.9, weightDecay: 1e-3 });
    const feeds = stepFeeds(step, 0.05);
    const session = await compileStep(executor, step.program, statePairs(step));
    await session.load(firstState(step));
    const plain = await executor.compile(step.program);
    let state = firstState(step);
    for (let i = 0; i < 3; i++) {
      const outputsOf = await session.run(feeds);
      const outputs = await plain.run({ ...feeds, ...Object.fromEntries(state) });
      state = new Map(step.state.map(({ name }) => [name, outputs[nextOf(name)]]));
      for (const [name, values] of Object.entries(outputsOf)) expect(values, name).toEqual(outputs[name]);
    }
    expect(await session.read()).toEqual(state);
    await session.dispose();
    await plain.dispose();
  });

  it('lacks no value of the state it is given', async () => {
    const step = trainStepOf('standard');
    const session = await compileStep(onnxExecutor({ threads: 1 }), step.program, statePairs(step));
    await expect(session.load(new Map())).rejects.toMatchObject({ code: 'internal' });
    await session.dispose();
  });
});
