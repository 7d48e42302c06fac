// What a run is asked for, checked before it starts: what could not be trained is said at once.

import { AppError } from '../contracts/errors.ts';
import type { Run, RunConfig } from '../contracts/runs.ts';
import type { Context } from '../core/context.ts';
import { modelById } from '../engine/nn/models/index.ts';
import { checkParams } from '../engine/nn/registry.ts';
import { refuseFrozen } from '../engine/objectives/frozen-backbone.ts';
import { objectiveById } from '../engine/objectives/index.ts';
import type { ProjectStore } from '../storage/project-store.ts';
import { workerForChecks } from './checks.ts';
import { chosenMeasures, refuseUnmeasurable } from './evaluations.ts';
import { lookForFiles } from './projects.ts';
import { missingWords, needsSplit, trainedOn } from './run-records.ts';
import { fitOf } from './weights.ts';

/**
 * What a run is asked for, with defaults filled in: the record says all, and later defaults do not change it.
 * @throws AppError for what could not be trained: told now rather than by a run that fails
 */
export async function checkedConfig(context: Context, asked: RunConfig): Promise<RunConfig> {
  // What was noted when the project was opened may be old: a disk that was away is back, another is gone.
  await lookForFiles(context, context.project());
  const project = context.project();
  const { store } = project;
  const found = trainedOn(store, asked.seed, null, asked.settings.labels);
  const classes = Math.max(2, found.classes.length);
  refuseSize(asked);
  if (asked.start) await fitOf(context, asked.start, asked, found.classes.length);
  const objective = objectiveById(asked.objective);
  refuseFrozen(asked, asked.settings);
  // The classifier layer is solved once.
  const epochs = asked.settings.backbone === 'frozen' ? 1 : asked.epochs;
  const config: RunConfig = {
    ...asked,
    epochs,
    params: checkParams(objective, asked.params) as RunConfig['params'],
  };
  const attributes = store.attributes.names().join(', ') || 'none';
  if (config.groupBy !== undefined && !store.attributes.names().includes(config.groupBy))
    throw new AppError('bad-input', `no picture has the attribute "${config.groupBy}"`, {
      reason: `known are ${attributes}`,
    });
  if (objective.needs.groups && config.groupBy === undefined)
    throw new AppError('bad-input', `${objective.id} needs groups, and no attribute makes them`, {
      place: 'groupBy',
      reason: `name one with --group-by; known are ${attributes}`,
    });
  if (objective.needs.groups && !hasGroups(store, config.groupBy!))
    throw new AppError('bad-input', `no training picture has the attribute "${config.groupBy}"`, {
      place: 'groupBy',
      reason: `${objective.id} needs groups`,
    });
  if (store.images.counts().images === 0)
    throw new AppError('bad-input', 'there are no pictures to train on', { reason: 'import some first' });
  refuseUntrainable(found, store);
  context.devices.refuseAbsent(config.device);
  const { model, sizePx, settings, params, batch } = config;
  await workerForChecks(context)('checkConfig', {
    config: { model, sizePx, settings, params, batch, objective: objective.id },
    classes,
  });
  if (config.measures) {
    config.measures = chosenMeasures(config.measures);
    await refuseUnmeasurable(context, config.measures, config);
  }
  if (context.current !== project)
    throw new AppError('conflict', 'the project was closed before the run could start');
  return config;
}

/** Whether a picture to train on, or that may be assigned to be one, has the attribute. */
function hasGroups(store: ProjectStore, groupBy: string): boolean {
  const valueOf = store.attributes.valuesOf(groupBy);
  const facts = store.images.trainingFacts();
  const isOpen = needsSplit(store, facts);
  return facts.some(({ id, split }) => valueOf.has(id) && (split === 'train' || (isOpen && split === null)));
}

/** @throws AppError 'bad-input' naming the model and its sides */
function refuseSize({ model, sizePx }: RunConfig): void {
  const {
    id,
    inputSizes: [least, most],
  } = modelById(model);
  if (sizePx < least || sizePx > most)
    throw new AppError('bad-input', `${id} takes pictures of ${least} to ${most} px, not of ${sizePx}`, {
      place: 'sizePx',
    });
}

function refuseUntrainable({ classes, unclassed }: Run['trainedOn'], store: ProjectStore): void {
  if (classes.length < 2)
    throw new AppError('bad-input', 'training needs pictures of at least two classes', {
      reason: [
        `${classes.length} ${classes.length === 1 ? 'class has' : 'classes have'} training pictures`,
        `${unclassed} pictures have no class`,
        ...missingWords(store),
      ].join(', '),
    });
}
