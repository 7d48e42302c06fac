// Heat maps of any number of pictures by any method: what the screen, the command line and the measures all use.

import { AppError } from '../../contracts/errors.ts';
import { checkParams } from '../nn/registry.ts';
import type { Session } from '../runtime/index.ts';
import type { Samples, SampledMethod, SinglePassMethod, SaliencyMethod } from '../saliency/index.ts';
import { stretchMap } from '../data/heat.ts';
import { buildSamples, buildSaliency, sampleInput, sampleWeight } from './inference-steps.ts';
import { evaluationBatch, breathe, padTo, throwIfStopped } from '../data/evaluation-program.ts';
import { type Architecture, type Weights } from '../data/architecture.ts';
import { type SessionCache } from '../data/session-cache.ts';

export interface HeatMapsRequest {
  /** Its sizePx is that of `images`. */
  architecture: Architecture;
  weights: Weights;
  /** Compiled programs, kept by the caller: one for each method, parameters and batch. */
  sessions: SessionCache;
  method: SaliencyMethod;
  /** Checked here; defaults are filled in. */
  params: Readonly<Record<string, unknown>>;
  /** [N, 3, S, S] in [0, 1] */
  images: Float32Array;
  /** [N, K]: see `targetRows` */
  targets: Float32Array;
  /** [N], all classes of each picture, for the loss where a picture has several; else the explained class alone. */
  trueClasses?: readonly (readonly number[])[];
  /** Pictures of the training set, [3, S, S] in [0, 1] each, for the methods that compare with some. */
  references?: readonly Float32Array[];
  /** Whether the loss gradient is wanted, too, where the map is made of it. */
  withGradient?: boolean;
  /** Pictures a program holds at most. */
  batch?: number;
  /** Looked at before each run of a program. */
  signal?: AbortSignal;
}

export interface RawMaps {
  /** [N, side, side], >= 0, not scaled; of the size of the picture or of its feature maps */
  values: Float32Array;
  side: number;
  /** [N, K] */
  logits: Float32Array;
  /** [N, 3, S, S], d loss / d x; null unless asked for and what the map is made of */
  gradient: Float32Array | null;
}

/**
 * @returns  [N, S, S], >= 0, not scaled, at the size of the pictures
 * @throws   AppError 'cancelled'; 'bad-input' for parameters the method does not know, and where the model or the
 *           pictures lack what it needs
 */
export async function heatMaps(request: HeatMapsRequest): Promise<Float32Array> {
  const { values, side } = await rawMaps(request);
  const { sizePx } = request.architecture;
  if (side === sizePx) return values;
  const area = side * side;
  const maps = new Float32Array((values.length / area) * sizePx * sizePx);
  for (let i = 0; i * area < values.length; i++)
    maps.set(stretchMap(values.subarray(i * area, (i + 1) * area), side, side, sizePx), i * sizePx * sizePx);
  return maps;
}

/** As `heatMaps`, before they are stretched, and what the network says of the pictures. */
export async function rawMaps(request: HeatMapsRequest): Promise<RawMaps> {
  const { architecture, images, targets, trueClasses = [] } = request;
  const { sizePx, classes } = architecture;
  const length = 3 * sizePx * sizePx;
  const count = targets.length / classes;
  if (images.length !== count * length || count < 1)
    throw new AppError('internal', 'heat maps need a row of targets for each picture');
  const batch = Math.min(request.batch ?? evaluationBatch(sizePx), count);
  const mapper = mapperOf(request, batch);
  /** `size` values a row, from the batch's first row on. */
  const batchOf = (rows: Float32Array, from: number, size: number): Float32Array => {
    const part = rows.subarray(from * size, Math.min(count, from + batch) * size);
    return part.length === batch * size ? part : padTo(part, batch * size);
  };
  const labels = new Float32Array(count * classes);
  trueClasses.forEach((classIndices, row) => classIndices.forEach((k) => (labels[row * classes + k] = 1)));
  const logits = new Float32Array(count * classes);
  let values = new Float32Array(0);
  let gradient: Float32Array | null = null;
  for (let from = 0; from < count; from += batch) {
    const made = await mapper({
      images: batchOf(images, from, length),
      target: batchOf(targets, from, classes),
      labels: batchOf(labels, from, classes),
    });
    const rows = Math.min(batch, count - from);
    const area = made.map.length / batch; // programs tell the size of a result only by giving it
    if (from === 0) values = new Float32Array(count * area);
    values.set(made.map.subarray(0, rows * area), from * area);
    logits.set(made.logits.subarray(0, rows * classes), from * classes);
    if (!made.gradient) continue;
    gradient ??= new Float32Array(images.length);
    gradient.set(made.gradient.subarray(0, rows * length), from * length);
  }
  // Maps are square because pictures are.
  return { values, side: Math.round(Math.sqrt(values.length / count)), logits, gradient };
}

