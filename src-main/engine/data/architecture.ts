// A network of a run as those need it who do not train it: its architecture and its weights.

import { AppError } from '../../contracts/errors.ts';
import { settingsSchema, type Settings } from '../../contracts/settings.ts';
import type { RunConfig } from '../../contracts/runs.ts';
import type { Task } from '../nn/classification.ts';
import type { Activation, BuiltModel, ModelOptions } from '../nn/model.ts';
import { modelById } from '../nn/models/index.ts';
import { elementCount } from '../nn/params.ts';
import { readCheckpoint } from './checkpoint.ts';
import { taskOf } from './image-set.ts';

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
  const read = settingsSchema.parse(settings); // a run of an older version has fewer
  const { pool, dropout, adl, adlDropRate, adlThreshold, fineMaps, stem } = read;
  return {
    classes,
    sizePx,
    pool,
    stem,
    activation: activationOf(read),
    dropout,
    ...(adl && { adl: { dropRate: adlDropRate, threshold: adlThreshold } }),
    ...(fineMaps && { lastStride: 1 as const }),
  };
}

function activationOf({ activation, softplusBeta, smoothWidth }: Settings): Activation {
  switch (activation) {
    case 'relu':
      return { kind: activation };
    case 'softplus':
      return { kind: activation, beta: softplusBeta };
    case 'smooth-relu':
      return { kind: activation, halfWidth: smoothWidth };
  }
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
