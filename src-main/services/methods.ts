// All that can be chosen: the four registries, the models, the formats and the settings of a run, in the
// form that forms, flags and docs are made from.

import { type Methods, type ModelInfo, fieldsOf } from '../contracts/methods.ts';
import { settingsSchema } from '../contracts/settings.ts';
import { attackInfos } from '../engine/attacks/index.ts';
import { measureInfos } from '../engine/measures/index.ts';
import { models } from '../engine/nn/models/index.ts';
import type { Model } from '../engine/nn/model.ts';
import { objectiveInfos } from '../engine/objectives/index.ts';
import { saliencyInfos } from '../engine/saliency/index.ts';
import { formats } from '../formats/index.ts';
import type { Handlers } from '../core/context.ts';

export const methodHandlers: Handlers<'app.methods'> = { 'app.methods': () => allMethods() };

let made: Methods | null = null;
/** Made once: a window asks for them at each start. */
export const allMethods = (): Methods => (made ??= makeMethods());

function makeMethods(): Methods {
  return {
    objectives: objectiveInfos(),
    models: models.map(modelInfo),
    saliency: saliencyInfos(),
    attacks: attackInfos(),
    measures: measureInfos(),
    formats: formats.map(({ id, title, read, write }) => ({
      id,
      title,
      canRead: read !== undefined,
      canWrite: write !== undefined,
    })),
    settings: fieldsOf(settingsSchema),
  };
}

/** Counted for ten classes at 64 px: the share that depends on them is small. */
const COUNTED = { classes: 10, sizePx: 64, pool: 'average' } as const;

/** To count parameters, the model is built. */
function modelInfo(model: Model): ModelInfo {
  const sizeOf = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);
  return {
    id: model.id,
    title: model.title,
    summary: model.summary,
    citation: model.citation,
    params: [],
    parameterCount: model.build(COUNTED).parameters.reduce((sum, one) => sum + sizeOf(one.shape), 0),
    inputSizesPx: { min: model.inputSizes[0], max: model.inputSizes[1] },
  };
}
