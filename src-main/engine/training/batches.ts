// The feeds of every training step. Step s of epoch e draws from a generator forked under its own name, so a run
// can be taken up at any step without replaying the dice of those before.

import type { Settings } from '../../contracts/runs.ts';
import { Augmenter, drawOthers, writeComposite } from '../../imaging/index.ts';
import type { Random } from '../nn/random.ts';
import type { PictureSet } from './picture-set.ts';

export interface BatchOptions {
  batch: number;
  classes: number;
  settings: Pick<Settings, 'flip' | 'shift' | 'outside' | 'outsideProbability'>;
  /** Whether the objective wants 2x2 composites. */
  composites: boolean;
  /** Of the run; never drawn from, only forked. */
  random: Random;
}

export interface TrainingBatch {
  /** images, labels, inside, hasRegion, weight, and composites, cell; overwritten by the next batch. */
  feeds: Record<string, Float32Array>;
  /** Real pictures; the rest of the batch is padding of weight 0. */
  count: number;
  /** Class index of each real picture. */
  truth: number[];
}

export interface Batches {
  /** In one epoch. */
  readonly steps: number;
  /** @param epoch, step  0-based */
  read(epoch: number, step: number): Promise<TrainingBatch>;
}

/**
 * Every epoch goes through all pictures once, in a new order. A short last batch is filled up with pictures from the
 * front of the order at weight 0: they add nothing to the loss, and batch-norm still sees real pictures only (zeros
 * would drag its statistics).
 */
export function trainingBatches(set: PictureSet, options: BatchOptions): Batches {
  const { batch, classes, settings, random } = options;
  const total = set.pictures.length;
  const pixels = set.sizePx * set.sizePx;
  const augmenter = new Augmenter(set.sizePx, settings);
  const feeds: Record<string, Float32Array> = {
    images: new Float32Array(batch * 3 * pixels),
    labels: new Float32Array(batch * classes),
    inside: new Float32Array(batch * pixels),
    hasRegion: new Float32Array(batch),
    weight: new Float32Array(batch),
  };
  const addComposites = options.composites ? compositesOf(set, options, feeds) : undefined;
  let order = new Int32Array(0);
  let orderedFor = -1;

  return {
    steps: Math.ceil(total / batch),
    async read(epoch, step) {
      if (orderedFor !== epoch) {
        order = random.fork(`order/${epoch}`).shuffle(Int32Array.from({ length: total }, (_, i) => i));
        orderedFor = epoch;
      }
      const count = Math.min(batch, total - step * batch);
      const members = Array.from({ length: batch }, (_, i) =>
        i < count ? order[step * batch + i] : order[(i - count) % total],
      );
      const dice = random.fork(`batch/${epoch}/${step}`);
      const bytes = await Promise.all(members.map((index) => set.pixels(index)));
      const masks = members.map((index) => set.inside(index));
      augmenter.fill(bytes, masks, dice.uniform, { images: feeds.images, masks: feeds.inside });
      feeds.labels.fill(0);
      members.forEach((index, i) => {
        feeds.labels[i * classes + set.pictures[index].classIndex] = 1;
        feeds.hasRegion[i] = masks[i] === null ? 0 : 1;
        feeds.weight[i] = i < count ? 1 : 0;
      });
      await addComposites?.(members, dice);
      return { feeds, count, truth: members.slice(0, count).map((index) => set.pictures[index].classIndex) };
    },
  };
}

/** Adds composites [B,3,2S,2S] and cell [B,4]: each picture, as augmented, among three of other classes (Pillai & Pirsiavash 2021). */
function compositesOf(
  set: PictureSet,
  { batch, classes, settings }: BatchOptions,
  feeds: Record<string, Float32Array>,
): (members: readonly number[], dice: Random) => Promise<void> {
  const { sizePx } = set;
  const byClass = Array.from({ length: classes }, (): number[] => []);
  set.pictures.forEach(({ classIndex }, i) => byClass[classIndex].push(i));
  // Each negative is mirrored and shifted on its own; its surroundings are no cue here, so they stay.
  const augmenter = new Augmenter(sizePx, { ...settings, outside: 'none' });
  const negatives = new Float32Array(3 * batch * 3 * sizePx * sizePx);
  const unused = new Float32Array(3 * batch * sizePx * sizePx);
  feeds.composites = new Float32Array(batch * 3 * 4 * sizePx * sizePx);
  feeds.cell = new Float32Array(batch * 4);
  return async (members, dice) => {
    // The loop refuses a single class, so there is always another.
    const others = members.flatMap((index) =>
      drawOthers(byClass, set.pictures[index].classIndex, dice.uniform)!,
    );
    const bytes = await Promise.all(others.map((index) => set.pixels(index)));
    const noMasks = others.map(() => null);
    augmenter.fill(bytes, noMasks, dice.uniform, { images: negatives, masks: unused });
    feeds.cell.fill(0);
    members.forEach((_, i) => {
      const cell = dice.below(4);
      feeds.cell[4 * i + cell] = 1;
      writeComposite(
        feeds.images,
        i,
        negatives,
        [3 * i, 3 * i + 1, 3 * i + 2],
        cell,
        sizePx,
        feeds.composites,
      );
    });
  };
}
