// Training runs. A run's number is its id, which is never used twice, so runs are never overwritten.

import type { ErrorRecord } from '../contracts/errors.ts';
import type { RunId } from '../contracts/ids.ts';
import type { BestEpoch, RunConfig, RunState, TrainedOn } from '../contracts/runs.ts';
import type { Connection } from './database.ts';
import { jsonOrNull, parse, parseOrNull } from './rows.ts';

export interface StoredRun {
  id: RunId;
  config: RunConfig;
  state: RunState;
  createdAt: number;
  epochsDone: number;
  seconds: number;
  device: string;
  best: BestEpoch | null;
  /** On the selection split at the best epoch. */
  energyInBox: number | null;
  error: ErrorRecord | null;
  trainedOn: TrainedOn;
  snapshotId: number;
}

interface Row {
  id: RunId;
  config: string;
  state: RunState;
  createdAt: number;
  epochsDone: number;
  seconds: number;
  device: string;
  bestEpoch: number | null;
  bestAccuracy: number | null;
  energyInBox: number | null;
  error: string | null;
  trainedOn: string;
  snapshotId: number;
}

const SELECT = `SELECT id, config, state, created_at AS createdAt, epochs_done AS epochsDone, run.seconds,
    device, best_epoch AS bestEpoch, best_accuracy AS bestAccuracy, energy_in_box AS energyInBox, error,
    trained_on AS trainedOn, snapshot_id AS snapshotId
  FROM run LEFT JOIN epoch_metric ON run_id = run.id AND epoch = best_epoch`;

const toRun = ({ bestEpoch, bestAccuracy, ...row }: Row): StoredRun => ({
  ...row,
  config: parse<RunConfig>(row.config),
  best: bestEpoch === null || bestAccuracy === null ? null : { epoch: bestEpoch, accuracy: bestAccuracy },
  error: parseOrNull<ErrorRecord>(row.error),
  trainedOn: parse<TrainedOn>(row.trainedOn),
});

export type RunsRepository = ReturnType<typeof runsRepository>;

export function runsRepository(db: Connection) {
  const all = db.prepare<[], Row>(`${SELECT} ORDER BY id DESC`);
  const byId = db.prepare<[number], Row>(`${SELECT} WHERE id = ?`);
  const insert = db.prepare(`
    INSERT INTO run (config, state, created_at, trained_on, snapshot_id, code_version)
    VALUES (?, 'waiting', ?, ?, ?, ?)`);
  const setState = db.prepare('UPDATE run SET state = ?, error = ? WHERE id = ?');
  const setProgress = db.prepare(`
    UPDATE run SET epochs_done = (SELECT coalesce(max(epoch), 0) FROM epoch_metric WHERE run_id = run.id), best_epoch = ?, best_accuracy = ?,
      seconds = (SELECT coalesce(sum(seconds), 0) FROM epoch_metric WHERE run_id = run.id) WHERE id = ?`);
  const setOutcome = db.prepare('UPDATE run SET device = ?, seconds = ? WHERE id = ?');
  const warn = db.prepare(
    `UPDATE run SET trained_on = json_insert(trained_on, '$.warnings[#]', ?) WHERE id = ?`,
  );
  const interrupt = db.prepare(`UPDATE run SET state = 'interrupted' WHERE state IN ('running', 'waiting')`);
  const remove = db.prepare('DELETE FROM run WHERE id = ?');
  return {
    /** Newest first. */
    all: (): StoredRun[] => all.all().map(toRun),
    byId(id: number): StoredRun | null {
      const row = byId.get(id);
      return row ? toRun(row) : null;
    },
    add: (config: RunConfig, trainedOn: TrainedOn, snapshotId: number, codeVersion: string): RunId =>
      Number(
        insert.run(JSON.stringify(config), Date.now(), JSON.stringify(trainedOn), snapshotId, codeVersion)
          .lastInsertRowid,
      ) as RunId,
    setState: (id: RunId, state: RunState, error: ErrorRecord | null = null): void =>
      void setState.run(state, jsonOrNull(error), id),
    /** Epochs and seconds are those of the epochs that are kept. */
    setProgress: (id: RunId, best: BestEpoch | null): void =>
      void setProgress.run(best?.epoch ?? null, best?.accuracy ?? null, id),
    setOutcome: (id: RunId, device: string, seconds: number): void =>
      void setOutcome.run(device, seconds, id),
    /** Adds to the warnings of what the run trains on. */
    warn: (id: RunId, message: string): void => void warn.run(message, id),
    /** Runs that were going on when the core died. To be called before any run starts. */
    interruptAll: (): number => interrupt.run().changes,
    remove: (id: RunId): void => void remove.run(id),
  };
}
