// What a run's checkpoints hold beside the weights: where the run stands, and of which run they are.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../contracts/errors.ts';
import type { EpochMetrics } from '../../contracts/runs.ts';
import type { LabelledImage, TrainSpec } from '../../contracts/worker-protocol.ts';
import { stepVersion } from './train-step.ts';

/** Sums over the steps of an epoch that is not finished. */
const partialSchema = z.object({
  steps: z.int().min(0),
  pictures: z.int().min(0),
  correct: z.int().min(0),
  loss: z.record(z.string(), z.number()),
  seconds: z.number().min(0),
});
type PartialEpoch = z.infer<typeof partialSchema>;

const noSteps = (): PartialEpoch => ({ steps: 0, pictures: 0, correct: 0, loss: {}, seconds: 0 });

const bestSchema = z.object({
  epoch: z.int().min(1),
  accuracy: z.number().nullable(),
  crossEntropy: z.number().nullable(),
  /** Whether the penalties were at full weight; see `isBetter`. */
  full: z.boolean(),
});
type Best = z.infer<typeof bestSchema>;

const epochSchema = z.object({
  epoch: z.int().min(1),
  loss: z.record(z.string(), z.number()),
  trainAccuracy: z.number(),
  accuracy: z.number().nullable(),
  energyInBox: z.number().nullable(),
  learningRate: z.number(),
  seconds: z.number().min(0),
  picturesPerSecond: z.number().nullable(), // JSON has no infinity
}) satisfies z.ZodType<Omit<EpochMetrics, 'picturesPerSecond'>>;

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
  /** What `best.ckpt` holds from before the run had to begin again, until it has trained as far; absent otherwise. */
  kept: bestSchema.optional(),
  /** Finished epochs since the best one, counted for patience. */
  epochsWithoutGain: z.int().min(0),
  /** `stepVersion` of the steps that led here; those of before it was kept were of version 1. */
  stepVersion: z.int().min(1).default(1),
  /** Pictures worked off at a time since memory ran out; absent before. */
  part: z.int().min(2).optional(),
  /** Of convolutions that are not computed as the rules say, since others give other bits; absent where all are. */
  forms: z.record(z.string(), z.string()).optional(),
  /** Of all sessions of the run. */
  seconds: z.number().min(0),
  metrics: z.array(epochSchema),
});
export type RunRecord = Readonly<Omit<z.infer<typeof recordSchema>, 'metrics'>> & {
  readonly metrics: readonly EpochMetrics[];
};

export const newRecord = (
  { config, classes }: Pick<TrainSpec, 'config' | 'classes'>,
  begun: Pick<RunRecord, 'fingerprint' | 'random' | 'kept'>,
): RunRecord => ({
  ...begun,
  config,
  classes,
  stepVersion,
  epochs: 0,
  partial: noSteps(),
  best: null,
  epochsWithoutGain: 0,
  seconds: 0,
  metrics: [],
});

/** What happens to a run. */
export type RunEvent =
  /** One more step: the loss of its terms, and how many of its pictures were predicted rightly. */
  | {
      kind: 'step';
      pictures: number;
      correct: number;
      loss: Readonly<Record<string, number>>;
      seconds: number;
    }
  /** The end of an epoch. @param full  whether the penalties were at full weight */
  | { kind: 'epoch'; metrics: EpochMetrics; crossEntropy: number | null; full: boolean }
  | { kind: 'shrunk'; part: number }
  | { kind: 'tuned'; algorithms: RunRecord['forms'] }
  | { kind: 'time'; seconds: number };

/** Where a run stands after an event. `best.epoch` is then the epoch that just ended, if that is the best so far. */
export function after(record: RunRecord, event: RunEvent): RunRecord {
  switch (event.kind) {
    case 'step': {
      const { steps, pictures: images, correct, seconds, loss } = record.partial;
      const sums = Object.entries(event.loss).map(([term, value]) => [term, (loss[term] ?? 0) + value]);
      return {
        ...record,
        partial: {
          steps: steps + 1,
          pictures: images + event.pictures,
          correct: correct + event.correct,
          loss: { ...loss, ...Object.fromEntries(sums) },
          seconds: seconds + event.seconds,
        },
      };
    }
    case 'epoch': {
      const { metrics, crossEntropy, full } = event;
      const candidate = { epoch: metrics.epoch, accuracy: metrics.accuracy, crossEntropy, full };
      const isBest = isBetter(candidate, record.best);
      const { kept, ...others } = record;
      const isPassed = kept !== undefined && metrics.epoch >= kept.epoch;
      return {
        ...others,
        ...(kept && !isPassed && { kept }),
        epochs: metrics.epoch,
        partial: noSteps(),
        metrics: [...record.metrics, metrics],
        best: isBest ? candidate : isPassed ? kept : record.best,
        // Patience starts when the penalties are full; until then every epoch counts as gain.
        epochsWithoutGain: isBest || !full ? 0 : record.epochsWithoutGain + 1,
      };
    }
    case 'shrunk':
      return { ...record, part: event.part };
    case 'tuned':
      return { ...record, forms: event.algorithms };
    case 'time':
      return { ...record, seconds: event.seconds };
  }
}

