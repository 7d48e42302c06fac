// A set in the manner of Waterbirds (Sagawa et al. 2020) from any project with masks: each object is cut out and put on
// one of two kinds of ground. In training the ground goes with the class; in the other parts it says nothing.

import path from 'node:path';
import type { Split } from '../contracts/dataset.ts';
import { AppError } from '../contracts/errors.ts';
import type { Shape } from '../contracts/geometry.ts';
import type { ClassId } from '../contracts/ids.ts';
import { randomFromSeed, type Random } from '../engine/nn/random.ts';
import { SourceTree } from '../formats/source.ts';
import { decodeRgb, labelledFolder, rasterize } from '../imaging/index.ts';
import { drawGround, grounds } from '../imaging/sample/index.ts';
import type { StoredImage } from '../storage/images.ts';
import { deal, usualSplit } from '../services/deal.ts';
import { regionsOf, type OpenProject } from '../core/open-project.ts';

export interface WaterbirdsOptions {
  /** Same seed and project, same files. */
  seed: number;
  /** Share of each class's training pictures that stand on the class's own ground, 0..1. */
  correlation: number;
  sizePx: number;
  /** Absolute path of a folder with two folders of pictures; null for drawn grounds. */
  backgrounds: string | null;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

interface Cutout {
  image: StoredImage;
  classIndex: number;
  regions: Shape[];
  split: Split;
}

export interface WaterbirdsResult {
  pictures: number;
  classes: string[];
  grounds: string[];
  /** Pictures without a class or a mask of it. */
  left: number;
}

/**
 * Classes take the two grounds in turn: the first, third, … stand on the first. Objects stay where they are in the
 * frame, which is stretched to a square. Pictures keep their part of the project; those in none are dealt out from the
 * seed, and so are all where the project lacks training or test pictures.
 * @throws AppError 'bad-input' for fewer than two classes with masks, or a folder that does not hold two kinds
 */
export async function writeWaterbirdsLike(
  project: OpenProject,
  folder: string,
  { seed, correlation, sizePx, backgrounds, signal, onProgress }: WaterbirdsOptions,
): Promise<WaterbirdsResult> {
  const { cutouts, classes, left } = cutoutsOf(project, seed);
  const random = randomFromSeed(seed);
  const kinds =
    backgrounds === null ? drawnGrounds(sizePx, seed) : await folderGrounds(backgrounds, sizePx, random);
  const groundOf = chooseGrounds(cutouts, correlation, random);
  const out = await labelledFolder(
    folder,
    classes,
    (part) =>
      `Objects on ${kinds.names.join(' or ')}, seed ${seed}, correlation ${part === 'train' ? correlation : 0.5}`,
  );
  let done = 0;
  for (const [i, { image, classIndex, regions, split }] of cutouts.entries()) {
    signal?.throwIfAborted();
    const rgb = await decodeRgb(image.file, { width: sizePx, height: sizePx });
    const mask = rasterize(regions, image.widthPx, image.heightPx, sizePx);
    const kind = groundOf[i];
    const pixels = (await kinds.picture(kind, i)).slice();
    mask.forEach((value, at) => {
      if (value > 0) pixels.set(rgb.subarray(3 * at, 3 * at + 3), 3 * at);
    });
    await out.add(split, {
      ...{ pixels, channels: 3, widthPx: sizePx, heightPx: sizePx, classIndex, mask },
      attributes: { background: kinds.names[kind] },
    });
    onProgress?.(++done, cutouts.length);
  }
  await out.finish();
  return { pictures: cutouts.length, classes, grounds: [...kinds.names], left };
}

function cutoutsOf(
  { store }: OpenProject,
  seed: number,
): { cutouts: Cutout[]; classes: string[]; left: number } {
  const images = store.images.all().filter(({ missing }) => !missing);
  const isDealt =
    images.some(({ split }) => split === 'train') && images.some(({ split }) => split === 'test');
  const undealt = isDealt ? images.filter(({ split }) => split === null) : images;
  const dealt = deal(undealt, usualSplit(seed), false);
  const masked = images.flatMap((image) => {
    const split = dealt.get(image.id) ?? image.split;
    const regions = regionsOf([image.classId], store.annotations.ofImage(image.id)).filter(
      ({ kind }) => kind !== 'box',
    );
    return image.classId !== null && split !== null && regions.length > 0
      ? [{ image, classId: image.classId, regions, split }]
      : [];
  });
  const used = new Set<ClassId>(masked.map(({ classId }) => classId));
  const classes = store.classes.all().filter(({ id }) => used.has(id));
  if (classes.length < 2)
    throw new AppError('bad-input', 'objects of at least two classes with masks are needed', {
      reason: `${masked.length} pictures have a mask of their class, of ${classes.length} classes`,
    });
  return {
    cutouts: masked.map(({ classId, ...one }) => ({
      ...one,
      classIndex: classes.findIndex(({ id }) => id === classId),
    })),
    classes: classes.map(({ name }) => name),
    left: images.length - masked.length,
  };
}

/** 0 or 1 for each: exact shares of each class and part, in random order. */
function chooseGrounds(cutouts: readonly Cutout[], correlation: number, random: Random): number[] {
  const chosen = new Array<number>(cutouts.length);
  const bins = Map.groupBy(cutouts.keys(), (i) => `${cutouts[i].split}/${cutouts[i].classIndex}`);
  for (const [name, members] of bins) {
    const { split, classIndex } = cutouts[members[0]];
    const own = classIndex % 2;
    const onOwn = Math.round(members.length * (split === 'train' ? correlation : 0.5));
    random
      .fork(`grounds/${name}`)
      .shuffle([...members])
      .forEach((i, place) => (chosen[i] = place < onOwn ? own : 1 - own));
  }
  return chosen;
}

interface Grounds {
  names: readonly string[];
  /** [size * size * 3]; the caller may not write into it. */
  picture(kind: number, index: number): Promise<Uint8Array>;
}

const drawnGrounds = (sizePx: number, seed: number): Grounds => ({
  names: grounds,
  picture: (kind, index) => Promise.resolve(drawGround(grounds[kind], sizePx, seed, index)),
});

async function folderGrounds(folder: string, sizePx: number, random: Random): Promise<Grounds> {
  const source = await SourceTree.openFolder(folder);
  const kinds = Map.groupBy(
    source.pictures.filter((file) => file.includes('/')),
    (file) => file.split('/')[0],
  );
  if (kinds.size !== 2)
    throw new AppError(
      'bad-input',
      `${path.basename(folder)} must hold two folders of pictures, one a kind`,
      {
        reason: `it holds ${kinds.size}`,
      },
    );
  const files = [...kinds.values()];
  return {
    names: [...kinds.keys()],
    picture: (kind, index) => {
      const own = files[kind];
      const file = own[random.fork(`picture/${index}`).below(own.length)];
      return decodeRgb(source.absolute(file), { width: sizePx, height: sizePx });
    },
  };
}
