// A run's network as a file for other programs, checked against the app's own answers before it is written.

import { createHash } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../contracts/errors.ts';
import type { ExportOutcome, ExportSpec } from '../../contracts/worker-protocol.ts';
import { writeFileWhole } from '../../files/write-file.ts';
import { decodeRgb, ImageCache } from '../../imaging/index.ts';
import { constant, input } from '../graph/index.ts';
import { exportClassifier, onnxExecutor, openExported, type Executor } from '../runtime/index.ts';
import { buildEvaluate } from './inference-steps.ts';
import { architectureOf, readWeights, type Architecture, type Weights } from '../data/architecture.ts';
import { imageSet, writePlanes } from '../data/image-set.ts';
import { breathe } from '../data/evaluation-program.ts';
import { openWeights, sha256Of, writeWeights } from '../data/weights-file.ts';

export interface ExportHooks {
  progress(done: number, total: number, note: string): void;
  cancelled(): boolean;
  /** What the file is held against; the app's own unless given. */
  executor?: Executor;
}

/** Largest difference of a logit from the app's, as a share of the largest logit: what rounding explains. */
const logitTolerance = 1e-4;
/**
 * Mean difference of the predicted class's probability when whole pictures go in. Decoders shrink a large JPEG on
 * loading, so pixels differ by a few levels; a wrong way of stretching shows far above this.
 */
const probabilityTolerance = 0.1;
/** Larger pictures would take gigabytes as floats. */
const wholeImageMaxPx = 24_000_000;

/**
 * Writes `spec.out`; nothing is written when the check fails.
 * @throws AppError 'conflict' naming the picture and the difference, 'cancelled'
 */
export async function exportModel(spec: ExportSpec, hooks: ExportHooks): Promise<ExportOutcome> {
  const { model, format, out } = spec;
  const architecture = architectureOf(model.config, model.classes.length);
  const weights = await readWeights(model.checkpoint, architecture);
  const metadata = { ...spec.metadata, classes: JSON.stringify(model.classes), model: model.config.model };
  return format === 'onnx'
    ? exportOnnx(spec, architecture, weights, metadata, hooks)
    : exportTensors(out, architecture, weights, metadata);
}

async function exportOnnx(
  { images, cacheFolder, out }: ExportSpec,
  architecture: Architecture,
  weights: Weights,
  metadata: Record<string, string>,
  hooks: ExportHooks,
): Promise<ExportOutcome> {
  const { model, classes, sizePx } = architecture;
  const total = images.length;
  if (total === 0) throw new AppError('bad-input', 'there are no pictures to check the export on');
  hooks.progress(0, total, 'writing the graph');
  const constants = new Map(
    [...model.parameters, ...model.buffers].map(({ name, shape }) => [name, constant(weights[name], shape)]),
  );
  const { bytes, batch } = exportClassifier({
    build(count) {
      const images = input('images', [count, 3, sizePx, sizePx]);
      return { images, logits: model.forward(images, constants, 'eval').logits };
    },
    metadata,
  });

  const cache = ImageCache.open(cacheFolder, sizePx);
  const exported = await openExported(bytes);
  const program = await (hooks.executor ?? onnxExecutor()).compile(
    buildEvaluate({ model, batch: 1, classes, sizePx }),
  );
  let [largest, apart, wholes] = [0, 0, 0];
  try {
    await cache.fill(images);
    const set = imageSet(cache, images);
    for (const [index, { file, widthPx, heightPx }] of images.entries()) {
      if (hooks.cancelled()) throw new AppError('cancelled', 'the export was cancelled');
      hooks.progress(index, total, 'checking on pictures');
      const pixels = await set.pixels(index);
      const images = new Float32Array(3 * sizePx * sizePx);
      writePlanes(pixels, images, 0);
      const labels = Float32Array.from({ length: classes }, (_, k) => (k === 0 ? 1 : 0));
      const { logits } = await program.run({ ...weights, images, labels });
      // At the model's size nothing is left to stretch: all but rounding must be the same.
      const same = await exported.classify(pixels, { width: sizePx, height: sizePx });
      const scale = Math.max(1, ...logits.map(Math.abs));
      const difference = Math.max(...logits.map((value, k) => Math.abs(value - same.logits[k]))) / scale;
      if (!(difference <= logitTolerance))
        throw mismatch(
          `a logit of ${path.basename(file)} differs by ${difference.toPrecision(2)} of the largest`,
        );
      largest = Math.max(largest, difference);
      if (widthPx * heightPx <= wholeImageMaxPx) {
        const size = { width: widthPx, height: heightPx };
        const whole = await exported.classify(await decodeRgb(file, size), size);
        const predicted = same.probabilities.indexOf(Math.max(...same.probabilities));
        apart += Math.abs(whole.probabilities[predicted] - same.probabilities[predicted]);
        wholes += 1;
      }
      await breathe();
    }
  } finally {
    await Promise.all([exported.dispose(), program.dispose()]);
    cache.close();
  }
  const probabilityDifference = apart / Math.max(1, wholes);
  if (!(probabilityDifference <= probabilityTolerance))
    throw mismatch(
      `whole pictures give probabilities that differ by ${probabilityDifference.toPrecision(2)}`,
    );
  hooks.progress(total, total, 'writing the file');
  await writeFileWhole(out, [bytes]);
  return {
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    batch,
    pictures: total,
    logitDifference: largest,
    probabilityDifference,
  };
}

const mismatch = (reason: string): AppError =>
  new AppError('conflict', 'the exported model does not answer as the run does, so nothing was written', {
    reason,
  });

async function exportTensors(
  out: string,
  { model }: Architecture,
  weights: Weights,
  metadata: Record<string, string>,
): Promise<ExportOutcome> {
  const specs = [...model.parameters, ...model.buffers];
  await writeWeights(
    out,
    specs.map(({ name, shape }) => ({ name, shape, values: weights[name] })),
    { format: 'pt', ...metadata },
  );
  const written = await openWeights(out);
  try {
    for (const tensor of written.tensors) {
      const values = await written.read(tensor);
      if (values.every((value, i) => value === weights[tensor.name][i])) continue;
      await rm(out, { force: true });
      throw mismatch(`${tensor.name} was read back with another value`);
    }
  } finally {
    await written.close();
  }
  return {
    sizeBytes: (await stat(out)).size,
    sha256: await sha256Of(out),
    batch: null,
    pictures: 0,
    logitDifference: null,
    probabilityDifference: null,
  };
}
