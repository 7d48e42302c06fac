// The folder that a sweep is written out as, for other machines: numbered tasks that hold all they need, the pictures and
// weights they share by hash, and what became of each. Everything in it may come from elsewhere, so all that is read is
// checked.
//
//   plan.json               which plan it is, of how many tasks
//   data/<hash>.json.gz     classes, pictures and shapes, once
//   images/<aa>/<hash>      pictures by content
//   weights/<hash>          weights that runs start from
//   cache/                  decoded pictures, shared by all tasks
//   tasks/0001/task.json    what to train; beside it its lease, its run's folder and its result

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { AppError } from '../contracts/errors.ts';
import { paramsSchema } from '../contracts/methods.ts';
import { measuresAskedSchema } from '../contracts/metrics.ts';
import { runConfigSchema } from '../contracts/runs.ts';
import type { EvaluateOutcome, LabelledImage } from '../contracts/worker-protocol.ts';

const VERSION = 1;
const hashSchema = z.string().regex(/^[0-9a-f]{64}$/);
const planIdSchema = z.string().regex(/^[0-9a-f-]{36}$/);

export const planSchema = z.object({
  version: z.literal(VERSION),
  id: planIdSchema,
  tasks: z.int().min(1).max(1_000_000),
  codeVersion: z.string().max(64),
});
export type Plan = z.infer<typeof planSchema>;

export const taskSchema = z.object({
  version: z.literal(VERSION),
  plan: planIdSchema,
  task: z.int().min(1),
  /** Place in the sweep's plan. */
  position: z.int().min(0),
  config: runConfigSchema,
  /** Of the data file. */
  data: hashSchema,
  measures: measuresAskedSchema,
});
export type Task = z.infer<typeof taskSchema>;

/** What all tasks of a plan train and measure on. `file` of a picture is below the plan's folder. */
export interface TaskData {
  classes: string[];
  groups: string[];
  train: LabelledImage[];
  selection: LabelledImage[];
  tuning: LabelledImage[];
  test: LabelledImage[];
}

const metricSchema = z.number().nullable();
/** What is known of a value is checked, and what a newer measure adds to it is kept. */
const metricsSchema = z.array(
  z.looseObject({
    measure: z.string().max(64),
    value: metricSchema,
    low: metricSchema,
    high: metricSchema,
    pictures: z.number(),
    skipped: z.number(),
    params: paramsSchema,
    /** In the order of the pictures. */
    ofImages: z.array(metricSchema).nullable(),
  }),
) as unknown as z.ZodType<EvaluateOutcome['metrics']>;
const epochSchema = z.object({
  epoch: z.int().min(1),
  loss: z.record(z.string(), z.number()),
  trainAccuracy: z.number(),
  accuracy: metricSchema,
  energyInBox: metricSchema,
  learningRate: z.number(),
  seconds: z.number().min(0),
  picturesPerSecond: z.number().nullable(),
});

/** Of a run, that come home. */
export const runFiles = ['best.ckpt', 'last.ckpt', 'algorithms.json'] as const;

export const resultSchema = z.object({
  version: z.literal(VERSION),
  plan: planIdSchema,
  task: z.int().min(1),
  /** SHA-256 of task.json, so that a result of another task is known. */
  of: hashSchema,
  codeVersion: z.string().max(64),
  device: z.string().max(32),
  seconds: z.number().min(0),
  epochs: z.array(epochSchema),
  best: z.object({ epoch: z.int().min(1), accuracy: z.number() }).nullable(),
  warnings: z.array(z.string()).max(1000),
  outcome: z.discriminatedUnion('state', [
    z.object({
      state: z.literal('done'),
      tuning: metricsSchema,
      test: z.object({
        metrics: metricsSchema,
        confusion: z.array(z.array(z.number())),
        images: z.array(
          z.object({
            imageId: z.int(),
            predictedIndex: z.int().min(0),
            trueScore: z.number(),
            predictedScore: z.number(),
            areaShare: metricSchema,
          }),
        ),
      }),
      /** SHA-256 of the run's files. */
      files: z.partialRecord(z.enum(runFiles), hashSchema),
    }),
    z.object({
      state: z.literal('failed'),
      error: z.object({
        code: z.literal('bad-input'),
        message: z.string().max(2000),
        detail: z.record(z.string(), z.union([z.string(), z.number()])),
      }),
    }),
  ]),
});
export type TaskResult = z.infer<typeof resultSchema>;

