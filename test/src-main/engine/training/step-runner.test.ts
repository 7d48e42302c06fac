import { afterEach, describe, expect, it } from 'vitest';
import { modelById, randomFromSeed, type BuiltModel } from '../../../../src-main/engine/nn/index.ts';
import { objectiveById } from '../../../../src-main/engine/objectives/index.ts';
import { onnxExecutor, type Executor, type Program } from '../../../../src-main/engine/runtime/index.ts';
import type { BatchFeeds } from '../../../../src-main/engine/data/batches.ts';
import {
  createStepRunner,
  noisePlanOf,
  type StepRunner,
} from '../../../../src-main/engine/training/step-runner.ts';
import {
  buildTrainStep,
  initialState,
  type StepSettings,
  type TrainStep,
} from '../../../../src-main/engine/training/train-step.ts';
import { tinyNetwork } from './tiny-network.ts';

const [classes, sizePx] = [3, 8];
const plainNetwork = (): BuiltModel => modelById('smallcnn').build({ classes, sizePx, pool: 'average' });
const penalties = { lambdaInside: 3, lambdaOutside: 40 };
const sums = { lambda: 0.5, steps: 1, points: 2, searchPoints: 1 };
const whole = { lambda: 0.3, reduction: 'batch' };
const momentum: StepSettings = { momentum: 0.9, weightDecay: 0.01 };

interface Recipe {
  objective?: string;
  params?: Record<string, unknown>;
  model?: BuiltModel;
  settings?: StepSettings;
}

const stepOf = (
  { objective = 'box-aware', params = penalties, model = plainNetwork(), settings = momentum }: Recipe,
  batch: number,
  accumulates = false,
): TrainStep =>
  buildTrainStep({
    model,
    objective: objectiveById(objective),
    params,
    settings,
    batch,
    classes,
    sizePx,
    accumulates,
  });

/** `real` pictures of which every third has no region, then some of weight 0 that show other things. */
function feedsOf(batch: number, real = batch, padding = 9): BatchFeeds {
  const [random, other] = [randomFromSeed(4), randomFromSeed(padding)];
  const length = 3 * sizePx * sizePx;
  const feeds = {
    images: new Float32Array(batch * length),
    labels: new Float32Array(batch * classes),
    regionMask: new Float32Array(batch * sizePx * sizePx),
    hasRegion: new Float32Array(batch),
    sampleWeight: new Float32Array(batch),
  };
  for (let i = 0; i < batch; i++) {
    const dice = i < real ? random : other;
    for (let p = 0; p < length; p++) feeds.images[i * length + p] = dice.uniform();
    feeds.labels[i * classes + dice.below(classes)] = 1;
    feeds.regionMask.fill(1, i * sizePx * sizePx + dice.below(20), i * sizePx * sizePx + 40);
    feeds.hasRegion[i] = i % 3 === 2 ? 0 : 1;
    feeds.sampleWeight[i] = i < real ? 1 : 0;
  }
  return feeds;
}

const onnx = onnxExecutor({ threads: 1 });
const running: StepRunner[] = [];
afterEach(async () => {
  for (const runner of running.splice(0)) await runner.dispose();
});

/** Three steps on the same batch; the state they end with and the last losses. */
async function descend(
  recipe: Recipe,
  feeds: BatchFeeds,
  { part, executor = onnx }: { part?: number; executor?: Executor } = {},
) {
  const batch = feeds.sampleWeight.length;
  const shrunk: number[] = [];
  const runner = await createStepRunner(
    {
      executor,
      batch,
      part: part ?? batch,
      build: (size, accumulates) => stepOf(recipe, size, accumulates),
      async onShrink(to) {
        shrunk.push(to);
      },
    },
    initialState(stepOf(recipe, batch), randomFromSeed(1)),
  );
  running.push(runner);
  const { noise, runs } = noisePlanOf(runner.step, batch, runner.part);
  const fed = { ...feeds };
  // The same for every picture, so that it does not matter which run a picture is in.
  for (const { name, shape } of noise)
    fed[name] = Float32Array.from(
      { length: runs * shape.reduce((count, side) => count * side, 1) },
      (_, i) => 0.5 + 0.49 * Math.sin(1.7 * (i % (3 * sizePx * sizePx))),
    );
  let result;
  for (let step = 0; step < 3; step++)
    result = await runner.run(async () => fed, { ramp: 0.5, learningRate: 0.05, averageShare: 0.5 });
  if (!result || 'broken' in result) throw new Error('the step broke');
  const all = await runner.read();
  const state = Object.fromEntries(runner.step.state.map(({ name }) => [name, all.get(name)!]));
  return { ...result, state, runner, shrunk };
}