/** The figures of the epoch whose steps are done. @param seen  on the selection split */
export function metricsOf(
  { epochs, partial }: RunRecord,
  seen: Pick<EpochMetrics, 'accuracy' | 'energyInBox'>,
  learningRate: number,
): EpochMetrics {
  const { steps, pictures: images, correct, loss, seconds } = partial;
  return {
    epoch: epochs + 1,
    loss: Object.fromEntries(Object.entries(loss).map(([term, sum]) => [term, sum / steps])),
    trainAccuracy: correct / images,
    accuracy: seen.accuracy,
    energyInBox: seen.energyInBox,
    learningRate,
    seconds,
    picturesPerSecond: images / seconds,
  };
}

/** Whether `best.ckpt` is to hold the epoch that just ended. */
export const replacesBest = ({ best, kept, epochs }: RunRecord): boolean =>
  best?.epoch === epochs && kept === undefined;

/** What `best.ckpt` holds; null while there is none, or none could be told from the others. */
export function bestOf({ best, kept }: RunRecord): { epoch: number; accuracy: number } | null {
  const held = kept ?? best;
  return held && held.accuracy !== null ? { epoch: held.epoch, accuracy: held.accuracy } : null;
}

/** How long what a record counts may be. */
interface RunLengths {
  epochs: number;
  /** Of one epoch. */
  steps: number;
  /** Pictures of one step. */
  batch: number;
  /** Of the loss. */
  terms: readonly string[];
}

/** @throws AppError 'bad-file' if it is no run record of these lengths, 'conflict' if it is of another run */
export function checkRecord(
  record: unknown,
  fingerprint: string,
  file: string,
  lengths: RunLengths,
): RunRecord {
  const refused = (place: string, reason: string): AppError =>
    new AppError('bad-file', 'the checkpoint does not say where its run stands', { file, place, reason });
  const parsed = recordSchema.safeParse(record);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refused(issue.path.join('.'), issue.message);
  }
  const { data } = parsed;
  if (data.fingerprint !== fingerprint)
    throw new AppError(
      'conflict',
      'the run cannot go on: its settings, pictures or boxes are not those it began with',
      {
        file,
        reason: 'resumed training would not equal uninterrupted training; start a new run',
      },
    );
  const wrong = contradictionIn(data, lengths);
  if (wrong) throw refused(...wrong);
  const metrics = data.metrics.map((one) => ({
    ...one,
    picturesPerSecond: one.picturesPerSecond ?? Infinity,
  }));
  return { ...data, metrics };
}

/** Place and reason of what cannot be so in a run of these lengths. */
function contradictionIn(
  { epochs, partial, best, part, metrics }: z.infer<typeof recordSchema>,
  lengths: RunLengths,
): [place: string, reason: string] | null {
  if (epochs > lengths.epochs) return ['epochs', `${epochs} of ${lengths.epochs} are finished`];
  if (metrics.length !== epochs || metrics.some(({ epoch }, i) => epoch !== i + 1))
    return ['metrics', `they are not those of epochs 1 to ${epochs}`];
  if (best && best.epoch > epochs) return ['best.epoch', `epoch ${best.epoch} is not finished`];
  if (partial.steps > lengths.steps) return ['partial.steps', `an epoch has ${lengths.steps}`];
  if (partial.pictures > partial.steps * lengths.batch || partial.correct > partial.pictures)
    return ['partial', `${partial.steps} steps do not see so many pictures`];
  const known = [...lengths.terms, 'total'];
  const expected = partial.steps > 0 ? known : [];
  if (
    expected.some((term) => !(term in partial.loss)) ||
    Object.keys(partial.loss).length !== expected.length
  )
    return ['partial.loss', `it is not of the terms ${known.join(', ')}`];
  if (partial.steps > 0 && partial.pictures === 0) return ['partial.pictures', 'its steps saw none'];
  if (part !== undefined && part > lengths.batch) return ['part', `a batch has ${lengths.batch} pictures`];
  return null;
}

/** Equal for two specs that train to the same bits. Pictures are known by content, so they may have moved. */
export function fingerprintOf({ config, params, classes, train, selection }: TrainSpec): string {
  const known = ({
    contentHash,
    classIndex,
    classIndices,
    regions,
    widthPx,
    heightPx,
    group,
  }: LabelledImage) => [
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
