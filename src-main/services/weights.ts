// Weights that runs can start from: those in the app's own folder, and those kept in its data folder, by name, with the
// hash that names them in a run's record. The latter come from the catalogue or from a file a person chose; either way
// they are read once before they count.

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError } from '../contracts/errors.ts';
import type { JobId, RunId } from '../contracts/ids.ts';
import type { RunConfig, Start } from '../contracts/runs.ts';
import type { StartFit, WeightsInfo } from '../contracts/weights.ts';
import { models } from '../engine/nn/models/index.ts';
import type { BuiltModel, Model } from '../engine/nn/model.ts';
import { fitWeights, nearness } from '../engine/nn/pretrained.ts';
import { workerForChecks } from './checks.ts';
import type { StoredTensor } from '../engine/nn/safetensors.ts';
import { makeFolder } from '../files/write-file.ts';
import { openWeights, sha256Of } from '../engine/data/weights-file.ts';
import type { Context, Handlers } from '../core/context.ts';
import { download } from './download.ts';
import type { JobHandle } from '../core/jobs.ts';
import { readJson, writeJson } from '../core/json-file.ts';
import { requireWeights } from './evaluations.ts';
import { writeModel } from './model-exports.ts';
import { nameOf } from '../core/open-project.ts';
import { storedRun } from './run-records.ts';
import { hubFrom, throughProxy, type Hub } from './weights-hub.ts';
import { bundled, catalogue, type BundledWeights, type CatalogueEntry } from './weights-catalogue.ts';

export const weightsHandlers: Handlers<
  'weights.list' | 'weights.get' | 'weights.import' | 'weights.ofRun' | 'weights.fit'
> = {
  'weights.list': (context) => listWeights(context),
  'weights.get': (context, { name, sha256 }) => startDownload(context, name, sha256 ?? null),
  'weights.import': (context, { file }) => importWeights(context, context.files.resolve(file)),
  'weights.ofRun': (context, { runId }) => startTaking(context, runId),
  'weights.fit': (context, { start, config, classes }) => fitOf(context, start, config, classes),
};

const recordSchema = z.object({
  name: z.string(),
  sha256: z.string(),
  sizeBytes: z.number(),
  models: z.array(z.string()),
  origin: z.enum(['catalogue', 'file', 'run']),
});
type WeightsRecord = z.infer<typeof recordSchema>;
const isIndex = (value: unknown): value is WeightsRecord[] => z.array(recordSchema).safeParse(value).success;

const folderOf = ({ options }: Context): string => path.join(options.dataFolder, 'weights');
const indexOf = (context: Context): string => path.join(folderOf(context), 'index.json');
/** Where weights with this hash are kept, or would be. */
const keptFile = (context: Context, sha256: string): string =>
  path.join(folderOf(context), `${sha256}.safetensors`);
const bundledFile = ({ options }: Context, { file }: BundledWeights): string =>
  path.join(options.weightsFolder, file);
const bundledHere = (context: Context): readonly BundledWeights[] =>
  bundled.filter((one) => existsSync(bundledFile(context, one)));
/** Where weights with this hash lie, or would. */
export function fileOf(context: Context, sha256: string): string {
  const own = bundledHere(context).find((one) => one.sha256 === sha256);
  return own ? bundledFile(context, own) : keptFile(context, sha256);
}
const recordsOf = (context: Context): WeightsRecord[] => readJson(indexOf(context), [], isIndex);

/** What comes with the app, the catalogue, then what was taken in. */
function listWeights(context: Context): WeightsInfo[] {
  const records = recordsOf(context);
  const own = bundledHere(context).map(
    ({ name, model, sizeBytes, sha256, licence, settings }): WeightsInfo => ({
      name,
      origin: 'bundled',
      models: [model],
      sizeBytes,
      sha256,
      licence,
      settings,
    }),
  );
  const published = catalogue.map(({ name, model, aboutBytes, licence }): WeightsInfo => {
    const here = records.find((one) => one.name === name);
    return {
      name,
      licence,
      origin: 'catalogue',
      models: here?.models ?? [model],
      sizeBytes: here?.sizeBytes ?? aboutBytes,
      sha256: here?.sha256 ?? null,
    };
  });
  const taken = records
    .filter(({ origin }) => origin !== 'catalogue')
    .map((record): WeightsInfo => ({ ...record, licence: null }));
  return [...own, ...published, ...taken];
}