/**
 * Weights of the classes to explain, one row a picture: 1 at its own class and -1 at `versus`, if given.
 * @param targets  class index of each picture
 * @param versus   one class that all are held against
 * @returns        [N, K]
 * @throws         AppError 'bad-input' for a class held against itself
 */
export function targetRows(
  targets: ArrayLike<number>,
  classes: number,
  versus: number | null = null,
): Float32Array {
  const rows = new Float32Array(targets.length * classes);
  for (let row = 0; row < targets.length; row++) {
    if (targets[row] === versus)
      throw new AppError('bad-input', 'a class cannot be held against itself: choose another one');
    rows[row * classes + targets[row]] = 1;
    if (versus !== null) rows[row * classes + versus] = -1;
  }
  return rows;
}

type Mapper = (feeds: Record<'images' | 'target' | 'labels', Float32Array>) => Promise<{
  map: Float32Array;
  logits: Float32Array;
  gradient?: Float32Array;
}>;

function mapperOf(
  { architecture, weights, sessions, method, params, references = [], signal, ...request }: HeatMapsRequest,
  batch: number,
): Mapper {
  const { key, sizePx } = architecture;
  const checked = checkParams(method, params);
  const name = `${key}/maps/${sizePx}/${method.id}/${JSON.stringify(checked)}/${batch}`;
  const run = async (session: Session, feeds: Parameters<Session['run']>[0]) => {
    await breathe();
    throwIfStopped(signal, 'the heat map');
    const outputs = await session.run({ ...weights, ...feeds });
    return outputs as Awaited<ReturnType<Mapper>> & { total: Float32Array };
  };
  const build = { ...architecture, batch, params: checked };
  if (!isSampled(method))
    return async (feeds) => {
      const { withGradient } = request;
      const key = withGradient ? `${name}/gradient` : name;
      const session = await sessions.get(key, () => buildSaliency({ ...build, method, withGradient }));
      return run(session, feeds);
    };

  const samples = method.samples(checked, { sizePx, references });
  const room = Math.max(1, Math.floor((request.batch ?? evaluationBatch(sizePx)) / batch));
  // As few runs as there is room for, and those of equal size.
  const runs = Math.ceil(samples.count / room);
  const perRun = Math.ceil(samples.count / runs);
  return async (feeds) => {
    const session = await sessions.get(`${name}/${perRun}`, () =>
      buildSamples({ ...build, method, shapes: samples.shapes, samples: perRun }),
    );
    let outputs: Awaited<ReturnType<typeof run>> | undefined;
    let total: Float32Array = new Float32Array(batch * method.channels * sizePx * sizePx);
    for (let from = 0; from < samples.count; from += perRun) {
      outputs = await run(session, { ...feeds, total, ...feedsOf(samples, from, perRun) });
      ({ total } = outputs);
    }
    return outputs!;
  };
}

const isSampled = (method: SinglePassMethod | SampledMethod): method is SampledMethod => 'samples' in method;

/** Samples from `from` on; what is missing at the end is filled up with samples that do not count. */
function feedsOf(samples: Samples, from: number, perRun: number): Record<string, Float32Array> {
  const weight = new Float32Array(perRun);
  const feeds: Record<string, Float32Array> = { [sampleWeight]: weight };
  for (const [name, shape] of Object.entries(samples.shapes))
    feeds[sampleInput(name)] = new Float32Array(perRun * shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < perRun && from + i < samples.count; i++) {
    const sample = samples.at(from + i);
    weight[i] = sample.weight;
    for (const [name, values] of Object.entries(sample.fed))
      feeds[sampleInput(name)].set(values, i * values.length);
  }
  return feeds;
}
