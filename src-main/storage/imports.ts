// Imports: their rows are written a few at a time where nothing reads them (see the views of migrations.ts), and all
// of them are shown by one row. What an import brings for pictures that are there already is noted and carried out
// after that. What one that was cancelled or killed has written is removed, also a few rows at a time.
//
// One transaction for all would hold the database for seconds, whoever runs it: 100,000 pictures with 400,000 shapes
// copied from staging tables by INSERT ... SELECT took 8 s on a quiet machine, and edits would wait for it.

import type { Annotation } from '../contracts/dataset.ts';
import type { ClassId, ImageId } from '../contracts/ids.ts';
import type { ShapeFacts } from '../contracts/imported.ts';
import { toRow } from './annotations.ts';
import type { AttributesRepository } from './attributes.ts';
import type { Connection } from './database.ts';
import type { ImagesRepository, NewImage } from './images.ts';
import { parse } from './rows.ts';

/** What an import brings for a picture that is there already, besides shapes. */
export interface ImageChange {
  /** Another picture lies under the same name now. */
  content?: Parameters<ImagesRepository['setContent']>[1];
  /** It lies elsewhere now. */
  place?: { sourceId: number; relativePath: string };
  /** Its file is there again. */
  isFound?: boolean;
  attributes?: Readonly<Record<string, string>>;
}

/** Rows that one step of a removal takes, so that a step is short. */
const REMOVED_AT_ONCE = 200;

export type ImportsRepository = ReturnType<typeof importsRepository>;

export function importsRepository(
  db: Connection,
  images: ImagesRepository,
  attributes: AttributesRepository,
) {
  const selectInFlight = db.prepare<[], { id: number; sourceId: number; firstImage: number }>(
    'SELECT id, source_id AS sourceId, first_image AS firstImage FROM import WHERE finished_at IS NULL',
  );
  const begin = db.prepare(`
    INSERT INTO import (source_id, first_image, started_at)
    VALUES (?, (SELECT seq + 1 FROM sqlite_sequence WHERE name = 'image'), ?)`);
  const className = db.prepare<[string], { id: ClassId }>('SELECT id FROM class WHERE name = ?');
  const addClass = db.prepare('INSERT INTO class (name, position) VALUES (?, 0)');
  const addKey = db.prepare('INSERT OR IGNORE INTO import_key (image_id, key, import_id) VALUES (?, ?, ?)');
  const addAnnotation = db.prepare(`
    INSERT INTO annotation (image_id, class_id, kind, shape, origin, hidden, locked, is_crowd, attributes, import_id)
    VALUES (@imageId, @classId, @kind, @shape, @origin, @hidden, @locked, @isCrowd, @attributes, @importId)`);
  const noteChange = db.prepare('INSERT OR REPLACE INTO import_change (image_id, change) VALUES (?, ?)');
  const finish = db.prepare('UPDATE import SET finished_at = ? WHERE finished_at IS NULL');
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

  return {
    /** Whether one is going on, or was when the process died. */
    isInFlight: (): boolean => selectInFlight.get() !== undefined,
    /** From here on what is added with its id is not shown. One at a time. */
    begin: (sourceId: number): number => Number(begin.run(sourceId, Date.now()).lastInsertRowid),
    classNamed: (name: string): ClassId =>
      className.get(name)?.id ?? (Number(addClass.run(name).lastInsertRowid) as ClassId),
    /** With the class and the counts that its shapes give it. */
    addImage: (image: NewImage): ImageId => images.add(image),
    /** True if the key is new to the picture: what a person deleted or moved since is not brought again. */
    addKey: (id: number, imageId: ImageId, key: string): boolean => addKey.run(imageId, key, id).changes > 0,
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
    ): void => {
      attributes.noteOfShape(said);
      const row = toRow({ ...drawn, imageId, origin, hidden, locked, isCrowd, attributes: said });
      addAnnotation.run({ ...row, importId });
    },
    /** To be called for a picture that is there before anything is added to it. */
    noteChange: (imageId: ImageId, change: ImageChange): void =>
      void noteChange.run(imageId, JSON.stringify(change)),

    /** Shows all that was added. Then `carryOut` has to follow. */
    finish(): void {
      finish.run(Date.now());
      let position = lastPosition.get()!;
      for (const { id } of coming.all()) place.run(++position, id);
    },
    /** What a finished import brings for pictures that were there: a step each. */
    *carryOut(): Generator<void, void> {
      if (selectInFlight.get()) return; // its changes are not to be carried out yet
      for (let next = nextChange.get(); next; next = nextChange.get()) {
        const { imageId } = next;
        const { content, place, isFound, attributes: brought } = parse<ImageChange>(next.change);
        if (place) images.setFile(imageId, place.sourceId, place.relativePath);
        if (content) images.setContent(imageId, content);
        if (isFound) images.setMissing(imageId, false);
        if (brought) attributes.set(imageId, brought);
        recount.run(imageId);
        images.deriveClass(imageId);
        dropChange.run(imageId);
        yield;
      }
    },
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
      drop.run(inFlight.id);
      dropSource.run(inFlight.sourceId);
    },
  };
}