function startDownload(context: Context, name: string, sha256: string | null): JobId {
  const entry = entryOf(name);
  const hub = hubFrom();
  const job = context.jobs.start(
    { kind: 'download', title: `Weights ${name}`, unit: 'bytes', queue: 'download' },
    (handle) => fetchEntry(context, entry, hub, sha256, handle),
  );
  return job.id;
}

function entryOf(name: string): CatalogueEntry {
  const entry = catalogue.find((one) => one.name === name);
  if (entry) return entry;
  if (bundled.some((one) => one.name === name))
    throw new AppError('conflict', `${name} comes with the app and needs no download`);
  throw new AppError('not-found', `there are no weights "${name}" in the catalogue`, {
    reason: `known are ${catalogue.map((one) => one.name).join(', ')}`,
  });
}

async function fetchEntry(
  context: Context,
  entry: CatalogueEntry,
  { base, token }: Hub,
  sha256: string | null,
  handle: JobHandle,
): Promise<WeightsInfo> {
  const { name } = entry;
  const known = recordsOf(context).find((one) => one.name === name);
  if (known && (await sizeOf(keptFile(context, known.sha256))) === known.sizeBytes)
    return infoOf(context, name);
  makeFolder(folderOf(context));
  const file = path.join(folderOf(context), `${name}.safetensors`);
  const got = await throughProxy(() =>
    download({
      address: `${base}/${entry.path}`,
      token,
      file,
      name,
      signal: handle.signal,
      maxBytes: 2 * entry.aboutBytes + 1_000_000,
      sha256: sha256 ?? known?.sha256 ?? null,
      onProgress: (done, total) => handle.progress(done, total),
    }),
  );
  try {
    await keep(context, file, name, got, 'catalogue', entry.model);
  } finally {
    await rm(file, { force: true });
  }
  return infoOf(context, name);
}

/**
 * Copies a weights file into the data folder, so that runs can be taken up when the original is gone. The same file
 * again is the same weights.
 * @param file    absolute
 * @param called  what the weights are called
 * @throws AppError 'bad-file' when it is damaged or fits no model
 */
async function importWeights(
  context: Context,
  file: string,
  called = path.basename(file).replace(/\.safetensors$/, ''),
  origin: 'file' | 'run' = 'file',
): Promise<WeightsInfo> {
  const sha256 = await sha256Of(file);
  const own = bundledHere(context).find((one) => one.sha256 === sha256);
  if (own) return infoOf(context, own.name);
  const known = recordsOf(context).find((one) => one.sha256 === sha256);
  if (known && (await sizeOf(keptFile(context, sha256))) === known.sizeBytes)
    return infoOf(context, known.name);
  makeFolder(folderOf(context));
  const copy = path.join(folderOf(context), `${sha256}.${process.pid}.new`);
  try {
    await copyFile(file, copy);
    const name = known?.name ?? freeName(context, called);
    await keep(context, copy, name, await sha256Of(copy), origin, null, path.basename(file));
    return infoOf(context, name);
  } finally {
    await rm(copy, { force: true });
  }
}

/** What a run has learnt, taken in as a file that a person brought would be. */
function startTaking(context: Context, runId: RunId): JobId {
  const project = context.project();
  const run = storedRun(project, runId);
  requireWeights(project, runId);
  return context.jobs.start(
    { kind: 'weights', title: `Weights of run ${runId}`, unit: 'pictures', runId },
    async (handle) => {
      makeFolder(folderOf(context));
      const out = path.join(folderOf(context), `${randomUUID()}.new.safetensors`);
      try {
        await writeModel(context, project, run, { format: 'safetensors', out }, handle);
        return await importWeights(context, out, `${nameOf(project)}, run ${runId}`, 'run');
      } finally {
        await rm(out, { force: true });
      }
    },
  ).id;
}