export const planFile = (folder: string): string => path.join(folder, 'plan.json');
export const dataFile = (folder: string, hash: string): string =>
  path.join(folder, 'data', `${hash}.json.gz`);
/** Below the plan's folder. */
export const imagePath = (hash: string): string => path.join('images', hash.slice(0, 2), hash);
export const weightsFile = (folder: string, hash: string): string => path.join(folder, 'weights', hash);
export const cacheFolder = (folder: string): string => path.join(folder, 'cache');
export const taskFolder = (folder: string, task: number): string =>
  path.join(folder, 'tasks', String(task).padStart(4, '0'));
export const taskFile = (folder: string, task: number): string =>
  path.join(taskFolder(folder, task), 'task.json');
export const resultFile = (folder: string, task: number): string =>
  path.join(taskFolder(folder, task), 'result.json');
export const runFolder = (folder: string, task: number): string => path.join(taskFolder(folder, task), 'run');

export const sha256 = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex');

/** @throws AppError 'not-found', 'bad-file' naming the file and what is wrong with it */
export function readPlan(folder: string): Plan {
  if (!fs.existsSync(planFile(folder)))
    throw new AppError('not-found', `${path.basename(folder)} holds no plan of a sweep`, {
      file: path.basename(folder),
      reason: 'it has no plan.json: `fovea sweep PROJECT … --plan DIR` writes one',
    });
  return readChecked(planSchema, planFile(folder), 'plan.json').value;
}

/** @throws AppError 'bad-input' for a task that the plan does not have, 'bad-file' for one that was changed */
export function readTask(folder: string, task: number): { task: Task; hash: string } {
  const plan = readPlan(folder);
  if (!Number.isSafeInteger(task) || task < 1 || task > plan.tasks)
    throw new AppError('bad-input', `there is no task ${task}: this plan has tasks 1 to ${plan.tasks}`);
  const name = path.relative(folder, taskFile(folder, task));
  const { value, bytes } = readChecked(taskSchema, taskFile(folder, task), name);
  if (value.plan !== plan.id || value.task !== task)
    throw new AppError('bad-file', `${name} is of another plan or task`, { file: name });
  return { task: value, hash: sha256(bytes) };
}

export function packData(data: TaskData): { hash: string; bytes: Buffer } {
  const json = JSON.stringify(data);
  return { hash: sha256(json), bytes: gzipSync(json) };
}

/** Absolute picture files. @throws AppError 'bad-file' if it is not what its name says */
export function readData(folder: string, hash: string): TaskData {
  const file = dataFile(folder, hash);
  const name = path.relative(folder, file);
  let json: string;
  try {
    json = gunzipSync(fs.readFileSync(file)).toString('utf8');
  } catch (cause) {
    throw new AppError('bad-file', `${name} cannot be read`, { file: name }, cause);
  }
  if (sha256(json) !== hash)
    throw new AppError('bad-file', `${name} is damaged: its content is not what its name says`, {
      file: name,
    });
  const data = JSON.parse(json) as TaskData;
  for (const part of ['train', 'selection', 'tuning', 'test'] as const)
    for (const image of data[part]) image.file = path.join(folder, imagePath(image.contentHash));
  return data;
}

/** A task's result; null while there is none. @throws AppError 'bad-file' naming it */
export function readResult(folder: string, plan: Plan, task: number): TaskResult | null {
  const file = resultFile(folder, task);
  if (!fs.existsSync(file)) return null;
  const name = path.relative(folder, file);
  const { value } = readChecked(resultSchema, file, name);
  if (value.plan !== plan.id) throw new AppError('bad-file', `${name} is of another plan`, { file: name });
  if (value.task !== task || value.of !== readTask(folder, task).hash)
    throw new AppError('bad-file', `${name} is of another task`, { file: name });
  return value;
}

function readChecked<T>(schema: z.ZodType<T>, file: string, name: string): { value: T; bytes: Buffer } {
  let bytes: Buffer;
  let json: unknown;
  try {
    bytes = fs.readFileSync(file);
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? 'it is no JSON' : 'it cannot be opened';
    throw new AppError('bad-file', `${name}: ${reason}`, { file: name, reason }, cause);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { value: parsed.data, bytes };
  const [issue] = parsed.error.issues;
  const place = issue.path.join('.');
  throw new AppError('bad-file', `${name}: ${place}: ${issue.message}`, { file: name, place });
}
