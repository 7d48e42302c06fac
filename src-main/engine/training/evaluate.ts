// All measures of one network over one set of pictures, batch by batch.
//
// Heat is the squared length of the loss gradient over the colour channels; boxes come from its absolute values by
// policy P0. Attacks and changed surroundings act on pixels in [0, 1].

import type { EvaluateOutcome, EvaluateSpec, Picture, WorkerEvent } from '../../contracts/worker-protocol.ts';
import { AppError } from '../../contracts/errors.ts';
import { PictureCache, outsideShare, replaceOutside, type OutsideFill } from '../../imaging/index.ts';
import {
  accuracyOf,
  boxFromGradient,
  boxIou,
  boxOfMask,
  confusionOf,
  energyInside,
  localised,
  meanOf,
  pointingHit,
  pointingMargin,
  predictedClass,
  saliencyOf,
  scoresOf,
  squaredGradient,
  stretchCrop,
} from '../measures/index.ts';
import { buildEvaluate } from './inference-steps.ts';
import { randomFromSeed } from '../nn/random.ts';
import { onnxExecutor, type Executor, type Session } from '../runtime/index.ts';
import { architectureOf, buildViewing, readWeights, viewingBatch, type Weights } from './network.ts';
import { pictureSet, writePlanes, type PictureSet } from './picture-set.ts';
import { breathe, viewBatches } from './viewing.ts';

export interface EvaluateHooks {
  emit(event: WorkerEvent): void;
  /** Looked at between batches. */
  cancelled(): boolean;
  executor?: Executor;
}

/** @throws AppError 'cancelled' when asked to stop, 'bad-file' for a checkpoint of another model */
export async function evaluate(spec: EvaluateSpec, hooks: EvaluateHooks): Promise<EvaluateOutcome> {
  const { pictures, fgsmEps } = spec;
  if (pictures.length === 0) throw new AppError('bad-input', 'there are no pictures to evaluate');
  const classes = spec.model.classes.length;
  const architecture = architectureOf(spec.model.config, classes);
  const { sizePx } = architecture;
  const weights = await readWeights(spec.model.checkpoint, architecture);
  const batch = Math.min(viewingBatch(sizePx), pictures.length);
  const executor = hooks.executor ?? onnxExecutor();
  const checkCancelled = (): void => {
    if (hooks.cancelled()) throw new AppError('cancelled', 'the evaluation was cancelled');
  };

  const cache = PictureCache.open(spec.cacheFolder, sizePx);
  const sessions: Session[] = [];
  try {
    await cache.fill(pictures, {
      onProgress(done, total) {
        hooks.emit({ kind: 'progress', done, total, note: 'Reading pictures' });
        checkCancelled();
      },
    });
    const attackedEps = fgsmEps.filter((eps) => eps > 0);
    const viewing = await executor.compile(buildViewing(architecture, batch, attackedEps));
    sessions.push(viewing);
    const plain = await executor.compile(buildEvaluate({ ...architecture, batch }));
    sessions.push(plain);
    const look = (images: Float32Array): Promise<Float32Array> =>
      logitsOf(plain, weights, images, batch, classes);
    const set = pictureSet(cache, pictures);
    const lenders = lendersOf(set);

    const images: EvaluateOutcome['images'] = [];
    const attacked = attackedEps.map((): boolean[] => []);
    const blurred: boolean[] = [];
    const swapped: boolean[] = [];
    const length = 3 * sizePx * sizePx;
    for await (const viewed of viewBatches(viewing, weights, set, { batch, classes })) {
      checkCancelled();
      const { members, outputs } = viewed;
      const crops = new Float32Array(batch * length);
      const areas: number[] = [];
      members.forEach((index, i) => {
        const picture = pictures[index];
        const gradient = outputs.gradient.subarray(i * length, (i + 1) * length);
        const inside = set.inside(index);
        const heat = squaredGradient(gradient, 3);
        const box = boxFromGradient(gradient, sizePx);
        const scores = scoresOf(outputs.logits, classes, i);
        const predicted = predictedClass(outputs.logits, classes, i);
        // A flat gradient picks nothing out: the crop is the whole picture.
        const crop = box ?? { x: 0, y: 0, width: sizePx, height: sizePx };
        areas.push((crop.width * crop.height) / (sizePx * sizePx));
        const target = crops.subarray(i * length, (i + 1) * length);
        stretchCrop(viewed.images.subarray(i * length, (i + 1) * length), sizePx, crop, target);
        images.push({
          imageId: picture.imageId,
          predictedIndex: predicted,
          trueScore: scores[picture.classIndex],
          predictedScore: scores[predicted],
          energyInBox: inside && energyInside(heat, inside),
          pointingHit: inside && pointingHit(heat, inside, sizePx, pointingMargin * sizePx),
          iou: inside && boxIou(box, boxOfMask(inside, sizePx)),
          saliencyMetric: null,
        });
        attacked.forEach((hits, e) =>
          hits.push(predictedClass(outputs[`attacked/${e}`], classes, i) === picture.classIndex),
        );
      });
      const cropLogits = await look(crops);
      members.forEach((index, i) => {
        const probability = scoresOf(cropLogits, classes, i)[pictures[index].classIndex];
        images[index].saliencyMetric = saliencyOf(areas[i], probability);
      });
      await breathe();
      const withRegion = members.filter((index) => set.inside(index) !== null);
      if (withRegion.length > 0) {
        blurred.push(
          ...(await hitsWithout(set, withRegion, async () => ({ kind: 'blur' }), look, batch, classes)),
        );
        await breathe();
        const lend = (index: number): Promise<OutsideFill | null> =>
          lentOutside(set, lenders, index, spec.seed);
        swapped.push(...(await hitsWithout(set, withRegion, lend, look, batch, classes)));
        await breathe();
      }
      hooks.emit({ kind: 'progress', done: images.length, total: pictures.length, note: 'Evaluating' });
    }

    const truth = pictures.map((picture) => picture.classIndex);
    const predicted = images.map((image) => image.predictedIndex);
    const accuracy = accuracyOf(predicted, truth)!;
    const curve = attackedEps.map((eps, e) => ({ eps, accuracy: meanOf(attacked[e])! }));
    return {
      measures: {
        accuracy,
        energyInBox: meanOf(images.map((image) => image.energyInBox)),
        pointingGame: meanOf(images.map((image) => image.pointingHit)),
        localisationAccuracy: meanOf(
          images.map((image, i) => localised(predicted[i] === truth[i], image.iou)),
        ),
        saliencyMetric: meanOf(images.map((image) => image.saliencyMetric)),
        meanIou: meanOf(images.map((image) => image.iou)),
        fgsm: fgsmEps.map((eps) => curve.find((point) => point.eps === eps) ?? { eps, accuracy }),
        outsideBlurred: meanOf(blurred),
        outsideSwapped: meanOf(swapped),
      },
      confusion: confusionOf(predicted, truth, classes),
      images,
    };
  } finally {
    await Promise.all(sessions.map((session) => session.dispose()));
    cache.close();
  }
}

