// The feeds of every training step. Step s of epoch e draws from a generator forked under its own name, so a run
// can be taken up at any step without replaying the dice of those before, and batches can be made ahead by another
// thread.

import { AppError } from '../../contracts/errors.ts';
import type { Settings } from '../../contracts/settings.ts';
import { Augmenter, drawOthers, writeComposite } from '../../imaging/index.ts';
import type { Shape } from '../graph/index.ts';
import type { Task } from '../nn/classification.ts';
import type { NoiseKind } from '../nn/model.ts';
import { elementCount } from '../nn/params.ts';
import type { Random } from '../nn/random.ts';
import { classesOf, strangersOf, type ImageSet } from './image-set.ts';

/** What a batch holds; a value, so that it can be told to a thread. */
export interface BatchPlan {
  batch: number;
  classes: number;
  settings: Pick<Settings, 'flip' | 'shift' | 'outside' | 'outsideProbability'> &
    Partial<Pick<Settings, 'sampling'>>;
  /** 'single' unless given. */
  task?: Task;
  /** Whether the objective wants 2x2 composites. */
  composites: boolean;
  /** Groups that the pictures' `group` counts in, if the objective wants them; null if not. */
  groupCount: number | null;
}

/** A random input of the program. */
export interface NoiseSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly kind: NoiseKind;
}

/** Random inputs of the program, and how many runs of it a step is. */
export interface NoisePlan {
  noise: readonly NoiseSpec[];
  runs: number;
}

export type BatchFeeds = Record<string, Float32Array>;

export interface Batches {
  /** In one epoch. */
  readonly steps: number;
  /**
   * Writes the batch of one step.
   * @param epoch, step  0-based
   * @param into         of the lengths of `feedLengths`
   */
  read(epoch: number, step: number, into: BatchFeeds): Promise<BatchFacts>;
}

export interface BatchFacts {
  /** Class indices of each picture. */
  trueClasses: (readonly number[])[];
}

/**
 * images, labels, regionMask, hasRegion, sampleWeight; where planned composites, cell, groups, and for several classes
 * a picture target; and noise for each run in turn.
 */
export function feedLengths(
  plan: BatchPlan,
  sizePx: number,
  { noise, runs }: NoisePlan,
): Record<string, number> {
  const { batch, classes, composites, groupCount, task } = plan;
  const pixels = sizePx * sizePx;
  return {
    images: batch * 3 * pixels,
    labels: batch * classes,
    regionMask: batch * pixels,
    hasRegion: batch,
    sampleWeight: batch,
    ...(composites && { composites: batch * 12 * pixels, cell: batch * 4 }),
    ...(groupCount !== null && { groups: batch * groupCount }),
    ...(task === 'multi' && { target: batch * classes }),
    ...Object.fromEntries(noise.map(({ name, shape }) => [name, runs * elementCount(shape)])),
  };
}

export const allocateFeeds = (
  lengths: Readonly<Record<string, number>>,
  allocate = (length: number): Float32Array => new Float32Array(length),
): BatchFeeds =>
  Object.fromEntries(Object.entries(lengths).map(([name, length]) => [name, allocate(length)]));

/**
 * Every epoch goes through all pictures once, in a new order, or with balanced sampling draws as many: a group, then one
 * of its pictures, each with the same chance. Pictures without group are one more group.
 *
 * Every batch is whole: the last of an epoch is filled up with pictures that are drawn again, from the front of the
 * order or with balanced sampling anew, and they count like all others. Filled with what does not count, batch-norm
 * would normalise the rest by pictures that the loss does not know.
 * @param random  of the run; never drawn from, only forked
 */
