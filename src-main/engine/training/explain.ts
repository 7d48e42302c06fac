// One heat map of one picture, for a person who is waiting: networks and compiled programs of the last few requests
// are kept, so that going from picture to picture costs one run.

import { stat } from 'node:fs/promises';
import type { ExplainOutcome, ExplainSpec } from '../../contracts/worker-protocol.ts';
import { PictureCache, encodePng } from '../../imaging/index.ts';
import { attackById } from '../attacks/index.ts';
import { predictedClass } from '../measures/index.ts';
import { onnxExecutor, type Executor } from '../runtime/index.ts';
import { saliencyById } from '../saliency/index.ts';
import { heatOutcome } from './heat.ts';
import { buildAttack, buildSaliency } from './inference-steps.ts';
import { architectureOf, readWeights, sessionCache, type Architecture, type Weights } from './network.ts';
import { pictureSet, writePlanes } from './picture-set.ts';

/** Programs do not hold weights, so two runs of one model share them. */
const sessionsKept = 8;
const networksKept = 4;
const cachesKept = 2;

export interface Explainer {
  explain(spec: ExplainSpec): Promise<ExplainOutcome>;
  dispose(): Promise<void>;
}

export function createExplainer(executor: Executor = onnxExecutor()): Explainer {
  const sessions = sessionCache(executor, sessionsKept);
  const networks = new Map<string, Promise<Weights>>();
  const caches = new Map<string, PictureCache>();

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

  return {
    async explain({ model, picture, method, params, target, cacheFolder, eps }) {
      const architecture = architectureOf(model.config, model.classes.length);
      const { sizePx, classes } = architecture;
      const weights = await weightsOf(model.checkpoint, architecture);
      const cache = kept(
        caches,
        `${sizePx}/${cacheFolder}`,
        cachesKept,
        () => PictureCache.open(cacheFolder, sizePx),
        (old) => old.close(),
      );
      const set = pictureSet(cache, [picture]);
      let images: Float32Array = new Float32Array(3 * sizePx * sizePx);
      writePlanes(await set.pixels(0), images, 0);

      const sizes = { ...architecture, batch: 1 };
      const oneHot = (index: number): Float32Array => {
        const row = new Float32Array(classes);
        row[index] = 1;
        return row;
      };
      if (eps > 0) {
        const attack = await sessions.get(`${architecture.key}/fgsm`, () =>
          buildAttack({ ...sizes, attack: attackById('fgsm'), params: {} }),
        );
        const labels = oneHot(picture.classIndex);
        images = (await attack.run({ ...weights, images, labels, eps: Float32Array.of(eps) })).attacked;
      }

      const saliency = saliencyById(method);
      const settled = Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1));
      const session = await sessions.get(`${architecture.key}/${method}/${JSON.stringify(settled)}`, () =>
        buildSaliency({ ...sizes, method: saliency, params }),
      );
      const look = (index: number) => session.run({ ...weights, images, target: oneHot(index) });
      let outputs = await look(target === 'predicted' ? 0 : target);
      const targetIndex = target === 'predicted' ? predictedClass(outputs.logits, classes, 0) : target;
      if (target === 'predicted' && targetIndex !== 0) outputs = await look(targetIndex);

      // Programs say nothing of a result's shape; maps are square because pictures are.
      const side = Math.sqrt(outputs.map.length);
      const raw = { values: outputs.map, width: side, height: side };
      const outcome = heatOutcome(picture, raw, set.inside(0), sizePx, targetIndex, outputs.logits);
      return { ...outcome, attackedPng: eps > 0 ? await pngOf(images, sizePx) : null };
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
