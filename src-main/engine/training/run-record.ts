// What a run's checkpoints hold beside the weights: where the run stands, and of which run they are.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../contracts/errors.ts';
import type { EpochMetrics } from '../../contracts/runs.ts';
import type { Picture, TrainSpec } from '../../contracts/worker-protocol.ts';

/** Sums over the steps of an epoch that is not finished. */
const partialSchema = z.object({
  steps: z.int().min(0),
  pictures: z.int().min(0),
  correct: z.int().min(0),
  loss: z.record(z.string(), z.number()),
  seconds: z.number().min(0),
});
export type PartialEpoch = z.infer<typeof partialSchema>;

export const noSteps = (): PartialEpoch => ({ steps: 0, pictures: 0, correct: 0, loss: {}, seconds: 0 });

const bestSchema = z.object({
  epoch: z.int().min(1),
  accuracy: z.number().nullable(),
  crossEntropy: z.number().nullable(),
  /** Whether the penalties were at full weight; see `isBetter`. */
  full: z.boolean(),
});
export type Best = z.infer<typeof bestSchema>;

const recordSchema = z.object({
  /** Of the run's configuration, classes and pictures. */
  fingerprint: z.string(),
  config: z.unknown(),
  classes: z.array(z.string()),
  /** State of the run's generator, which epochs and steps fork by name. */
  random: z.array(z.number()),
  /** Finished. */
  epochs: z.int().min(0),
  partial: partialSchema,
  best: bestSchema.nullable(),
  /** Finished epochs since the best one, counted for patience. */
  epochsWithoutGain: z.int().min(0),
  /** Pictures worked off at a time since memory ran out; absent before. */
  part: z.int().min(2).optional(),
  /** Of convolutions that are not computed as the rules say, since others give other bits; absent where all are. */
  forms: z.record(z.string(), z.string()).optional(),
  /** Of all sessions of the run. */
  seconds: z.number().min(0),
  metrics: z.array(z.unknown()),
});
export type RunRecord = Omit<z.infer<typeof recordSchema>, 'metrics'> & { metrics: EpochMetrics[] };

/** @throws AppError 'bad-file' if it is no run record, 'conflict' if it is of another run */
export function checkRecord(record: unknown, fingerprint: string, file: string): RunRecord {
  const parsed = recordSchema.safeParse(record);
  if (!parsed.success)
    throw new AppError('bad-file', 'the checkpoint does not say where its run stands', {
      file,
      place: parsed.error.issues[0].path.join('.'),
      reason: parsed.error.issues[0].message,
    });
  if (parsed.data.fingerprint !== fingerprint)
    throw new AppError(
      'conflict',
      'the run cannot go on: its settings, pictures or boxes are not those it began with',
      {
        file,
        reason: 'resumed training would not equal uninterrupted training; start a new run',
      },
    );
  return parsed.data as RunRecord;
}

/** Equal for two specs that train to the same bits. Pictures are known by content, so they may have moved. */
export function fingerprintOf({ config, params, classes, train, selection }: TrainSpec): string {
  const known = ({ contentHash, classIndex, classIndices, regions, widthPx, heightPx, group }: Picture) => [
    contentHash,
    classIndex,
    widthPx,
    heightPx,
    regions,
    ...(group === undefined ? [] : [group]),
    ...(classIndices === undefined ? [] : [classIndices]),
  ];
  return createHash('sha256')
    .update(JSON.stringify([sorted(config), sorted(params), classes, train.map(known), selection.map(known)]))
    .digest('hex');
}

/** With keys in order at every depth: a record that went through a database may have others. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

/**
 * Whether an epoch beats the best so far: higher accuracy on the selection split, then lower cross-entropy. Epochs in
 * which the penalties are still being ramped in are outdone by any with full penalties: early on they win on a
 * split that shares the shortcut, and would hand back the network that the penalties are there to prevent. Without a
 * selection split the later epoch wins.
 */
export function isBetter(candidate: Omit<Best, 'epoch'>, best: Omit<Best, 'epoch'> | null): boolean {
  if (best === null) return true;
  if (candidate.full !== best.full) return candidate.full;
  if (candidate.accuracy === null || best.accuracy === null) return true;
  if (candidate.accuracy !== best.accuracy) return candidate.accuracy > best.accuracy;
  return (candidate.crossEntropy ?? Infinity) < (best.crossEntropy ?? Infinity);
}
