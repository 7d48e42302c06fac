// The class list. Position is 1-based and dense: colours and digit keys follow from it. A class at position 0 is of an
// import that is going on and not in the list yet.

import type { ClassRecord } from '../contracts/dataset.ts';
import type { ClassId } from '../contracts/ids.ts';
import type { Connection } from './database.ts';

export type ClassesRepository = ReturnType<typeof classesRepository>;

export function classesRepository(db: Connection) {
  const all = db.prepare<[], ClassRecord>(`
    SELECT class.id, name, position,
      (SELECT count(*) FROM shown_image AS image WHERE image.class_id = class.id) AS pictures,
      (SELECT count(*) FROM shown_annotation AS annotation WHERE annotation.class_id = class.id) AS annotations
    FROM class WHERE position > 0 ORDER BY position`);
  const byName = db.prepare<[string], { id: ClassId; position: number }>(
    'SELECT id, position FROM class WHERE name = ?',
  );
  const exists = db.prepare<[number], { id: ClassId }>('SELECT id FROM class WHERE id = ? AND position > 0');
  const show = db.prepare(
    'UPDATE class SET position = (SELECT coalesce(max(position), 0) + 1 FROM class) WHERE id = ?',
  );
  const isUsed = db
    .prepare<[number, number], number>(
      `SELECT EXISTS (SELECT 1 FROM image WHERE class_id = ?) OR
        EXISTS (SELECT 1 FROM annotation WHERE class_id = ?)`,
    )
    .pluck();
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
    byName(name: string): ClassId | null {
      const row = byName.get(name);
      return row && row.position > 0 ? row.id : null;
    },
    /** Whether an import that is going on brings a class of this name. */
    isComing: (name: string): boolean => byName.get(name)?.position === 0,
    /** Whether anything has it, shown or brought by an import that is going on. */
    isUsed: (id: ClassId): boolean => isUsed.get(id, id) === 1,
    exists: (id: number): boolean => exists.get(id) !== undefined,
    /** One that an import is bringing is shown at once, and stays whatever becomes of the import. */
    add(name: string): ClassId {
      const coming = byName.get(name);
      if (coming?.position !== 0) return Number(add.run(name).lastInsertRowid) as ClassId;
      show.run(coming.id);
      return coming.id;
    },
    rename: (id: ClassId, name: string): void => void rename.run(name, id),
    remove(id: ClassId): void {
      closeGap.run(id);
      remove.run(id);
    },
  };
}
