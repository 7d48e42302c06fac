// Measures of one network over one set of pictures, batch by batch: each measure keeps a number a picture, so a set
// of any size streams through. This file lends them the network, its maps, attacks and changed pictures.

import { AppError } from '../../contracts/errors.ts';
import type { EvaluateOutcome, EvaluateSpec, WorkerEvent } from '../../contracts/worker-protocol.ts';
import { ImageCache } from '../../imaging/index.ts';
import { attackById, logitsOf } from '../attacks/index.ts';
import {
  areaShareOf,
  checkMeasureParams,
  confusionOf,
  measureById,
  predictedClass,
  scoresFor,
  type BatchView,
  type MeasureContext,
} from '../measures/index.ts';
import { randomFromSeed } from '../nn/random.ts';
import { onnxExecutor, type Executor } from '../runtime/index.ts';
import { saliencyById } from '../saliency/index.ts';
import { attackImages, attackTarget } from './attack-images.ts';
import { spreadHeat } from '../data/heat.ts';
import { rawMaps, targetRows } from './heat-maps.ts';
import { buildEvaluate } from './inference-steps.ts';
import { architectureOf, readWeights, type Architecture } from '../data/architecture.ts';
import {
  buildEvaluation,
  evaluationBatch,
  breathe,
  evaluatedBatches,
  type EvaluatedBatch,
} from '../data/evaluation-program.ts';
import { sessionCache } from '../data/session-cache.ts';
import { classesOf, imageSet, writePlanes, type ImageSet } from '../data/image-set.ts';
import { backgroundVariantsOf } from '../data/background-variants.ts';

export interface EvaluateHooks {
  emit(event: WorkerEvent): void;
  /** Looked at after each run of a program. */
  cancelled(): boolean;
  executor?: Executor;
}

/** Compiled programs that are kept: those of the measures that are taken together. */
const sessionsKept = 48;

/**
 * @throws AppError 'cancelled' when asked to stop, 'bad-file' for a checkpoint of another model, 'bad-input' for an
 *         unknown measure or parameter, and for what a measure needs and is not given
 */
export async function evaluate(spec: EvaluateSpec, hooks: EvaluateHooks): Promise<EvaluateOutcome> {
  const { images: labelledImages } = spec;
  if (labelledImages.length === 0) throw new AppError('bad-input', 'there are no pictures to evaluate');
  const chosen = spec.measures.map(({ id, params }) => {
    const measure = measureById(id);
    return { measure, params: checkMeasureParams(measure, params) };
  });
  const classes = spec.model.classes.length;
  const architecture = architectureOf(spec.model.config, classes);
  const { sizePx } = architecture;
  const weights = await readWeights(spec.model.checkpoint, architecture);
  const batch = Math.min(evaluationBatch(sizePx), labelledImages.length);
  const checkCancelled = (): void => {
    if (hooks.cancelled()) throw new AppError('cancelled', 'the evaluation was cancelled');
  };

  const cache = ImageCache.open(spec.cacheFolder, sizePx);
  const sessions = sessionCache(watched(hooks.executor ?? onnxExecutor(), checkCancelled), sessionsKept);
  try {
    await cache.fill([...labelledImages, ...spec.against], {
      onProgress(done, total) {
        hooks.emit({ kind: 'progress', done, total, note: 'Reading pictures' });
        checkCancelled();
      },
    });
    const set = imageSet(cache, labelledImages);
    const random = randomFromSeed(spec.seed);
    const target = attackTarget({ architecture, weights, sessions });
    const maps: MeasureContext['maps'] = async ({
      method,
      params = {},
      images,
      targets,
      trueClasses,
      ...other
    }) =>
      rawMaps({
        architecture: { ...architecture, sizePx: other.sidePx ?? sizePx },
        weights: other.weights ?? weights,
        sessions,
        params,
        images,
        trueClasses,
        method: saliencyById(method),
        targets: targetRows(targets, classes),
      });
    const context: MeasureContext = {
      classes: spec.model.classes,
      sizePx,
      images: labelledImages.length,
      model: architecture.model,
      weights,
      groups: spec.groups,
      task: architecture.task ?? 'single',
      random: (name) => random.fork(name),
      predict: (images) => logitsOf(target, images),
      program: target.program,
      maps,
      async heat(request) {
        const { values, side } = await maps(request);
        return request.targets.map((_, i) =>
          spreadHeat(values.subarray(i * side * side, (i + 1) * side * side), side, side, sizePx),
        );
      },
      attack: ({ attack, params = {}, labels, ...request }) =>
        attackImages({
          ...request,
          architecture,
          weights,
          sessions,
          params,
          attack: attackById(attack),
          labels: Int32Array.from(labels),
        }),
      ...backgroundVariantsOf(set, classes, random),
      against: spec.against.length > 0 ? () => rowsOf(imageSet(cache, spec.against), batch) : null,
    };

    const readings = chosen.map(({ measure, params }) => ({
      params,
      id: measure.id,
      reading: measure.begin(context, params),
      values: [] as (number | null)[],
    }));

    const needsGradient = chosen.some(({ measure, params }) => measure.usesGradient?.(params));
    const evaluation = await sessions.get('evaluation', () =>
      needsGradient ? buildEvaluation(architecture, batch) : buildEvaluate({ ...architecture, batch }),
    );
    const images: EvaluateOutcome['images'] = [];
    for await (const evaluated of evaluatedBatches(evaluation, weights, set, { batch, classes })) {
      const view = viewOf(evaluated, set, architecture);
      view.labels.forEach((label, i) => {
        const scores = view.scores(i);
        const predictedIndex = view.predicted[i];
        images.push({
          imageId: labelledImages[view.start + i].imageId,
          predictedIndex,
          trueScore: scores[label],
          predictedScore: scores[predictedIndex],
          areaShare: insideOf(view, i),
        });
      });
      for (const { id, reading, values } of readings)
        values.push(...((await named(id, async () => reading.read(view))) ?? []));
      hooks.emit({ kind: 'progress', done: images.length, total: labelledImages.length, note: 'Evaluating' });
    }

    const metrics: EvaluateOutcome['metrics'] = [];
    for (const { id, params, reading, values } of readings)
      metrics.push({
        measure: id,
        params,
        ...(await named(id, async () => reading.metricValue(values))),
        ofImages: values.length > 0 ? values : null,
      });
    const predicted = images.map((image) => image.predictedIndex);
    const labels = labelledImages.map((image) => image.classIndex);
    const trueClasses = labelledImages.map(classesOf);
    return { metrics, confusion: confusionOf({ predicted, labels, trueClasses }, classes), images };
  } finally {
    await sessions.dispose();
    cache.close();
  }
}