async function logitsOf(
  session: Session,
  weights: Weights,
  images: Float32Array,
  batch: number,
  classes: number,
): Promise<Float32Array> {
  const { logits } = await session.run({ ...weights, images, labels: new Float32Array(batch * classes) });
  return logits;
}

/** Whether each of `members` is still given its class when its outside is replaced; those without a fill are left out. */
async function hitsWithout(
  set: PictureSet,
  members: readonly number[],
  fillOf: (index: number) => Promise<OutsideFill | null>,
  look: (images: Float32Array) => Promise<Float32Array>,
  batch: number,
  classes: number,
): Promise<boolean[]> {
  const length = 3 * set.sizePx * set.sizePx;
  const images = new Float32Array(batch * length);
  const changed = new Uint8Array(length);
  const shown: Picture[] = [];
  for (const index of members) {
    const fill = await fillOf(index);
    if (fill === null) continue;
    replaceOutside(await set.pixels(index), set.inside(index)!, set.sizePx, fill, changed);
    writePlanes(changed, images, shown.length);
    shown.push(set.pictures[index]);
  }
  const logits = await look(images);
  return shown.map((picture, i) => predictedClass(logits, classes, i) === picture.classIndex);
}

/** A picture with less outside has next to nothing to lend but its object. */
const leastOutsideLent = 0.05;

function lendersOf(set: PictureSet): number[] {
  return set.pictures.flatMap((_, index) => {
    const inside = set.inside(index);
    return inside && outsideShare(inside) >= leastOutsideLent ? [index] : [];
  });
}

/** The outside of another picture, of another class where there is one; the same for the same seed and picture. */
async function lentOutside(
  set: PictureSet,
  lenders: readonly number[],
  index: number,
  seed: number,
): Promise<OutsideFill | null> {
  const own = set.pictures[index].classIndex;
  const others = lenders.filter((lender) => lender !== index);
  const strangers = others.filter((lender) => set.pictures[lender].classIndex !== own);
  const from = strangers.length > 0 ? strangers : others;
  if (from.length === 0) return null;
  const lender = from[randomFromSeed(seed).fork(`lender/${index}`).below(from.length)];
  return { kind: 'swap', pixels: await set.pixels(lender), mask: set.inside(lender)! };
}