/** Checks a file and takes it in under its hash. @param called what messages call it */
async function keep(
  context: Context,
  file: string,
  name: string,
  sha256: string,
  origin: WeightsRecord['origin'],
  model: string | null,
  called = name,
): Promise<void> {
  const opened = await openWeights(file, called);
  const { tensors } = opened;
  let fitting: string[];
  try {
    fitting = modelsOf(tensors);
    if (fitting.length > 0) await opened.refuseNotFinite();
  } finally {
    await opened.close();
  }
  if (fitting.length === 0 || (model !== null && !fitting.includes(model)))
    throw new AppError(
      'bad-file',
      `${called} ${model ? `does not fit ${model}` : 'fits none of the models'}`,
      {
        file: called,
        reason:
          whyNot(model, tensors) ??
          `it has ${tensors.length} tensors, the first is ${tensors[0]?.name ?? 'missing'}`,
      },
    );
  const { size } = await stat(file);
  await rename(file, keptFile(context, sha256));
  const others = recordsOf(context).filter((one) => one.name !== name);
  writeJson(indexOf(context), [...others, { name, sha256, sizeBytes: size, models: fitting, origin }]);
}

/** A model as a file may have been made for it: its first layer may be one for large or for small pictures. */
function buildsOf(model: Model, tensors: readonly StoredTensor[]): BuiltModel[] {
  // A model that reads every pixel shows in its first layer for which side it was made.
  const pixels = tensors.find(({ name }) => name === 'fc1.weight')?.shape[1] ?? 0;
  const sizePx = model.id === 'mlp' ? Math.sqrt(pixels / 3) : 224;
  if (!Number.isInteger(sizePx) || sizePx < 1) return [];
  return (['imagenet', 'small'] as const).map((stem) =>
    model.build({ classes: 2, sizePx, pool: 'average', stem }),
  );
}

/** What keeps the tensors from being those of a model, in a clause; undefined if nothing does. */
function misfit(built: BuiltModel, id: string, tensors: readonly StoredTensor[]): string | undefined {
  try {
    fitWeights(built, id, tensors, 'it');
    return undefined;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'bad-file')
      return thrown.message.replace(`it does not fit ${id}: `, '');
    throw thrown;
  }
}

/** Ids of the models whose body the tensors are, whatever the classes, at some side of the pictures. */
const modelsOf = (tensors: readonly StoredTensor[]): string[] =>
  models
    .filter((model) => buildsOf(model, tensors).some((built) => !misfit(built, model.id, tensors)))
    .map(({ id }) => id);

/** With less of a model's names than this a file has nothing to do with it. */
const leastNearness = 0.3;

/** What does not fit the model, or the nearest of all if none is given; undefined where no model is near. */
function whyNot(wanted: string | null, tensors: readonly StoredTensor[]): string | undefined {
  let nearest: { id: string; share: number; why: string } | undefined;
  for (const model of models.filter(({ id }) => wanted === null || id === wanted))
    for (const built of buildsOf(model, tensors)) {
      const share = nearness(built, tensors);
      const why = misfit(built, model.id, tensors);
      if (why && share >= leastNearness && share > (nearest?.share ?? 0))
        nearest = { id: model.id, share, why };
    }
  return nearest && (wanted === null ? `the nearest is ${nearest.id}, but ${nearest.why}` : nearest.why);
}

/** `wanted`, or with a number behind if other weights have that name. */
function freeName(context: Context, wanted: string): string {
  const taken = new Set([...bundled, ...catalogue, ...recordsOf(context)].map(({ name }) => name));
  const name = wanted.slice(0, 150) || 'weights';
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}

const infoOf = (context: Context, name: string): WeightsInfo =>
  listWeights(context).find((one) => one.name === name)!;

/**
 * The file a run starts from.
 * @throws AppError 'not-found' when it is not here (any more)
 */
async function startFile(context: Context, { name, sha256 }: Start): Promise<string> {
  const file = fileOf(context, sha256);
  if ((await sizeOf(file)) > 0) return file;
  throw new AppError('not-found', `the weights ${name} are not here`, {
    reason: 'see `fovea weights list`; get or import them again',
  });
}

/**
 * How weights fit the model of a run.
 * @throws AppError 'not-found', 'bad-file' naming the first tensor that does not fit
 */
export async function fitOf(
  context: Context,
  start: Start,
  config: Pick<RunConfig, 'model' | 'sizePx' | 'settings'>,
  classes: number,
): Promise<StartFit> {
  const { model, sizePx, settings } = config;
  return workerForChecks(context)('fit', {
    config: { model, sizePx, settings },
    classes,
    name: start.name,
    file: await startFile(context, start),
  });
}

const sizeOf = async (file: string): Promise<number> => (await stat(file).catch(() => ({ size: 0 }))).size;