type Descent = Awaited<ReturnType<typeof descend>>;

function furthest(a: Descent['state'], b: Descent['state'], names = Object.keys(a)): number {
  const distance = (name: string): number =>
    a[name].reduce((most, value, i) => Math.max(most, Math.abs(value - b[name][i])), 0);
  return Math.max(...names.map(distance));
}

function expectSame(actual: Descent, expected: Descent): void {
  expect(Object.keys(actual.state)).toEqual(Object.keys(expected.state));
  expect(furthest(actual.state, expected.state)).toBeLessThan(1e-5);
  for (const [term, value] of Object.entries(expected.loss))
    expect(Math.abs(actual.loss[term] - value), term).toBeLessThan(1e-4 * Math.max(1, value));
}

describe('a batch with images of weight 0', () => {
  it.each([
    ['standard', {}],
    ['box-aware', penalties],
    ['box-aware', { ...penalties, reduction: 'paper' }],
  ])('makes the step of the others alone, without batch-norm: %s, %o', async (objective, params) => {
    const padded = await descend({ objective, params }, feedsOf(7, 5));
    const alone = await descend({ objective, params }, feedsOf(5));
    expectSame(padded, alone);
    expect(padded.logits.slice(0, 15).map((x) => Math.round(x * 1e4))).toEqual(
      alone.logits.map((x) => Math.round(x * 1e4)),
    );
  });

  it('with batch-norm depends on what they show, and not on their labels: no batch of a run has any', async () => {
    const recipe = { model: tinyNetwork('average') };
    const one = await descend(recipe, feedsOf(7, 5, 9));
    const other = await descend(recipe, feedsOf(7, 5, 10));
    expect(furthest(one.state, other.state)).toBeGreaterThan(1e-3);
    const relabelled = feedsOf(7, 5, 9);
    relabelled.labels.set([0, 0, 1, 0, 0, 1], 5 * classes);
    expect((await descend(recipe, relabelled)).state).toEqual(one.state);
  });
});

