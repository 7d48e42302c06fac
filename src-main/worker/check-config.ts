// Whether a configuration can be trained and measured. That shows where its graphs are built, which computes nothing but
// takes up to half a second for a large network, so it is done here and not in the core.

import { AppError } from '../contracts/errors.ts';
import { fieldsOf } from '../contracts/methods.ts';
import type { StartFit } from '../contracts/weights.ts';
import type { CheckSpec, FitSpec, MeasuringSpec } from '../contracts/worker-protocol.ts';
import { architectureOf } from '../engine/data/architecture.ts';
import { openWeights } from '../engine/data/weights-file.ts';
import { obstacleIn } from '../engine/inference/unmeasurable.ts';
import { fitWeights } from '../engine/nn/pretrained.ts';
import { objectiveById } from '../engine/objectives/index.ts';
import { partFor } from '../engine/training/parts.ts';
import { buildLoss, partShares } from '../engine/training/train-step.ts';

/** @throws AppError 'bad-input' naming the objective and the model that cannot be trained so, or a batch without such parts */
export function checkConfig({ config, classes }: CheckSpec): void {
  const { settings, model, batch } = config;
  if (partFor(batch, settings.accumulate) === null)
    throw new AppError('bad-input', `a batch of ${batch} pictures has no equal parts of two or more`, {
      place: 'accumulate',
      reason: `accumulate=${settings.accumulate} needs them: choose another batch, or accumulate=1`,
    });
  const objective = objectiveById(config.objective);
  const architecture = architectureOf(config, classes);
  // The steps of a search are alike, so two say as much as twenty: those of ART took eight times as long as three.
  const steps = fieldsOf(objective.schema).filter(({ role }) => role === 'steps');
  const fewer = steps.map(({ name }) => [name, Math.min(Number(config.params[name]), 2)]);
  const params = { ...config.params, ...Object.fromEntries(fewer) };
  try {
    const shares = settings.accumulate > 1 ? partShares() : undefined;
    buildLoss({ ...architecture, objective, params, settings, batch: 2 }, shares);
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'bad-input') throw thrown;
    const reason = [thrown.message, thrown.detail.reason].filter(Boolean).join('; ');
    throw new AppError('bad-input', `${objective.id} on ${model} cannot be trained so`, {
      place: 'objective',
      reason,
    });
  }
}

/** For each measure, its parameters checked: why it cannot be taken of such a network; null where it can. */
export function obstacles({ config, measures }: MeasuringSpec): (string | null)[] {
  const architecture = architectureOf(config, 2); // of how many classes changes nothing
  return measures.map((measure) => obstacleIn(architecture, measure));
}

/** @throws AppError 'bad-file' naming the first tensor that does not fit */
export async function fit({ config, classes, file, name }: FitSpec): Promise<StartFit> {
  const { model } = architectureOf(config, classes);
  const { tensors, close } = await openWeights(file, name);
  await close();
  const { loaded, fresh, skipped } = fitWeights(model, config.model, tensors, name);
  return { loaded: loaded.length, fresh: [...fresh], skipped: [...skipped] };
}
