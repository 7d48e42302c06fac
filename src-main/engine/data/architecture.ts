// A network of a run as the looking-on programs need it: its architecture, its weights, and compiled programs.

import { gradient, input, sum } from '../graph/index.ts';
import { AppError } from '../../contracts/errors.ts';
import { settingsSchema } from '../../contracts/settings.ts';
import type { RunConfig } from '../../contracts/runs.ts';
import { classLoss, type Task } from '../nn/classification.ts';
import type { BuiltModel, ModelOptions } from '../nn/model.ts';
import { modelById } from '../nn/models/index.ts';
import { elementCount } from '../nn/params.ts';
import type { Executor, Program, Session } from '../runtime/index.ts';
import { readCheckpoint } from './checkpoint.ts';
import { taskOf } from './picture-set.ts';

export interface Architecture {
  /** Same key: the same programs. */
  readonly key: string;
  readonly model: BuiltModel;
  readonly classes: number;
  readonly sizePx: number;
  /** 'single' unless given. */
  readonly task?: Task;
}

export function architectureOf(
  config: Pick<RunConfig, 'model' | 'sizePx' | 'settings'>,
  classes: number,
): Architecture {
  const options = modelOptionsOf(config, classes);
  const task = taskOf(settingsSchema.parse(config.settings));
  return {
    key: JSON.stringify([config.model, options, task]),
    task,
    model: modelById(config.model).build(options),
    classes,
    sizePx: config.sizePx,
  };
}

/** What a run's settings say of its model. */
export function modelOptionsOf(
  { sizePx, settings }: Pick<RunConfig, 'sizePx' | 'settings'>,
  classes: number,
): ModelOptions {
  const { pool, activation, softplusBeta, dropout, adl, adlDropRate, adlThreshold, fineMaps, stem } =
    settingsSchema.parse(settings); // a run of an older version has fewer
  return {
    classes,
    sizePx,
    pool,
    stem,
    activation: activation === 'softplus' ? { kind: activation, beta: softplusBeta } : { kind: activation },
    dropout,
    ...(adl && { adl: { dropRate: adlDropRate, threshold: adlThreshold } }),
    ...(fineMaps && { lastStride: 1 as const }),
  };
}

/** Parameters and running statistics, by name. */
export type Weights = Readonly<Record<string, Float32Array>>;

/** @throws AppError 'bad-file' if the checkpoint is not one of this architecture */
export async function readWeights(file: string, { model }: Architecture): Promise<Weights> {
  const { tensors } = await readCheckpoint(file);
  const weights: Record<string, Float32Array> = {};
  for (const { name, shape } of [...model.parameters, ...model.buffers]) {
    const values = tensors.get(name);
    if (values?.length !== elementCount(shape))
      throw new AppError('bad-file', `the checkpoint is of another model: ${name} does not fit`, {
        file,
        place: name,
        reason: values ? `it has ${values.length} values, not ${elementCount(shape)}` : 'it is missing',
      });
    weights[name] = values;
  }
  return weights;
}

/** Pictures at a time where nothing is learnt: about the memory of 64 pictures of 64 px. */
export const viewingBatch = (sizePx: number): number =>
  Math.max(4, Math.min(64, Math.floor((64 * 64 * 64) / (sizePx * sizePx))));

/**
 * What evaluation sees of a batch. Takes images [B,3,S,S], labels [B,K] and the weights, gives logits [B,K],
 * crossEntropy [B], which is the class loss of the run's task, and gradient [B,3,S,S] (d crossEntropy_b / d x_b, per unit of pixel value).
 */
export function buildViewing({ model, classes, sizePx, task }: Architecture, batch: number): Program {
  const weights = new Map(
    [...model.parameters, ...model.buffers].map(({ name, shape }) => [name, input(name, shape)]),
  );
  const images = input('images', [batch, 3, sizePx, sizePx]);
  const labels = input('labels', [batch, classes]);
  const { logits } = model.forward(images, weights, 'eval');
  const losses = classLoss(logits, labels, task);
  const [slopes] = gradient(sum(losses), [images]);
  return {
    inputs: [images, labels, ...weights.values()],
    outputs: { logits, crossEntropy: losses, gradient: slopes },
  };
}

/** Compiled programs by key; the longest unused is given up when there are more than `limit`. */
export interface SessionCache {
  get(key: string, build: () => Program): Promise<Session>;
  dispose(): Promise<void>;
}

export function sessionCache(executor: Executor, limit: number): SessionCache {
  const sessions = new Map<string, Promise<Session>>(); // in order of last use
  return {
    async get(key, build) {
      let session = sessions.get(key);
      sessions.delete(key);
      session ??= executor.compile(build());
      sessions.set(key, session);
      if (sessions.size > limit) {
        const [[oldest, unused]] = sessions;
        sessions.delete(oldest);
        await (await unused).dispose();
      }
      try {
        return await session;
      } catch (thrown) {
        sessions.delete(key);
        throw thrown;
      }
    },
    async dispose() {
      const all = [...sessions.values()];
      sessions.clear();
      await Promise.all(all.map(async (session) => (await session).dispose()));
    },
  };
}
