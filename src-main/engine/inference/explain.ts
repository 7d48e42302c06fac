// One heat map of one picture, for a person who is waiting: networks and compiled programs of the last few requests
// are kept, so that going from picture to picture costs one run.

import { stat } from 'node:fs/promises';
import type { ExplainOutcome, ExplainSpec } from '../../contracts/worker-protocol.ts';
import { ImageCache, encodePng } from '../../imaging/index.ts';
import { attackById } from '../attacks/index.ts';
import { predictedClass } from '../measures/index.ts';
import { randomFromSeed } from '../nn/random.ts';
import { onnxExecutor, type Executor } from '../runtime/index.ts';
import { saliencyById } from '../saliency/index.ts';
import { heatOutcome } from '../data/heat.ts';
import { attackImages } from './attack-images.ts';
import { rawMaps, targetRows } from './heat-maps.ts';
import { buildEvaluate } from './inference-steps.ts';
import { architectureOf, readWeights, type Architecture, type Weights } from '../data/architecture.ts';
import { sessionCache } from '../data/session-cache.ts';
import { classesOf, imageSet, writePlanes } from '../data/image-set.ts';

/** Programs do not hold weights, so two runs of one model share them. */
const sessionsKept = 24;
const networksKept = 4;
/** An attack on one picture looks at some at once: target classes, points of a path, samples. */
const attackBatch = 16;
const cachesKept = 2;

export interface Explainer {
  /** @throws AppError 'cancelled' soon after the signal is aborted */
  explain(spec: ExplainSpec, signal?: AbortSignal): Promise<ExplainOutcome>;
  dispose(): Promise<void>;
}

export function createExplainer(executor: Executor = onnxExecutor()): Explainer {
  const sessions = sessionCache(executor, sessionsKept);
  const networks = new Map<string, Promise<Weights>>();
  const caches = new Map<string, ImageCache>();

  /** A checkpoint that was written anew is another network. */
  async function weightsOf(file: string, architecture: Architecture): Promise<Weights> {
    const { mtimeMs, size } = await stat(file).catch(() => ({ mtimeMs: 0, size: 0 })); // readWeights tells of it
    const weights = kept(networks, `${file}/${mtimeMs}/${size}/${architecture.key}`, networksKept, () =>
      readWeights(file, architecture),
    );
    try {
      return await weights;
    } catch (thrown) {
      networks.clear(); // a failure is not kept
      throw thrown;
    }
  }

  async function predictedOf(architecture: Architecture, weights: Weights, images: Float32Array) {
    const session = await sessions.get(`${architecture.key}/logits`, () =>
      buildEvaluate({ ...architecture, batch: 1 }),
    );
    const labels = new Float32Array(architecture.classes);
    const { logits } = await session.run({ ...weights, images, labels });
    return predictedClass(logits, architecture.classes, 0);
  }

  return {
    async explain(spec, signal) {
      const { model, image, references = [], method, params, cacheFolder, eps } = spec;
      const trueClasses = classesOf(image);
      const attack = spec.attack ?? { id: 'fgsm', params: {} };
      const architecture = architectureOf(model.config, model.classes.length);
      const { sizePx, classes } = architecture;
      const weights = await weightsOf(model.checkpoint, architecture);
      const cache = kept(
        caches,
        `${sizePx}/${cacheFolder}`,
        cachesKept,
        () => ImageCache.open(cacheFolder, sizePx),
        (old) => old.close(),
      );
      const set = imageSet(cache, [image, ...references]);
      const planesOf = async (index: number): Promise<Float32Array> => {
        const planes = new Float32Array(3 * sizePx * sizePx);
        writePlanes(await set.pixels(index), planes, 0);
        return planes;
      };
      let images = await planesOf(0);

      let changed: boolean | undefined;
      if (eps > 0) {
        // A picture of no class of the run is turned away from what is said of it.
        const label =
          trueClasses.length > 0 ? image.classIndex : await predictedOf(architecture, weights, images);
        const other = spec.source && architectureOf(spec.source.config, spec.source.classes.length);
        const source = other && {
          architecture: other,
          weights: await weightsOf(spec.source!.checkpoint, other),
        };
        const attacked = await attackImages({
          architecture,
          weights,
          sessions,
          images,
          eps,
          signal,
          source,
          attack: attackById(attack.id),
          params: attack.params,
          labels: Int32Array.of(label),
          trueClasses: [trueClasses.length > 0 ? trueClasses : [label]],
          random: randomFromSeed(0), // the same picture each time it is asked for
          batch: attackBatch,
        });
        images = attacked.images;
        [changed] = attacked.changed;
      }

      const request = {
        architecture,
        weights,
        sessions,
        images,
        params,
        signal,
        method: saliencyById(method),
        references: await Promise.all(references.map((_, i) => planesOf(i + 1))),
      };
      const targetIndex =
        spec.target === 'predicted' ? await predictedOf(architecture, weights, images) : spec.target;
      const targets = targetRows([targetIndex], classes, spec.versus);
      const { values, side, logits, gradient } = await rawMaps({
        ...request,
        targets,
        trueClasses: [trueClasses],
        withGradient: spec.versus === undefined,
      });
      const raw = { values, width: side, height: side, gradient };
      const looked = { ...image, regions: spec.regionsByClass?.[targetIndex] ?? image.regions };
      const outcome = heatOutcome(
        looked,
        raw,
        imageSet(cache, [looked]).regionMask(0),
        sizePx,
        targetIndex,
        logits,
        architecture.task,
      );
      return { ...outcome, attackedPng: eps > 0 ? await pngOf(images, sizePx) : null, changed };
    },
    async dispose() {
      for (const cache of caches.values()) cache.close();
      caches.clear();
      networks.clear();
      await sessions.dispose();
    },
  };
}

/** The value of a key, made when missing; the longest unused is dropped when there are more than `limit`. */
function kept<T>(map: Map<string, T>, key: string, limit: number, make: () => T, drop?: (old: T) => void): T {
  const value = map.get(key) ?? make();
  map.delete(key);
  map.set(key, value);
  if (map.size > limit) {
    const [[oldest, unused]] = map;
    map.delete(oldest);
    drop?.(unused);
  }
  return value;
}

/** @param images [1, 3, S, S] in [0, 1] */
function pngOf(images: Float32Array, sizePx: number): Uint8Array {
  const plane = sizePx * sizePx;
  const pixels = new Uint8Array(3 * plane);
  for (let i = 0; i < plane; i++)
    for (let c = 0; c < 3; c++) pixels[3 * i + c] = Math.round(255 * images[c * plane + i]);
  return encodePng(pixels, sizePx, sizePx);
}
