// Shapes drawn on pictures. Ids are never used twice, so undo can bring a deleted one back as itself.

import type { Annotation } from '../contracts/dataset.ts';
import type { Shape } from '../contracts/geometry.ts';
import type { AnnotationId, ClassId, ImageId } from '../contracts/ids.ts';
import type { AttributesRepository } from './attributes.ts';
import type { Connection } from './database.ts';
import { flag, parse, type Flag } from './rows.ts';

interface Row {
  id: AnnotationId;
  imageId: ImageId;
  classId: ClassId | null;
  shape: string;
  origin: Annotation['origin'];
  hidden: Flag;
  locked: Flag;
  isCrowd: Flag;
  attributes: string;
}

const COLUMNS = `id, image_id AS imageId, class_id AS classId, shape, origin, hidden, locked, is_crowd AS isCrowd,
  attributes`;
const toAnnotation = (row: Row): Annotation => ({
  ...row,
  shape: parse<Shape>(row.shape),
  hidden: row.hidden === 1,
  locked: row.locked === 1,
  isCrowd: row.isCrowd === 1,
  attributes: parse<Annotation['attributes']>(row.attributes),
});
export const toRow = (annotation: Omit<Annotation, 'id'>) => ({
  ...annotation,
  kind: annotation.shape.kind,
  shape: JSON.stringify(annotation.shape),
  hidden: flag(annotation.hidden),
  locked: flag(annotation.locked),
  isCrowd: flag(annotation.isCrowd),
  attributes: JSON.stringify(annotation.attributes),
});

export type AnnotationsRepository = ReturnType<typeof annotationsRepository>;

export function annotationsRepository(db: Connection, attributes: AttributesRepository) {
  const ofImage = db.prepare<[number], Row>(
    `SELECT ${COLUMNS} FROM shown_annotation WHERE image_id = ? ORDER BY id`,
  );
  const all = db.prepare<[], Row>(`SELECT ${COLUMNS} FROM shown_annotation ORDER BY image_id, id`);
  const byId = db.prepare<[number], Row>(`SELECT ${COLUMNS} FROM shown_annotation WHERE id = ?`);
  const insert = db.prepare(`
    INSERT INTO annotation (image_id, class_id, kind, shape, origin, hidden, locked, is_crowd, attributes)
    VALUES (@imageId, @classId, @kind, @shape, @origin, @hidden, @locked, @isCrowd, @attributes)`);
  const put = db.prepare(`
    INSERT INTO annotation (id, image_id, class_id, kind, shape, origin, hidden, locked, is_crowd, attributes)
    VALUES (@id, @imageId, @classId, @kind, @shape, @origin, @hidden, @locked, @isCrowd, @attributes)
    ON CONFLICT (id) DO UPDATE SET class_id = @classId, kind = @kind, shape = @shape, origin = @origin,
      hidden = @hidden, locked = @locked, is_crowd = @isCrowd, attributes = @attributes`);
  const remove = db.prepare('DELETE FROM annotation WHERE id = ?');
  return {
    ofImage: (imageId: number): Annotation[] => ofImage.all(imageId).map(toAnnotation),
    /** Of every picture, in picture order; one pass, for snapshots and exports. */
    *each(): Generator<Annotation> {
      for (const row of all.iterate()) yield toAnnotation(row);
    },
    byId(id: AnnotationId): Annotation | null {
      const row = byId.get(id);
      return row ? toAnnotation(row) : null;
    },
    add(annotation: Omit<Annotation, 'id'>): AnnotationId {
      attributes.noteOfShape(annotation.attributes);
      return Number(insert.run(toRow(annotation)).lastInsertRowid) as AnnotationId;
    },
    /** Writes it whole under its own id, whether it is there or not. */
    put(annotation: Annotation): void {
      attributes.noteOfShape(annotation.attributes);
      put.run({ id: annotation.id, ...toRow(annotation) });
    },
    remove: (id: AnnotationId): void => void remove.run(id),
  };
}
