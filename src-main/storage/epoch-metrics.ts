// Figures of each epoch of each run.

import type { RunId } from '../contracts/ids.ts';
import type { EpochMetrics } from '../contracts/runs.ts';
import type { Connection } from './database.ts';
import { parse } from './rows.ts';

export type EpochMetricsRepository = ReturnType<typeof epochMetricsRepository>;

export function epochMetricsRepository(db: Connection) {
  type Row = Omit<EpochMetrics, 'loss'> & { loss: string };
  const ofRun = db.prepare<[number], Row>(`
    SELECT epoch, loss, train_accuracy AS trainAccuracy, accuracy, energy_in_box AS energyInBox,
      learning_rate AS learningRate, seconds, pictures_per_second AS picturesPerSecond
    FROM epoch_metric WHERE run_id = ? ORDER BY epoch`);
  const insert = db.prepare(`
    INSERT INTO epoch_metric (run_id, epoch, loss, train_accuracy, accuracy, energy_in_box, learning_rate,
      seconds, pictures_per_second)
    VALUES (@runId, @epoch, @loss, @trainAccuracy, @accuracy, @energyInBox, @learningRate, @seconds,
      @picturesPerSecond)`);
  const isKept = db
    .prepare<[Row & { runId: RunId }], number>(
      `SELECT 1 FROM epoch_metric WHERE run_id = @runId AND epoch = @epoch AND loss = @loss
        AND train_accuracy = @trainAccuracy AND accuracy IS @accuracy AND energy_in_box IS @energyInBox
        AND learning_rate = @learningRate AND seconds = @seconds AND pictures_per_second = @picturesPerSecond`,
    )
    .pluck();
  const isThere = db
    .prepare<[number, number], number>('SELECT 1 FROM epoch_metric WHERE run_id = ? AND epoch = ?')
    .pluck();
  const truncate = db.prepare('DELETE FROM epoch_metric WHERE run_id = ? AND epoch >= ?');
  return {
    ofRun: (runId: RunId): EpochMetrics[] =>
      ofRun.all(runId).map((row) => ({ ...row, loss: parse<Record<string, number>>(row.loss) })),
    /**
     * Keeps one epoch. One that is there already, equal to the bit, is told again and changes nothing. One that differs
     * was trained again from an earlier checkpoint: later ones are of a session that does not count any more.
     * @returns whether it is news
     */
    add(runId: RunId, metrics: EpochMetrics): boolean {
      const row = { ...metrics, runId, loss: JSON.stringify(metrics.loss) };
      if (isKept.get(row) === 1) return false;
      if (isThere.get(runId, metrics.epoch) === 1) truncate.run(runId, metrics.epoch);
      insert.run(row);
      return true;
    },
    /** Puts a whole log in place of what is there. To be called in a transaction. */
    replace(runId: RunId, log: readonly EpochMetrics[]): void {
      truncate.run(runId, 0);
      for (const metrics of log) insert.run({ ...metrics, runId, loss: JSON.stringify(metrics.loss) });
    },
  };
}
