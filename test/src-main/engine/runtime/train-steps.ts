// Steps of the tiny network on any executor, for tests that compare executors.

import { initialise } from '../../../../src-main/engine/nn/params.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/random.ts';
import { compileStep, type Executor } from '../../../../src-main/engine/runtime/index.ts';
import { lossOf, nextOf, type TrainStep } from '../../../../src-main/engine/training/train-step.ts';
import { batch, classes, tinyFeeds, tinyNetwork, tinyWeights } from '../training/tiny-network.ts';

export const statePairs = (step: TrainStep): (readonly [string, string])[] =>
  step.state.map(({ name }) => [name, nextOf(name)]);

/** What the step is fed besides its state: the fixed batch, groups in turn, noise of a fixed seed. */
export function stepFeeds(step: TrainStep, learningRate: number): Record<string, Float32Array> {
  const random = randomFromSeed(3);
  const own = new Set(step.state.map(({ name }) => name));
  const feeds: Record<string, Float32Array> = {};
  for (const [name, values] of Object.entries(tinyFeeds(step)))
    if (!own.has(name)) feeds[name] = Float32Array.from(values);
  for (const { name, shape, kind } of step.noise)
    feeds[name] = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
      const uniform = random.uniform();
      return kind === 'uniform'
        ? uniform
        : kind === 'rademacher'
          ? Math.sign(uniform - 0.5)
          : random.normal();
    });
  for (const [name, value] of Object.entries(step.scalars)) feeds[name] = Float32Array.of(value(1, 0.9));
  feeds.groups = Float32Array.from({ length: batch * classes }, (_, i) =>
    Number(i % classes === Math.floor(i / classes) % classes),
  );
  feeds.learningRate = Float32Array.of(learningRate);
  return feeds;
}

/** The fixed weights; all else as a run begins. */
export function firstState(step: TrainStep): Map<string, Float32Array> {
  const weights = tinyWeights(tinyNetwork('average'));
  const begun = initialise(step.state, randomFromSeed(1));
  return new Map(step.state.map(({ name }) => [name, weights[name] ?? begun.get(name)!]));
}

interface Trained {
  losses: number[];
  state: Map<string, Float32Array>;
}

export async function trainOn(
  executor: Executor,
  step: TrainStep,
  { steps, learningRate }: { steps: number; learningRate: number },
): Promise<Trained> {
  const session = await compileStep(executor, step.program, statePairs(step));
  try {
    await session.load(firstState(step));
    const feeds = stepFeeds(step, learningRate);
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) losses.push((await session.run(feeds))[lossOf('total')][0]);
    return { losses, state: await session.read() };
  } finally {
    await session.dispose();
  }
}

/** Largest difference of any entry of the state, relative to that entry's largest value. */
export function stateDifference(
  one: Trained['state'],
  other: Trained['state'],
): { worst: number; place: string } {
  let found = { worst: 0, place: '' };
  for (const [place, values] of one) {
    const others = other.get(place)!;
    const scale = Math.max(1e-3, ...values.map(Math.abs));
    const worst = Math.max(...values.map((value, i) => Math.abs(value - others[i]))) / scale;
    if (!(worst <= found.worst)) found = { worst, place };
  }
  return found;
}