/** Share of the i-th picture inside its region; null without one. */
function insideOf(view: BatchView, i: number): number | null {
  const inside = view.regionMask(i);
  return inside && areaShareOf(inside);
}

/** What is wrong with a measure says which it is: several are taken together. */
async function named<T>(id: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'bad-input') throw thrown;
    throw new AppError('bad-input', `${id}: ${thrown.message}`, thrown.detail, thrown);
  }
}

/** An executor whose programs let messages in after each run, and end when asked to. */
const watched = (executor: Executor, checkCancelled: () => void): Executor => ({
  id: executor.id,
  async compile(program) {
    const session = await executor.compile(program);
    return {
      async run(feeds) {
        const outputs = await session.run(feeds);
        await breathe();
        checkCancelled();
        return outputs;
      },
      dispose: () => session.dispose(),
    };
  },
});

function viewOf(
  { members, images, outputs }: EvaluatedBatch,
  set: ImageSet,
  { classes, task = 'single' }: Architecture,
): BatchView {
  const count = members.length;
  const length = 3 * set.sizePx * set.sizePx;
  const made = new Map<string, unknown>();
  const { logits } = outputs;
  return {
    start: members[0],
    images: images.subarray(0, count * length),
    logits: logits.subarray(0, count * classes),
    gradient: outputs.gradient?.subarray(0, count * length) ?? new Float32Array(0),
    labels: members.map((index) => set.images[index].classIndex),
    predicted: members.map((_, i) => predictedClass(logits, classes, i)),
    trueClasses: members.map((index) => classesOf(set.images[index])),
    scores: (i) => scoresFor(task)(logits, classes, i),
    regionMask: (i) => set.regionMask(members[i]),
    group: (i) => set.images[members[i]].group ?? null,
    once<T>(key: string, make: () => T): T {
      if (!made.has(key)) made.set(key, make());
      return made.get(key) as T;
    },
  };
}

async function* rowsOf(
  set: ImageSet,
  batch: number,
): AsyncGenerator<{ images: Float32Array; count: number }> {
  for (let start = 0; start < set.images.length; start += batch) {
    const count = Math.min(batch, set.images.length - start);
    const images = new Float32Array(count * 3 * set.sizePx * set.sizePx);
    for (let i = 0; i < count; i++) writePlanes(await set.pixels(start + i), images, i);
    yield { images, count };
  }
}
