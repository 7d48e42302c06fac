// Sweeps, and which run is which of their plan. What a sweep's run scores is kept here: on the tuning pictures, and on
// the test pictures as the sweep asked, since anyone may evaluate the run otherwise later.

import type { ErrorRecord } from '../contracts/errors.ts';
import type { RunId, SweepId } from '../contracts/ids.ts';
import type { MetricValue } from '../contracts/metrics.ts';
import type { TrainedOn } from '../contracts/runs.ts';
import type { SweepConfig } from '../contracts/sweeps.ts';
import type { Connection } from './database.ts';
import { jsonOrNull, parse, parseOrNull } from './rows.ts';

export interface StoredSweep {
  id: SweepId;
  config: SweepConfig;
  createdAt: number;
  trainedOn: TrainedOn;
  snapshotId: number;
  /** Of the tasks that it was written out as; null for one that is trained here. */
  plan: SweepTasks | null;
  error: ErrorRecord | null;
}

export interface SweepTasks {
  /** Of the folder, by which it is known again. */
  id: string;
  tasks: number;
}

export interface StoredSweepRun {
  /** Place in the sweep's plan. */
  position: number;
  runId: RunId;
  /** On the tuning pictures, by the measures' keys; null until measured. */
  figures: Record<string, MetricValue> | null;
  /** On the test pictures, likewise. */
  test: Record<string, MetricValue> | null;
}

type Row = Omit<StoredSweep, 'config' | 'trainedOn' | 'plan' | 'error'> &
  Record<'config' | 'trainedOn', string> &
  Record<'plan' | 'error', string | null>;
const toSweep = (row: Row): StoredSweep => ({
  ...row,
  config: parse<SweepConfig>(row.config),
  trainedOn: parse<TrainedOn>(row.trainedOn),
  plan: parseOrNull<SweepTasks>(row.plan),
  error: parseOrNull<ErrorRecord>(row.error),
});

export type SweepsRepository = ReturnType<typeof sweepsRepository>;

export function sweepsRepository(db: Connection) {
  const SELECT = `SELECT id, config, created_at AS createdAt, trained_on AS trainedOn, snapshot_id AS snapshotId,
    plan, error FROM sweep`;
  const all = db.prepare<[], Row>(`${SELECT} ORDER BY id DESC`);
  const byId = db.prepare<[number], Row>(`${SELECT} WHERE id = ?`);
  const insert = db.prepare(
    'INSERT INTO sweep (config, created_at, trained_on, snapshot_id) VALUES (?, ?, ?, ?)',
  );
  const setError = db.prepare('UPDATE sweep SET error = ? WHERE id = ?');
  const remove = db.prepare('DELETE FROM sweep WHERE id = ?');
  const setPlan = db.prepare('UPDATE sweep SET plan = ? WHERE id = ?');
  const runsOf = db.prepare<
    [number],
    { position: number; runId: RunId; figures: string | null; test: string | null }
  >('SELECT position, run_id AS runId, figures, test FROM sweep_run WHERE sweep_id = ? ORDER BY position');
  const insertRun = db.prepare('INSERT INTO sweep_run (sweep_id, position, run_id) VALUES (?, ?, ?)');
  const ofRun = db.prepare<[number], Row>(
    `${SELECT} WHERE id = (SELECT sweep_id FROM sweep_run WHERE run_id = ?)`,
  );
  const setMetricValues = db.prepare('UPDATE sweep_run SET figures = ? WHERE run_id = ?');
  const setTest = db.prepare('UPDATE sweep_run SET test = ? WHERE run_id = ?');
  return {
    /** Newest first. */
    all: (): StoredSweep[] => all.all().map(toSweep),
    byId(id: number): StoredSweep | null {
      const row = byId.get(id);
      return row ? toSweep(row) : null;
    },
    add: (config: SweepConfig, trainedOn: TrainedOn, snapshotId: number): SweepId =>
      Number(
        insert.run(JSON.stringify(config), Date.now(), JSON.stringify(trainedOn), snapshotId).lastInsertRowid,
      ) as SweepId,
    setError: (id: SweepId, error: ErrorRecord | null): void => void setError.run(jsonOrNull(error), id),
    /** Its runs stay, as runs of no sweep. */
    remove: (id: SweepId): void => void remove.run(id),
    setPlan: (id: SweepId, plan: SweepTasks): void => void setPlan.run(JSON.stringify(plan), id),
    runsOf: (id: SweepId): StoredSweepRun[] =>
      runsOf.all(id).map((row) => ({
        ...row,
        figures: parseOrNull<Record<string, MetricValue>>(row.figures),
        test: parseOrNull<Record<string, MetricValue>>(row.test),
      })),
    addRun: (id: SweepId, position: number, runId: RunId): void => void insertRun.run(id, position, runId),
    /** The sweep that a run belongs to. */
    ofRun(runId: RunId): StoredSweep | null {
      const row = ofRun.get(runId);
      return row ? toSweep(row) : null;
    },
    setMetricValues: (runId: RunId, figures: Record<string, MetricValue>): void =>
      void setMetricValues.run(JSON.stringify(figures), runId),
    setTest: (runId: RunId, figures: Record<string, MetricValue>): void =>
      void setTest.run(JSON.stringify(figures), runId),
  };
}
