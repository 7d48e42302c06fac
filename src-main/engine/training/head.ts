// The classifier layer of a run whose body stands: solved on the features of the training pictures.

import { AppError } from '../../contracts/errors.ts';
import type { TrainSpec } from '../../contracts/worker-protocol.ts';
import { copiesOf, featuresOf } from '../data/features.ts';
import { classesOf, imageSet } from '../data/image-set.ts';
import { throwIfStopped } from '../data/evaluation-program.ts';
import { modelOptionsOf } from '../data/architecture.ts';
import { solveLogistic } from '../nn/logistic.ts';
import { randomFromSeed } from '../nn/random.ts';
import type { Executor } from '../runtime/index.ts';
import type { ImageCache } from '../../imaging/index.ts';
import type { RunPlan } from './run-plan.ts';

export interface SolvedHead {
  /** Parameters of the head, by name. */
  weights: Map<string, Float32Array>;
  loss: number;
  /** Of the training pictures and their copies. */
  accuracy: number;
}

/**
 * Where `settings.sampling` is 'balanced' every group weighs the same, else every picture; the copies of a picture share
 * its weight.
 * @param state  of the run; that of the head is not looked at
 * @throws AppError 'cancelled' when `signal` is aborted
 */
export async function solveHead(
  spec: TrainSpec,
  plan: RunPlan,
  state: ReadonlyMap<string, Float32Array>,
  at: {
    executor: Executor;
    cache: ImageCache;
    signal: AbortSignal;
    onProgress(done: number, total: number): void;
  },
): Promise<SolvedHead> {
  const { settings, architecture } = plan;
  const { model, classes, task } = architecture;
  const set = imageSet(at.cache, plan.images);
  const random = randomFromSeed(spec.config.seed).fork('copies');
  const copies = copiesOf(set, settings, settings.swappedCopies, random);
  const { classes: _, ...network } = modelOptionsOf(spec.config, classes);
  const features = await featuresOf(set, copies, {
    executor: at.executor,
    architecture,
    weights: Object.fromEntries(state),
    key: JSON.stringify([
      spec.config.model,
      network,
      spec.config.start?.sha256 ?? ['drawn', spec.config.seed],
    ]),
    cacheFolder: spec.cacheFolder,
    onProgress: at.onProgress,
    throwIfStopped: () => throwIfStopped(at.signal, 'training'),
  });
  const labels = new Float32Array(copies.length * classes);
  const count = new Map<number, number>();
  copies.forEach(({ index }, row) => {
    for (const k of classesOf(plan.images[index])) labels[row * classes + k] = 1;
    count.set(index, (count.get(index) ?? 0) + 1);
  });
  const groupSizes = new Map<number | undefined, number>();
  for (const { group } of plan.images) groupSizes.set(group, (groupSizes.get(group) ?? 0) + 1);
  const weights = Float64Array.from(copies, ({ index }) => {
    const share = 1 / count.get(index)!;
    return settings.sampling === 'balanced' ? share / groupSizes.get(plan.images[index].group)! : share;
  });
  const channels = features.length / copies.length;
  const solved = solveLogistic(
    { features, labels, weights, channels, classes },
    { task, l2: settings.headL2 },
  );
  const [weight, bias] = headOf(model.head, architecture.model.parameters, [classes, channels]);
  let correct = 0;
  copies.forEach(({ index }, row) => {
    let [best, at] = [-Infinity, 0];
    for (let k = 0; k < classes; k++) {
      let logit = solved.bias[k];
      for (let c = 0; c < channels; c++)
        logit += features[row * channels + c] * solved.weight[k * channels + c];
      if (logit > best) [best, at] = [logit, k];
    }
    if (classesOf(plan.images[index]).includes(at)) correct++;
  });
  return {
    weights: new Map([
      [weight, solved.weight],
      [bias, solved.bias],
    ]),
    loss: solved.loss,
    accuracy: correct / copies.length,
  };
}

/** Names of weight and bias. */
function headOf(
  head: readonly string[],
  parameters: readonly { name: string; shape: readonly number[] }[],
  [classes, channels]: [number, number],
): [string, string] {
  const named = head.map((name) => parameters.find((one) => one.name === name)!);
  const weight = named.find(({ shape }) => shape[0] === classes && shape[1] === channels);
  const bias = named.find(({ shape }) => shape.length === 1);
  if (named.length !== 2 || !weight || !bias)
    throw new AppError('bad-input', 'the classifier of this model is not one layer that can be solved', {
      reason: 'choose backbone=fine-tuned and headFirst=false, or another model',
    });
  return [weight.name, bias.name];
}
