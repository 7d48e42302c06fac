// The class list. Position is 1-based and dense: colours and digit keys follow from it.

import type { ClassRecord } from '../contracts/dataset.ts';
import type { ClassId } from '../contracts/ids.ts';
import type { Connection } from './database.ts';

export type ClassesRepository = ReturnType<typeof classesRepository>;

export function classesRepository(db: Connection) {
  const all = db.prepare<[], ClassRecord>(`
    SELECT class.id, name, position,
      (SELECT count(*) FROM image WHERE image.class_id = class.id) AS pictures,
      (SELECT count(*) FROM annotation WHERE annotation.class_id = class.id) AS annotations
    FROM class ORDER BY position`);
  const byName = db.prepare<[string], { id: ClassId }>('SELECT id FROM class WHERE name = ?');
  const exists = db.prepare<[number], { id: ClassId }>('SELECT id FROM class WHERE id = ?');
  const add = db.prepare(
    'INSERT INTO class (name, position) VALUES (?, (SELECT coalesce(max(position), 0) + 1 FROM class))',
  );
  const rename = db.prepare('UPDATE class SET name = ? WHERE id = ?');
  const remove = db.prepare('DELETE FROM class WHERE id = ?');
  const closeGap = db.prepare(
    'UPDATE class SET position = position - 1 WHERE position > (SELECT position FROM class WHERE id = ?)',
  );
  return {
    all: (): ClassRecord[] => all.all(),
    byName: (name: string): ClassId | null => byName.get(name)?.id ?? null,
    exists: (id: number): boolean => exists.get(id) !== undefined,
    add: (name: string): ClassId => Number(add.run(name).lastInsertRowid) as ClassId,
    rename: (id: ClassId, name: string): void => void rename.run(name, id),
    remove(id: ClassId): void {
      closeGap.run(id);
      remove.run(id);
    },
  };
}
