// What a run's configuration comes to, before anything is read or computed.

import { AppError } from '../../contracts/errors.ts';
import { settingsSchema, type Settings } from '../../contracts/settings.ts';
import type { LabelledImage, TrainSpec } from '../../contracts/worker-protocol.ts';
import { architectureOf, type Architecture } from '../data/architecture.ts';
import type { BatchPlan } from '../data/batches.ts';
import { classesOf, taskOf } from '../data/image-set.ts';
import { randomFromSeed } from '../nn/random.ts';
import { refuseFrozen } from '../objectives/frozen-backbone.ts';
import { objectiveById } from '../objectives/index.ts';
import { buildTrainStep, type TrainStep, type TrainStepOptions } from './train-step.ts';

export interface RunPlan {
  settings: Settings;
  architecture: Architecture;
  /** Pictures of one step, and steps of one epoch. */
  batch: number;
  steps: number;
  /** To train on, with their groups counted anew. */
  images: LabelledImage[];
  batches: BatchPlan;
  /** Of a program for so many pictures. */
  stepOptions(part: number, accumulates: boolean): TrainStepOptions;
  /** Of whole batches. */
  step: TrainStep;
}

/** @throws AppError 'bad-input' for what cannot be trained */
export function planRun(spec: TrainSpec): RunPlan {
  const { config, classes } = spec;
  const settings = settingsSchema.parse(config.settings); // a run of an older version has fewer
  const task = taskOf(settings);
  if (new Set(spec.train.flatMap(classesOf)).size < 2)
    throw new AppError('bad-input', 'training needs pictures of at least two classes');
  const objective = objectiveById(config.objective);
  refuseFrozen(config, settings);
  const architecture = architectureOf(config, classes.length);
  const train = shareOf(spec.train, settings.trainShare, config.seed);
  const batch = Math.max(2, Math.min(config.batch, train.length));
  const { images, groupCount } = trainedGroups({ groups: spec.groups, train });
  if (objective.needs.groups && groupCount === 0)
    throw new AppError('bad-input', `no training picture has the attribute "${config.groupBy}"`, {
      reason: `${objective.title} needs groups`,
    });
  const stepOptions = (part: number, accumulates: boolean): TrainStepOptions => ({
    model: architecture.model,
    objective,
    params: spec.params,
    settings,
    batch: part,
    classes: classes.length,
    sizePx: config.sizePx,
    groupCount,
    task,
    accumulates,
  });
  return {
    settings,
    architecture,
    batch,
    steps: Math.ceil(images.length / batch),
    images,
    batches: {
      batch,
      classes: classes.length,
      settings,
      task,
      composites: objective.needs.composites === true,
      groupCount: objective.needs.groups ? groupCount : null,
    },
    stepOptions,
    step: buildTrainStep(stepOptions(batch, false)),
  };
}

/**
 * The training pictures with their groups counted anew: those that a training picture is in, since one that is empty
 * would keep its share of a loss over groups and add nothing. Without an attribute to group by, the group of a picture
 * is its class.
 */
function trainedGroups({ groups, train }: Pick<TrainSpec, 'groups' | 'train'>): {
  images: LabelledImage[];
  groupCount: number;
} {
  const groupOf = (image: LabelledImage) => (groups.length > 0 ? image.group : image.classIndex);
  const known = [...new Set(train.map(groupOf))].filter((group) => group !== undefined);
  const place = new Map(known.sort((a, b) => a - b).map((group, i) => [group, i]));
  const images = train.map((image) => {
    const group = groupOf(image);
    return group === undefined ? image : { ...image, group: place.get(group) };
  });
  return { images, groupCount: place.size };
}

/** So much of each class, at least one picture of it, in the order they came. A smaller share is part of a larger one. */
function shareOf(images: LabelledImage[], share: number, seed: number): LabelledImage[] {
  if (share === 1) return images;
  const random = randomFromSeed(seed).fork('train-share');
  const kept = new Set(
    [...Map.groupBy(images, ({ classIndex }) => classIndex)]
      .toSorted(([one], [other]) => one - other)
      .flatMap(([classIndex, own]) => {
        const shuffled = random.fork(String(classIndex)).shuffle([...own]);
        return shuffled.slice(0, Math.max(1, Math.round(share * own.length)));
      }),
  );
  return images.filter((image) => kept.has(image));
}
