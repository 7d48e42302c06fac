// What imports brought for each picture, shape by shape: so that the same is not brought twice, and an import of a source
// that has changed since knows what it said before, what became of that here, and what is no longer there.

import { createHash } from 'node:crypto';
import type { Annotation } from '../contracts/dataset.ts';
import { boundsOf, type Box, type Shape } from '../contracts/geometry.ts';
import type { AnnotationId, ImageId } from '../contracts/ids.ts';
import type { Connection } from './database.ts';
import { parse } from './rows.ts';

/** The labels of a source that a shape came from; another set of labels of the same pictures is none of its business. */
export type LabelsId = number;

export interface ImportKey {
  /** Of class and outline as the source said them. */
  key: string;
  /** The shape that was made of it, which may be gone since; null where a person had removed it before. */
  annotationId: AnnotationId | null;
  /** Of the shape as the source says it, see `stateOf`; null where an older version brought it. */
  state: string | null;
  bounds: Box | null;
  labelsId: LabelsId | null;
  /** Import that found it no longer in its source; 0 where it is there. */
  goneIn: number;
}

/** Class and outline in short. Attributes count where there are some. */
export function keyOf(
  className: string | null,
  { shape, isCrowd = false, attributes = {} }: Pick<Annotation, 'shape'> & Partial<Annotation>,
): string {
  const isPlain = !isCrowd && Object.keys(attributes).length === 0;
  const said = isPlain ? [className, shape] : [className, shape, isCrowd, attributes];
  return createHash('sha1').update(JSON.stringify(said)).digest('base64url');
}

/** All of a shape that a source may say: equal if nobody changed it. */
export const stateOf = ({
  classId,
  shape,
  isCrowd,
  attributes,
}: Pick<Annotation, 'classId' | 'shape' | 'isCrowd' | 'attributes'>): string =>
  createHash('sha1')
    .update(JSON.stringify([classId, shape, isCrowd, Object.entries(attributes).sort()]))
    .digest('base64url')
    .slice(0, 16);

export type ImportKeysRepository = ReturnType<typeof importKeysRepository>;

export function importKeysRepository(db: Connection) {
  interface Row extends Omit<ImportKey, 'bounds'> {
    bounds: string | null;
  }
  const labels = db
    .prepare<[number, string], LabelsId>('SELECT id FROM labels WHERE source_id = ? AND place = ?')
    .pluck();
  const addLabels = db.prepare('INSERT INTO labels (source_id, place) VALUES (?, ?)');
  const sameElsewhere = db.prepare<[string, number], { id: LabelsId; root: string }>(`
    SELECT labels.id, source.root FROM labels JOIN source ON source.id = source_id
    WHERE place = ? AND source_id <> ?`);
  const ofImage = db.prepare<[number], Row>(`
    SELECT key, annotation_id AS annotationId, state, bounds, labels_id AS labelsId, gone_in AS goneIn
    FROM import_key WHERE image_id = ? ORDER BY annotation_id, key`);
  const add = db.prepare(`
    INSERT OR IGNORE INTO import_key (image_id, key, import_id, annotation_id, state, bounds, labels_id)
    VALUES (?, ?, ?, ?, ?, ?, ?)`);
  const link = db.prepare(
    'UPDATE import_key SET annotation_id = ?, state = ?, bounds = ? WHERE image_id = ? AND key = ?',
  );
  const drop = db.prepare('DELETE FROM import_key WHERE image_id = ? AND key = ?');
  const markGone = db.prepare('UPDATE import_key SET gone_in = ? WHERE image_id = ? AND key = ?');
  const gone = db.prepare<
    [number],
    { imageId: ImageId; key: string; annotationId: AnnotationId; state: string }
  >(`
    SELECT image_id AS imageId, key, annotation_id AS annotationId, state FROM import_key
    WHERE gone_in = ? AND annotation_id IS NOT NULL AND state IS NOT NULL ORDER BY image_id`);
  const written = (shape: Shape): string => {
    const box = boundsOf(shape);
    return JSON.stringify(
      box && [box.x, box.y, box.width, box.height].map((value) => Math.round(value * 100) / 100),
    );
  };
  return {
    labels: (sourceId: number, place: string): LabelsId =>
      labels.get(sourceId, place) ?? Number(addLabels.run(sourceId, place).lastInsertRowid),
    /** The same place in other sources, to be asked where a folder was moved. */
    sameElsewhere: (place: string, sourceId: number) => sameElsewhere.all(place, sourceId),
    ofImage: (imageId: ImageId): ImportKey[] =>
      ofImage.all(imageId).map((row) => {
        const box = row.bounds === null ? null : parse<[number, number, number, number] | null>(row.bounds);
        return { ...row, bounds: box && { x: box[0], y: box[1], width: box[2], height: box[3] } };
      }),
    add: (
      importId: number,
      imageId: ImageId,
      { key, annotationId, state, shape, labelsId }: Omit<ImportKey, 'bounds' | 'goneIn'> & { shape: Shape },
    ): void => void add.run(imageId, key, importId, annotationId, state, written(shape), labelsId),
    /** Says of a key of an older version which shape came from it. */
    link: (imageId: ImageId, key: string, annotation: Annotation): void =>
      void link.run(annotation.id, stateOf(annotation), written(annotation.shape), imageId, key),
    drop: (imageId: ImageId, key: string): void => void drop.run(imageId, key),
    /** @param importId  the one that found the shape no longer in its source; 0: it is there again */
    markGone: (imageId: ImageId, key: string, importId: number): void =>
      void markGone.run(importId, imageId, key),
    /** Shapes that an import found to be no longer in their source. */
    gone: (importId: number) => gone.all(importId),
  };
}
