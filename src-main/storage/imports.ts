// Imports: their rows are written a few at a time where nothing reads them (see the views of migrations.ts), and all
// of them are shown by one row. What an import brings for pictures that are there already is noted and carried out
// after that. What one that was cancelled or killed has written is removed, also a few rows at a time.
//
// One transaction for all would hold the database for seconds, whoever runs it: 100,000 pictures with 400,000 shapes
// copied from staging tables by INSERT ... SELECT took 8 s on a quiet machine, and edits would wait for it.

import type { Annotation } from '../contracts/dataset.ts';
import type { AnnotationId, ClassId, ImageId, ImportId } from '../contracts/ids.ts';
import type { ShapeFacts } from '../contracts/imported.ts';
import type { ImportResult } from '../contracts/imports.ts';
import { toRow, type AnnotationsRepository } from './annotations.ts';
import type { AttributesRepository } from './attributes.ts';
import type { Connection } from './database.ts';
import type { ImagesRepository, NewImage } from './images.ts';
import { stateOf, type ImportKeysRepository, type LabelsId } from './import-keys.ts';
import { parse } from './rows.ts';
import type { Change, UndoRepository } from './undo-log.ts';

/** What an import brings for a picture that is there already, besides shapes. */
export interface ImageChange {
  /** Another picture lies under the same name now. */
  content?: Parameters<ImagesRepository['setContent']>[1];
  /** It lies elsewhere now. */
  place?: { sourceId: number; relativePath: string };
  /** Its file is there again. */
  isFound?: boolean;
  attributes?: Readonly<Record<string, string>>;
  shapes?: FollowedShapes;
}

/** What becomes of shapes that the same source brought before. */
export interface FollowedShapes {
  /** @property from  state that the shape must still have: what a person changes meanwhile is left alone */
  updates: {
    id: AnnotationId;
    from: string;
    to: Pick<Annotation, 'classId' | 'shape' | 'isCrowd' | 'attributes'>;
  }[];
  /** Keys that others have taken the place of. */
  drop: string[];
  /** Keys of shapes that are no longer in the source. */
  gone: string[];
  /** Keys of shapes that are in it again. */
  back: string[];
  /** Keys of an older version and the shapes that were made of them. */
  links: { key: string; id: AnnotationId }[];
}

/** Rows that one step of a removal takes, so that a step is short. */
const REMOVED_AT_ONCE = 200;

interface Others {
  images: ImagesRepository;
  attributes: AttributesRepository;
  annotations: AnnotationsRepository;
  keys: ImportKeysRepository;
  undo: UndoRepository;
}

interface FinishedRow {
  id: ImportId;
  root: string;
  finishedAt: number;
  report: string | null;
}

export type ImportsRepository = ReturnType<typeof importsRepository>;