export function trainingBatches(
  set: ImageSet,
  plan: BatchPlan,
  random: Random,
  noisePlan: NoisePlan = { noise: [], runs: 1 },
): Batches {
  const { batch, classes, settings, groupCount, task } = plan;
  const total = set.images.length;
  const steps = Math.ceil(total / batch);
  const augmenter = new Augmenter(set.sizePx, settings);
  const pixels = set.sizePx ** 2;
  const addComposites = plan.composites ? compositesOf(set, plan) : undefined;
  /** Indices of the pictures of each group, for balanced sampling. */
  const members =
    settings.sampling === 'balanced'
      ? [...Map.groupBy(set.images.keys(), (i) => set.images[i].group).values()]
      : undefined;
  let order = new Int32Array(0);
  let orderedFor = -1;

  return {
    steps,
    async read(epoch, step, into) {
      if (orderedFor !== epoch) {
        const dice = random.fork(`order/${epoch}`);
        order = members
          ? Int32Array.from({ length: steps * batch }, () => drawn(drawn(members, dice), dice))
          : dice.shuffle(Int32Array.from({ length: total }, (_, i) => i));
        orderedFor = epoch;
      }
      const shown = Array.from({ length: batch }, (_, i) => order[(step * batch + i) % order.length]);
      const dice = random.fork(`batch/${epoch}/${step}`);
      const bytes = await Promise.all(shown.map((index) => set.pixels(index)));
      const masks = shown.map((index) => set.regionMask(index));
      augmenter.fill(bytes, masks, dice.uniform, { images: into.images, masks: into.regionMask });
      into.labels.fill(0);
      if (groupCount !== null) into.groups.fill(0);
      if (task === 'multi') into.target.fill(0);
      /** Of each picture the class whose evidence is looked at: one of its own, drawn anew each step. */
      const looked = shown.map((index) => {
        const trueClasses = classesOf(set.images[index]);
        return task === 'multi' ? trueClasses[dice.below(trueClasses.length)] : trueClasses[0];
      });
      shown.forEach((index, i) => {
        const { group } = set.images[index];
        for (const classIndex of classesOf(set.images[index])) into.labels[i * classes + classIndex] = 1;
        if (task === 'multi') into.target[i * classes + looked[i]] = 1;
        // A region at the rim may be shifted out of the picture, which is then one without.
        const isInside = into.regionMask.subarray(i * pixels, (i + 1) * pixels);
        into.hasRegion[i] = masks[i] !== null && isInside.includes(1) ? 1 : 0;
        into.sampleWeight[i] = 1;
        if (groupCount !== null && group !== undefined) into.groups[i * groupCount + group] = 1;
      });
      await addComposites?.(looked, dice, into);
      for (const { name, shape, kind } of noisePlan.noise) {
        const length = elementCount(shape);
        for (let run = 0; run < noisePlan.runs; run++)
          fillNoise(
            into[name].subarray(run * length, (run + 1) * length),
            kind,
            random.fork(`${name}/${epoch}/${step}${run === 0 ? '' : `/${run}`}`),
          );
      }
      return { trueClasses: shown.map((index) => classesOf(set.images[index])) };
    },
  };
}

const drawn = <T>(from: readonly T[], dice: Random): T => from[dice.below(from.length)];

function fillNoise(values: Float32Array, kind: NoiseKind, random: Random): void {
  const draw = {
    uniform: random.uniform,
    normal: random.normal,
    rademacher: () => (random.uniform() < 0.5 ? -1 : 1),
  }[kind];
  for (let i = 0; i < values.length; i++) values[i] = draw();
}

/**
 * Adds composites [B,3,2S,2S] and cell [B,4]: each picture, as augmented, among three of other classes, none of which
 * has the class that is looked at (Pillai & Pirsiavash 2021).
 */
function compositesOf(
  set: ImageSet,
  { batch, classes, settings }: BatchPlan,
): (looked: readonly number[], dice: Random, into: BatchFeeds) => Promise<void> {
  const { sizePx } = set;
  const strangers = strangersOf(set.images, classes);
  // Each negative is mirrored and shifted on its own; its surroundings are no cue here, so they stay.
  const augmenter = new Augmenter(sizePx, { ...settings, outside: 'none' });
  const negatives = new Float32Array(3 * batch * 3 * sizePx * sizePx);
  const unused = new Float32Array(3 * batch * sizePx * sizePx);
  return async (looked, dice, into) => {
    const others = looked.flatMap((target) => {
      const drawn = drawOthers(strangers(target), target, dice.uniform);
      // The loop refuses a single class; but of several classes a picture one may be everywhere.
      if (drawn === null)
        throw new AppError('bad-input', 'composites need pictures that lack a class: every one here has it', {
          reason: `it is class ${target + 1} of the run`,
        });
      return drawn;
    });
    const bytes = await Promise.all(others.map((index) => set.pixels(index)));
    const noMasks = others.map(() => null);
    augmenter.fill(bytes, noMasks, dice.uniform, { images: negatives, masks: unused });
    into.cell.fill(0);
    looked.forEach((_, i) => {
      const cell = dice.below(4);
      into.cell[4 * i + cell] = 1;
      writeComposite(into.images, i, negatives, [3 * i, 3 * i + 1, 3 * i + 2], cell, sizePx, into.composites);
    });
  };
}
