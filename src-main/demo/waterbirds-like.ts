// A set in the manner of Waterbirds (Sagawa et al. 2020) from any project with masks: each object is cut out and put on
// one of two kinds of ground. In training the ground goes with the class; in the other parts it says nothing.

import type { Split } from '../contracts/dataset.ts';
import type { WaterbirdsResult } from '../contracts/demo.ts';
import { AppError } from '../contracts/errors.ts';
import type { Shape } from '../contracts/geometry.ts';
import type { ClassId } from '../contracts/ids.ts';
import type { WaterbirdsSpec } from '../contracts/waterbirds-like.ts';
import type { Context } from '../core/context.ts';
import type { JobHandle } from '../core/jobs.ts';
import { regionsOf, type OpenProject } from '../core/open-project.ts';
import { stratifiedSplit, usualSplit } from '../services/stratified-split.ts';
import type { StoredImage } from '../storage/images.ts';

type WaterbirdsOptions = Pick<WaterbirdsSpec, 'seed' | 'correlation' | 'sizePx' | 'backgrounds'>;

interface Cutout {
  image: StoredImage;
  classIndex: number;
  regions: Shape[];
  split: Split;
}

/**
 * Pictures keep their part of the project; those in none are dealt out from the seed, and so are all where the project
 * lacks training or test pictures.
 * @param folder  absolute; new or empty
 * @throws AppError 'bad-input' for fewer than two classes with masks, or a folder that does not hold two kinds
 */
export async function writeWaterbirdsLike(
  context: Context,
  folder: string,
  options: WaterbirdsOptions,
  handle?: JobHandle,
): Promise<WaterbirdsResult> {
  const { cutouts, classes, left } = cutoutsOf(context.project(), options.seed);
  const objects = cutouts.map(({ image: { file, widthPx, heightPx }, ...cutout }) => ({
    ...cutout,
    file,
    widthPx,
    heightPx,
  }));
  const answer = context.workers.call(
    'training',
    'writeWaterbirdsLike',
    { folder, classes, objects, ...options },
    (event) => event.kind === 'progress' && handle?.progress(event.done, event.total),
  );
  handle?.signal.addEventListener('abort', () => answer.control('cancel'), { once: true });
  const { grounds } = await answer.value;
  return { pictures: cutouts.length, classes, grounds, left };
}

function cutoutsOf(
  { store }: OpenProject,
  seed: number,
): { cutouts: Cutout[]; classes: string[]; left: number } {
  const images = store.images.all().filter(({ missing }) => !missing);
  const isAssigned =
    images.some(({ split }) => split === 'train') && images.some(({ split }) => split === 'test');
  const unassigned = isAssigned ? images.filter(({ split }) => split === null) : images;
  const assigned = stratifiedSplit(unassigned, usualSplit(seed), false);
  const masked = images.flatMap((image) => {
    const split = assigned.get(image.id) ?? image.split;
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
