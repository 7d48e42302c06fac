// What was changed on each picture, step by step, so that undo and redo are unlimited and survive a
// restart. A new step removes the steps that were undone before it.

import type { Annotation, Attributes } from '../contracts/dataset.ts';
import { AppError } from '../contracts/errors.ts';
import type { Shape } from '../contracts/geometry.ts';
import type { AnnotationId, ClassId, ImageId } from '../contracts/ids.ts';
import type { Connection } from './database.ts';
import type { ClassOrigin } from './images.ts';
import { across, deltaOf, type MaskDelta } from './mask-delta.ts';
import { parse } from './rows.ts';

interface ImageClass {
  classId: ClassId | null;
  origin: ClassOrigin;
}
export type Change =
  | { of: 'annotation'; before: Annotation | null; after: Annotation | null }
  | { of: 'picture'; before: ImageClass; after: ImageClass }
  | { of: 'attributes'; before: Attributes; after: Attributes };

/** A changed mask as it is kept: both sides without the shape, and what differs between their shapes. */
type Kept = Change | { of: 'mask'; before: Shapeless; after: Shapeless; delta: MaskDelta };
type Shapeless = Omit<Annotation, 'shape'>;

/** Changes of one step, masks as deltas where the step changes the shape once: the delta starts from what is stored. */
function kept(changes: readonly Change[]): Kept[] {
  const times = new Map<AnnotationId, number>();
  for (const change of changes) {
    const id = change.of === 'annotation' ? (change.after ?? change.before)?.id : undefined;
    if (id !== undefined) times.set(id, (times.get(id) ?? 0) + 1);
  }
  return changes.map((change) => {
    if (change.of !== 'annotation' || !change.before || !change.after) return change;
    const { shape: one, ...before } = change.before;
    const { shape: other, ...after } = change.after;
    if (one.kind !== 'mask' || other.kind !== 'mask' || times.get(after.id) !== 1) return change;
    if (one.rle.width !== other.rle.width || one.rle.height !== other.rle.height) return change;
    return { of: 'mask', before, after, delta: deltaOf(one.rle, other.rle) };
  });
}

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
    return parse<Kept[]>(row.changes).map((change): Change => {
      if (change.of === 'mask') return unpacked(change, undone === 1 ? 'after' : 'before');
      if (change.of !== 'annotation') return change;
      return { ...change, before: whole(change.before), after: whole(change.after) };
    });
  };
  const shapeOf = db.prepare<[number]>('SELECT shape FROM annotation WHERE id = ?').pluck();
  /** @param from  the side that is stored now */
  const unpacked = (
    { before, after, delta }: Extract<Kept, { of: 'mask' }>,
    from: 'before' | 'after',
  ): Change => {
    const text = shapeOf.get(after.id) as string | undefined;
    const shape = text === undefined ? null : parse<Shape>(text);
    if (shape?.kind !== 'mask') throw new AppError('not-found', `the mask ${after.id} of this step is gone`);
    const other: Shape = { kind: 'mask', rle: across(shape.rle, delta, from) };
    return {
      of: 'annotation',
      before: whole({ ...before, shape: from === 'before' ? shape : other }),
      after: whole({ ...after, shape: from === 'after' ? shape : other }),
    };
  };
  const plain = { isCrowd: false, attributes: {} };
  /** Steps of older versions say nothing of what shapes have had since. */
  const whole = (annotation: Annotation | null): Annotation | null =>
    annotation && { ...plain, ...annotation };
  return {
    add(imageId: ImageId, changes: Change[]): void {
      forget.run(imageId);
      add.run(imageId, JSON.stringify(kept(changes)));
    },
    /** Marks the last step as undone and gives it; null when there is none. The caller applies it. */
    undo: (imageId: ImageId): Change[] | null => take(last.get(imageId), 1),
    redo: (imageId: ImageId): Change[] | null => take(next.get(imageId), 0),
    canUndo: (imageId: ImageId): boolean => last.get(imageId) !== undefined,
    canRedo: (imageId: ImageId): boolean => next.get(imageId) !== undefined,
  };
}
