// Findings: two runs on one picture, with a person's note and the figures of that moment.

import type { ComparisonId, RunId } from '../contracts/ids.ts';
import type { ComparisonRecord } from '../contracts/comparisons.ts';
import type { Connection } from './database.ts';
import { parse } from './rows.ts';

/** As it lies in the table: the parameters are JSON. */
type Row = Omit<ComparisonRecord, 'params'> & { params: string };
const recordOf = (row: Row): ComparisonRecord => ({ ...row, params: parse(row.params) });

export type ComparisonsRepository = ReturnType<typeof comparisonsRepository>;

export function comparisonsRepository(db: Connection) {
  const SELECT = `SELECT comparison.id, run_a AS runA, run_b AS runB, image_id AS imageId,
      image.name AS imageName, method, params, comparison.class_id AS classId, versus_id AS versusId, note,
      created_at AS createdAt,
      energy_a AS energyA, energy_b AS energyB
    FROM comparison JOIN image ON image.id = image_id`;
  const all = db.prepare<[], Row>(`${SELECT} ORDER BY comparison.id DESC`);
  const byId = db.prepare<[number], Row>(`${SELECT} WHERE comparison.id = ?`);
  const insert = db.prepare(`
    INSERT INTO comparison (run_a, run_b, image_id, method, params, class_id, versus_id, note, created_at,
      energy_a, energy_b)
    VALUES (@runA, @runB, @imageId, @method, @params, @classId, @versusId, @note, @createdAt, @energyA, @energyB)`);
  const remove = db.prepare('DELETE FROM comparison WHERE id = ?');
  const ofRun = db
    .prepare<[number, number]>('SELECT count(*) FROM comparison WHERE run_a = ? OR run_b = ?')
    .pluck();
  return {
    /** Newest first. */
    all: (): ComparisonRecord[] => all.all().map(recordOf),
    add(record: Omit<ComparisonRecord, 'id' | 'imageName'>): ComparisonRecord {
      const { lastInsertRowid } = insert.run({ ...record, params: JSON.stringify(record.params) });
      return recordOf(byId.get(Number(lastInsertRowid)) as Row);
    },
    remove: (id: ComparisonId): boolean => remove.run(id).changes > 0,
    countOfRun: (runId: RunId): number => ofRun.get(runId, runId) as number,
  };
}