describe('a step in parts', () => {
  it.each([
    ['standard', {}, 8, 4],
    ['box-aware', penalties, 8, 4],
    ['box-aware', penalties, 9, 3],
    ['box-aware', { ...penalties, reduction: 'paper' }, 9, 3],
    // One norm of the whole batch: what is quadratic or linear in the gradient adds up.
    ['density', { ...whole, p: '2', power: 2 }, 9, 3],
    ['density', { ...whole, p: '1', power: 1 }, 9, 3],
    ['input-grad', { ...whole, power: 2 }, 8, 4],
    // Losses that are sums over the batch.
    ['ig-norm', { ...sums, reduction: 'sum' }, 8, 4],
    ['ig-norm', { ...sums, reduction: 'sum' }, 9, 3],
    ['ig-norm', sums, 9, 3],
  ])(
    'is the step of the whole batch, without batch-norm: %s, %o, %d pictures by %d',
    async (objective, params, batch, part) => {
      const recipe = { objective, params, settings: { ...momentum, clipNorm: 1, averageDecay: 0.5 } };
      const feeds = feedsOf(batch);
      expectSame(await descend(recipe, feeds, { part }), await descend(recipe, feeds));
    },
  );

  it.each([
    ['density', { ...whole, p: '2', power: 1 }],
    ['density', { ...whole, p: '1', power: 2 }],
    ['density', { ...whole, p: 'inf', power: 1 }],
    ['input-grad', { ...whole, power: 1 }],
  ])(
    'is refused where one norm of the whole batch is no sum of those of its parts: %s, %o',
    (objective, params) => {
      expect(() => stepOf({ objective, params }, 4, true)).toThrow('is one norm of the whole batch');
      expect(() => stepOf({ objective, params }, 4)).not.toThrow();
    },
  );

  it('with Group DRO moves the shares of the groups once for each part', async () => {
    const recipe = { objective: 'group-dro', params: { groupStep: 0.2 } };
    const given = feedsOf(8);
    const feeds = { ...given, groups: given.labels.slice() };
    const inParts = await descend(recipe, feeds, { part: 4 });
    const whole = await descend(recipe, feeds);
    const [some, all] = [inParts, whole].map(({ state }) => state['objective/groupShares']);
    expect(some.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    expect(all.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    expect(some).not.toEqual(all);
  });

  it('with batch-norm normalises each part by itself and moves running statistics once for each', async () => {
    const recipe = { objective: 'standard', params: {}, model: tinyNetwork('average') };
    const feeds = feedsOf(4);
    const inParts = await descend(recipe, feeds, { part: 2 });
    const whole = await descend(recipe, feeds);
    const means = Object.keys(whole.state).filter((name) => name.endsWith('running_mean'));
    expect(furthest(inParts.state, whole.state, means)).toBeGreaterThan(1e-3);
  });
});

/** What ONNX Runtime says of a step that it has no memory for. */
const arenaError = (): Error =>
  new Error(
    "Non-zero status code returned while running Mul node. Name:'v14' Status Message: bfc_arena.cc:360 void* " +
      'onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to allocate memory for ' +
      'requested buffer of size 78643200\n',
  );

/** A machine with memory for programs of few pictures. */
function smallMachine(images: number, fails: 'compile' | 'run', from = 0): Executor {
  let runs = 0;
  const tooLarge = (program: Program): boolean =>
    program.inputs.some(
      (tensor) => tensor.op === 'input' && tensor.attributes.name === 'images' && tensor.shape[0] > images,
    );
  return {
    id: 'small machine',
    async compile(program) {
      if (fails === 'compile' && tooLarge(program)) throw arenaError();
      const session = await onnx.compile(program);
      return {
        dispose: session.dispose,
        run(feeds) {
          if (fails === 'run' && tooLarge(program) && runs++ >= from) throw arenaError();
          return session.run(feeds);
        },
      };
    },
  };
}

describe('when memory runs out', () => {
  it.each([
    ['compile', 0, [2]],
    ['run', 0, [4, 2]],
    // In the second step, with a state to keep.
    ['run', 1, [4, 2]],
  ] as const)(
    'goes on with half the images at a time until they fit: at %s %d',
    async (fails, from, shrunk) => {
      const feeds = feedsOf(8);
      const small = await descend({}, feeds, { executor: smallMachine(2, fails, from) });
      expect(small.shrunk).toEqual(shrunk);
      expect(small.runner.part).toBe(2);
      expectSame(small, await descend({}, feeds));
    },
  );

  it('goes on within a step: the parts that are done stay done', async () => {
    const feeds = feedsOf(8);
    const small = await descend({}, feeds, { part: 4, executor: smallMachine(2, 'run', 1) });
    expect(small.shrunk).toEqual([2]);
    expectSame(small, await descend({}, feeds));
  });

  it('goes on with parts that divide the batch, so that batch-norm sees no image twice in a step', async () => {
    const feeds = feedsOf(9);
    const small = await descend({}, feeds, { executor: smallMachine(4, 'run') });
    expect(small.shrunk).toEqual([3]);
    expectSame(small, await descend({}, feeds));
  });

  it('within a step takes parts that divide what is left of it', async () => {
    const feeds = feedsOf(12);
    const small = await descend({}, feeds, { part: 6, executor: smallMachine(4, 'run', 1) });
    expect(small.shrunk).toEqual([3]);
    expectSame(small, await descend({}, feeds));
  });

  it('stops with one line when the batch has no smaller equal parts', async () => {
    await expect(descend({}, feedsOf(7), { executor: smallMachine(4, 'run') })).rejects.toMatchObject({
      code: 'unavailable',
      message:
        'there is not enough memory to train on 7 pictures at a time, and a batch of 7 has no smaller equal parts; choose a batch of 4',
    });
  });

  it('stops with one line when two pictures do not fit', async () => {
    await expect(descend({}, feedsOf(8), { executor: smallMachine(1, 'run') })).rejects.toMatchObject({
      code: 'unavailable',
      message:
        'there is not enough memory to train on 2 pictures at a time; choose smaller pictures or a smaller model',
      detail: { reason: expect.stringContaining('Failed to allocate memory') },
    });
  });

  it('says that a norm of the whole batch cannot be made of half of it', async () => {
    const recipe = { objective: 'input-grad', params: { ...whole, power: 1 } };
    await expect(descend(recipe, feedsOf(8), { executor: smallMachine(4, 'run') })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/not enough memory to train on 8 pictures.*one norm of the whole batch/),
    });
  });

  it('does not take another error for it', async () => {
    const broken: Executor = {
      id: 'broken',
      compile: async () => {
        throw new Error('Node v14 has no implementation');
      },
    };
    await expect(descend({}, feedsOf(8), { executor: broken })).rejects.toThrow('Node v14');
  });
});
