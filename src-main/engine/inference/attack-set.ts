// An attack on all pictures of a set, group by group: who still stands, and how far the attack went.

import type { AttackOutcome, AttackSpec, WorkerEvent } from '../../contracts/worker-protocol.ts';
import { AppError } from '../../contracts/errors.ts';
import { ImageCache } from '../../imaging/index.ts';
import { attackById, heatAimedAt, attributionSimilarity, logitsOf } from '../attacks/index.ts';
import { predictedClass } from '../measures/index.ts';
import { randomFromSeed } from '../nn/random.ts';
import { checkParams } from '../nn/registry.ts';
import { onnxExecutor, type Executor } from '../runtime/index.ts';
import { attackImages, attackTarget } from './attack-images.ts';
import { architectureOf, readWeights } from '../data/architecture.ts';
import { sessionCache } from '../data/session-cache.ts';
import { evaluationBatch, throwIfStopped } from '../data/evaluation-program.ts';
import { imageSet, writePlanes } from '../data/image-set.ts';

export interface AttackSetHooks {
  emit(event: WorkerEvent): void;
  signal?: AbortSignal;
  executor?: Executor;
}

/** Batches attacked together: pictures that fall early make room for the others. */
const batchesTogether = 4;
const sessionsKept = 64;

/** @throws AppError 'cancelled' soon after the signal is aborted, 'bad-input' for a source that does not fit */
export async function attackSet(spec: AttackSpec, hooks: AttackSetHooks): Promise<AttackOutcome> {
  const { images: labelledImages, eps, source: from } = spec;
  const attack = attackById(spec.attack.id);
  const params = checkParams(attack, spec.attack.params);
  const { signal } = hooks;
  if (labelledImages.length === 0) throw new AppError('bad-input', 'there are no pictures to attack');
  if (from && from.classes.join('\n') !== spec.model.classes.join('\n'))
    throw new AppError('bad-input', 'the run that the pictures are made with was trained on other classes');
  const load = async ({ config, classes, checkpoint }: AttackSpec['model']) => {
    const architecture = architectureOf(config, classes.length);
    return { architecture, weights: await readWeights(checkpoint, architecture) };
  };
  const network = await load(spec.model);
  const source = from && (await load(from));
  const { sizePx, classes } = network.architecture;
  const length = 3 * sizePx * sizePx;
  const heat = heatAimedAt(attack, params, sizePx);

  const cache = ImageCache.open(spec.cacheFolder, sizePx);
  const sessions = sessionCache(hooks.executor ?? onnxExecutor(), sessionsKept);
  try {
    await cache.fill(labelledImages, {
      onProgress(done, total) {
        hooks.emit({ kind: 'progress', done, total, note: 'Reading pictures' });
        throwIfStopped(signal, 'the attack');
      },
    });
    const set = imageSet(cache, labelledImages);
    const images: AttackOutcome['images'] = [];
    const group = batchesTogether * evaluationBatch(sizePx);
    for (let start = 0; start < labelledImages.length; start += group) {
      const part = labelledImages.slice(start, start + group);
      const clean = new Float32Array(part.length * length);
      for (const [i] of part.entries()) writePlanes(await set.pixels(start + i), clean, i);
      // What explains a class looks at one; what is to change the class has to beat all that are true.
      const trueClasses = part.map(({ classIndex, classIndices }) =>
        attack.aim === 'class' ? (classIndices ?? [classIndex]) : [classIndex],
      );
      const labels = Int32Array.from(part, ({ classIndex }) => classIndex);
      const target = attackTarget({ ...network, sessions, signal });
      const before = await logitsOf(target, clean);
      const attacked = await attackImages({
        ...network,
        sessions,
        signal,
        source,
        eps,
        images: clean,
        attack,
        params: spec.attack.params,
        labels,
        trueClasses,
        random: randomFromSeed(spec.seed).fork(`attack/${start}`),
      });
      const left =
        heat && (await attributionSimilarity(target, clean, attacked.images, labels, params, heat));
      part.forEach(({ imageId }, i) => {
        let largest = 0;
        let squares = 0;
        for (let at = i * length; at < (i + 1) * length; at++) {
          const change = Math.abs(attacked.images[at] - clean[at]);
          largest = Math.max(largest, change);
          squares += change * change;
        }
        const wasRight = trueClasses[i].includes(predictedClass(before, classes, i));
        const isRight = trueClasses[i].includes(predictedClass(attacked.logits, classes, i));
        images.push({
          imageId,
          wasRight,
          isRight,
          largestChange: largest,
          length: Math.sqrt(squares),
          ...(left && { heat: wasRight && isRight && attacked.changed[i] ? left[i] : null }),
        });
      });
      hooks.emit({ kind: 'progress', done: images.length, total: labelledImages.length, note: 'Attacking' });
    }
    return { images, ...(heat && { heat }) };
  } finally {
    await sessions.dispose();
    cache.close();
  }
}