export function importsRepository(db: Connection, { images, attributes, annotations, keys, undo }: Others) {
  const selectInFlight = db.prepare<[], { id: number; sourceId: number; firstImage: number }>(
    'SELECT id, source_id AS sourceId, first_image AS firstImage FROM import WHERE finished_at IS NULL',
  );
  const begin = db.prepare(`
    INSERT INTO import (source_id, labels_id, first_image, started_at)
    VALUES (?, ?, (SELECT seq + 1 FROM sqlite_sequence WHERE name = 'image'), ?)`);
  const className = db.prepare<[string], { id: ClassId }>('SELECT id FROM class WHERE name = ?');
  const addClass = db.prepare('INSERT INTO class (name, position) VALUES (?, 0)');
  const addAnnotation = db.prepare(`
    INSERT INTO annotation (image_id, class_id, kind, shape, origin, hidden, locked, is_crowd, attributes, import_id)
    VALUES (@imageId, @classId, @kind, @shape, @origin, @hidden, @locked, @isCrowd, @attributes, @importId)`);
  const noteChange = db.prepare('INSERT OR REPLACE INTO import_change (image_id, change) VALUES (?, ?)');
  const finish = db.prepare(`
    UPDATE import SET finished_at = ?, report = ?, last_image = (SELECT seq FROM sqlite_sequence WHERE name = 'image')
    WHERE finished_at IS NULL`);
  const addConcern = db.prepare('INSERT OR IGNORE INTO import_concern (import_id, image_id) VALUES (?, ?)');
  const dropConcerns = db.prepare('DELETE FROM import_concern WHERE import_id = ?');
  const finished = db.prepare<[], FinishedRow>(`
    SELECT import.id, source.root, finished_at AS finishedAt, report
    FROM import JOIN source ON source.id = import.source_id
    WHERE finished_at IS NOT NULL ORDER BY import.id DESC`);
  const exists = db
    .prepare<[number], number>('SELECT 1 FROM import WHERE id = ? AND finished_at IS NOT NULL')
    .pluck();
  const coming = db.prepare<[], { id: ClassId }>('SELECT id FROM class WHERE position = 0 ORDER BY id');
  const lastPosition = db.prepare<[], number>('SELECT coalesce(max(position), 0) FROM class').pluck();
  const place = db.prepare('UPDATE class SET position = ? WHERE id = ?');
  const nextChange = db.prepare<[], { imageId: ImageId; change: string }>(
    'SELECT image_id AS imageId, change FROM import_change ORDER BY image_id LIMIT 1',
  );
  const dropChange = db.prepare('DELETE FROM import_change WHERE image_id = ?');
  const recount = db.prepare(`
    UPDATE image SET
        boxes = (SELECT count(*) FROM shown_annotation WHERE image_id = image.id AND kind = 'box'),
        masks = (SELECT count(*) FROM shown_annotation WHERE image_id = image.id AND kind <> 'box')
      WHERE id = ?`);
  const last = db.prepare<[], number>('SELECT coalesce(max(id), 0) FROM image').pluck();
  // By hand rather than by cascade: of the tables that name pictures only these can hold one that was never shown.
  const ofImages = [
    'DELETE FROM annotation WHERE image_id > ?',
    'DELETE FROM import_key WHERE image_id > ?',
    'DELETE FROM import_concern WHERE image_id > ?',
    'DELETE FROM image_attribute WHERE image_id > ?',
    'DELETE FROM image WHERE id > ?',
  ].map((sql) => db.prepare(sql));
  const ofChanged = [
    'DELETE FROM annotation WHERE image_id = ? AND import_id = ?',
    'DELETE FROM import_key WHERE image_id = ? AND import_id = ?',
  ].map((sql) => db.prepare(sql));
  const dropComing = db.prepare('DELETE FROM class WHERE position = 0');
  const drop = db.prepare('DELETE FROM import WHERE id = ?');
  const dropSource = db.prepare(
    `DELETE FROM source WHERE id = ? AND NOT EXISTS (SELECT 1 FROM image WHERE source_id = source.id)
      AND NOT EXISTS (SELECT 1 FROM import WHERE source_id = source.id)`,
  );

  const lastFinished = db
    .prepare<[], number>('SELECT max(id) FROM import WHERE finished_at IS NOT NULL')
    .pluck();

  /** The import that brings it is the last that was finished. Updates are one step of undo. */
  function followShapes(imageId: ImageId, { updates, drop, gone, back, links }: FollowedShapes): void {
    const changes: Change[] = [];
    for (const { key, id } of links) {
      const shape = annotations.byId(id);
      if (shape) keys.link(imageId, key, shape);
    }
    for (const { id, from, to } of updates) {
      const before = annotations.byId(id);
      if (!before || stateOf(before) !== from) continue;
      const after: Annotation = { ...before, ...to };
      annotations.put(after);
      changes.push({ of: 'annotation', before, after });
    }
    if (changes.length > 0) undo.add(imageId, changes);
    for (const key of drop) keys.drop(imageId, key);
    for (const key of gone) keys.markGone(imageId, key, lastFinished.get()!);
    for (const key of back) keys.markGone(imageId, key, 0);
  }

  return {
    /** Whether one is going on, or was when the process died. */
    isInFlight: (): boolean => selectInFlight.get() !== undefined,
    /** From here on what is added with its id is not shown. One at a time. */
    begin: (sourceId: number, labelsId: LabelsId): number =>
      Number(begin.run(sourceId, labelsId, Date.now()).lastInsertRowid),
    classNamed: (name: string): ClassId =>
      className.get(name)?.id ?? (Number(addClass.run(name).lastInsertRowid) as ClassId),
    /** With the class and the counts that its shapes give it. */
    addImage: (image: NewImage): ImageId => images.add(image),
    addAnnotation: (
      importId: number,
      imageId: ImageId,
      {
        origin = 'import',
        hidden = false,
        locked = false,
        isCrowd = false,
        attributes: said = {},
        ...drawn
      }: Pick<Annotation, 'classId' | 'shape'> & ShapeFacts,
    ): AnnotationId => {
      attributes.noteOfShape(said);
      const row = toRow({ ...drawn, imageId, origin, hidden, locked, isCrowd, attributes: said });
      return Number(addAnnotation.run({ ...row, importId }).lastInsertRowid) as AnnotationId;
    },
    /** To be called for a picture that is there before anything is added to it. */
    noteChange: (imageId: ImageId, change: ImageChange): void =>
      void noteChange.run(imageId, JSON.stringify(change)),

    /** A picture that the report says something of. */
    addConcern: (importId: number, imageId: ImageId): void => void addConcern.run(importId, imageId),

    /** Shows all that was added. Then `carryOut` has to follow. */
    finish(report: ImportResult): void {
      finish.run(Date.now(), JSON.stringify(report));
      let position = lastPosition.get()!;
      for (const { id } of coming.all()) place.run(++position, id);
    },
    /** What a finished import brings for pictures that were there: a step each. */
    *carryOut(): Generator<void, void> {
      if (selectInFlight.get()) return; // its changes are not to be carried out yet
      for (let next = nextChange.get(); next; next = nextChange.get()) {
        const { imageId } = next;
        const { content, place, isFound, attributes: brought, shapes } = parse<ImageChange>(next.change);
        if (place) images.setFile(imageId, place.sourceId, place.relativePath);
        if (content) images.setContent(imageId, content);
        if (isFound) images.setMissing(imageId, false);
        if (brought) attributes.set(imageId, brought);
        if (shapes) followShapes(imageId, shapes);
        recount.run(imageId);
        images.deriveClass(imageId);
        dropChange.run(imageId);
        yield;
      }
    },
    /** The last first. */
    finished: (): FinishedImport[] => finished.all().map(toFinished),
    has: (id: ImportId): boolean => exists.get(id) !== undefined,
    /** Removes what the import that is going on has written: a few rows each step. */
    *discard(): Generator<void, void> {
      const inFlight = selectInFlight.get();
      if (!inFlight) return;
      for (let next = nextChange.get(); next; next = nextChange.get()) {
        for (const remove of ofChanged) remove.run(next.imageId, inFlight.id);
        dropChange.run(next.imageId);
        yield;
      }
      // From the newest down, so that each step finds its rows at the end of the tables.
      for (let from = last.get()!; from >= inFlight.firstImage;) {
        from = Math.max(inFlight.firstImage - 1, from - REMOVED_AT_ONCE);
        for (const remove of ofImages) remove.run(from);
        yield;
      }
      dropComing.run();
      dropConcerns.run(inFlight.id);
      drop.run(inFlight.id);
      dropSource.run(inFlight.sourceId);
    },
  };
}

/** An import that is finished, as it is kept. */
interface FinishedImport {
  id: ImportId;
  /** Folder of the pictures. */
  root: string;
  finishedAt: number;
  /** Null for what an older version imported. */
  report: ImportResult | null;
}

const toFinished = ({ id, root, finishedAt, report }: FinishedRow): FinishedImport => ({
  id,
  root,
  finishedAt,
  report: report === null ? null : parse<ImportResult>(report),
});
