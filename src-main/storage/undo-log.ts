// What was changed on each picture, step by step, so that undo and redo are unlimited and survive a
// restart. A new step removes the steps that were undone before it.

import type { Annotation, Attributes } from '../contracts/dataset.ts';
import type { ClassId, ImageId } from '../contracts/ids.ts';
import type { Connection } from './database.ts';
import type { ClassOrigin } from './images.ts';
import { parse } from './rows.ts';

interface ImageClass {
  classId: ClassId | null;
  origin: ClassOrigin;
}
export type Change =
  | { of: 'annotation'; before: Annotation | null; after: Annotation | null }
  | { of: 'picture'; before: ImageClass; after: ImageClass }
  | { of: 'attributes'; before: Attributes; after: Attributes };

export type UndoRepository = ReturnType<typeof undoRepository>;

export function undoRepository(db: Connection) {
  interface Row {
    id: number;
    changes: string;
  }
  const forget = db.prepare('DELETE FROM undo_step WHERE image_id = ? AND undone = 1');
  const add = db.prepare('INSERT INTO undo_step (image_id, changes) VALUES (?, ?)');
  const last = db.prepare<[number], Row>(
    'SELECT id, changes FROM undo_step WHERE image_id = ? AND undone = 0 ORDER BY id DESC LIMIT 1',
  );
  const next = db.prepare<[number], Row>(
    'SELECT id, changes FROM undo_step WHERE image_id = ? AND undone = 1 ORDER BY id LIMIT 1',
  );
  const mark = db.prepare('UPDATE undo_step SET undone = ? WHERE id = ?');
  const take = (row: Row | undefined, undone: 0 | 1): Change[] | null => {
    if (!row) return null;
    mark.run(undone, row.id);
    return parse<Change[]>(row.changes).map((change) =>
      change.of === 'annotation'
        ? { ...change, before: whole(change.before), after: whole(change.after) }
        : change,
    );
  };
  const plain = { isCrowd: false, attributes: {} };
  /** Steps of older versions say nothing of what shapes have had since. */
  const whole = (annotation: Annotation | null): Annotation | null =>
    annotation && { ...plain, ...annotation };
  return {
    add(imageId: ImageId, changes: Change[]): void {
      forget.run(imageId);
      add.run(imageId, JSON.stringify(changes));
    },
    /** Marks the last step as undone and gives it; null when there is none. The caller applies it. */
    undo: (imageId: ImageId): Change[] | null => take(last.get(imageId), 1),
    redo: (imageId: ImageId): Change[] | null => take(next.get(imageId), 0),
    canUndo: (imageId: ImageId): boolean => last.get(imageId) !== undefined,
    canRedo: (imageId: ImageId): boolean => next.get(imageId) !== undefined,
  };
}
