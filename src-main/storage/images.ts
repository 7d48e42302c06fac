// Pictures: where they lie, what they are, their class and part, and the queries behind the filmstrip.
// Pages of a list of 100,000 must come in a tenth of a second, so orders have indices and counts of
// shapes are kept on the picture (by triggers).

import path from 'node:path';
import type { ProjectCounts } from '../contracts/projects.ts';
import type { ImageFilter } from '../contracts/images.ts';
import type { ImageRecord, Split } from '../contracts/dataset.ts';
import type { ClassId, ImageId } from '../contracts/ids.ts';
import { contentHashSchema } from '../contracts/ids.ts';
import { AppError } from '../contracts/errors.ts';
import { printable } from '../contracts/printable.ts';
import type { Connection } from './database.ts';
import { flag, type Flag } from './rows.ts';

/** All that the core knows of a picture; `file` never leaves the core. */
export interface StoredImage extends ImageRecord {
  sourceId: number;
  /** Folder of the source; `relativePath` uses forward slashes. */
  root: string;
  relativePath: string;
  /** Absolute. */
  file: string;
  contentHash: string;
  sizeBytes: number;
  modifiedMs: number;
  fileFormat: string;
  /** `derived`: follows from the classes of the picture's annotations. */
  classOrigin: ClassOrigin;
}
export type ClassOrigin = 'given' | 'derived';

export interface NewImage {
  sourceId: number;
  relativePath: string;
  contentHash: string;
  widthPx: number;
  heightPx: number;
  sizeBytes: number;
  modifiedMs: number;
  fileFormat: string;
  classId: ClassId | null;
  classOrigin: ClassOrigin;
  split: Split | null;
  /** How many shapes an import brings with it; those that are added later count themselves. */
  boxes?: number;
  masks?: number;
}

interface ParsedQuery {
  filter: ImageFilter;
  sort: 'added' | 'name';
}

interface RecordRow {
  id: ImageId;
  name: string;
  widthPx: number;
  heightPx: number;
  classId: ClassId | null;
  split: Split | null;
  boxes: number;
  masks: number;
  missing: Flag;
}
interface StoredRow extends RecordRow {
  sourceId: number;
  root: string;
  relativePath: string;
  contentHash: string;
  sizeBytes: number;
  modifiedMs: number;
  fileFormat: string;
  classOrigin: ClassOrigin;
}

/** Pictures that stand for a project. */
const FACES = 5;

const RECORD = `image.id, image.name, width_px AS widthPx, height_px AS heightPx, class_id AS classId, split,
  boxes, masks, missing`;
const STORED = `${RECORD}, source_id AS sourceId, source.root, relative_path AS relativePath,
  content_hash AS contentHash, size_bytes AS sizeBytes, modified_ms AS modifiedMs,
  file_format AS fileFormat, class_origin AS classOrigin`;
const FROM_STORED = 'FROM shown_image AS image JOIN source ON source.id = image.source_id';

const toRecord = (row: RecordRow): ImageRecord => ({ ...row, missing: row.missing === 1 });
const toStored = (row: StoredRow): StoredImage => {
  refuseStrange(row);
  return { ...row, missing: row.missing === 1, file: path.join(row.root, ...row.relativePath.split('/')) };
};

/**
 * What becomes part of a path must not lead anywhere else. No Fovea writes such a row, and the table of a file
 * that another program made may lack the CHECK, so each row is looked at, too.
 * @throws AppError 'bad-file'
 */
function refuseStrange({ id, contentHash, relativePath }: StrangeRow): void {
  const problem = !contentHashSchema.safeParse(contentHash).success
    ? `its content hash is "${printable(String(contentHash), SHOWN)}", which is none`
    : leadsOut(relativePath)
      ? `its path "${printable(String(relativePath), SHOWN)}" leads out of its folder`
      : null;
  if (problem !== null)
    throw new AppError('bad-file', `picture ${id} of the project is not as Fovea writes it: ${problem}`, {
      file: 'project.sqlite',
      place: `image ${id}`,
      reason: problem,
    });
}
type StrangeRow = Pick<StoredRow, 'id' | 'contentHash' | 'relativePath'>;
/** Characters of a strange value that a message shows. */
const SHOWN = 80;
const leadsOut = (relativePath: string): boolean =>
  relativePath === '' || /^[/\\]|\0|(^|[/\\])\.\.([/\\]|$)/.test(relativePath);

/** Looks through all pictures of a file before it is used. @throws AppError 'bad-file', naming the first strange one */
export function refuseStrangeImages(db: Connection): void {
  const has = db.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'image'`).get();
  if (has === undefined) return;
  const strange = db
    .prepare<[], StrangeRow>(
      `SELECT id, content_hash AS contentHash, relative_path AS relativePath FROM image
       WHERE length(content_hash) <> 64 OR content_hash GLOB '*[^0-9a-f]*'
         OR instr(relative_path, '..') > 0 OR substr(relative_path, 1, 1) IN ('', '/', '\\')
       ORDER BY id`,
    )
    .iterate();
  // Two dots may also be part of a name.
  for (const row of strange) refuseStrange(row);
}

/** Digits padded, so that "img2" comes before "img10". */
const sortKeyOf = (name: string): string =>
  name.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, '0'));

/**
 * The WHERE of a filter; `1` where it asks nothing. The plus keeps SQLite from walking the index of splits,
 * which holds most of the pictures, and then sorting what it found: 4 to 10 times slower for a late page
 * of 100,000 than walking in the order that is asked for. Counts, which need no order, use that index.
 */
function conditions(filter: ImageFilter): { sql: string; values: (string | number)[] } {
  const parts: string[] = [];
  const values: (string | number)[] = [];
  const add = (sql: string, ...more: (string | number)[]) => {
    parts.push(sql);
    values.push(...more);
  };
  if (filter.text) add('instr(name_key, ?) > 0', filter.text.toLowerCase());
  if (filter.classId !== undefined) add('class_id = ?', filter.classId);
  if (filter.unclassed) add('class_id IS NULL');
  if (filter.split) add('+split = ?', filter.split);
  if (filter.has === 'box') add('boxes > 0');
  if (filter.has === 'mask') add('masks > 0');
  // What a person means by it: nothing is drawn on the picture yet.
  if (filter.has === 'no-box') add('boxes = 0 AND masks = 0');
  if (filter.import?.which === 'added')
    add(
      'id BETWEEN (SELECT first_image FROM import WHERE import.id = ?) AND (SELECT last_image FROM import WHERE import.id = ?)',
      filter.import.id,
      filter.import.id,
    );
  if (filter.import?.which === 'concerned')
    add('id IN (SELECT image_id FROM import_concern WHERE import_id = ?)', filter.import.id);
  return { sql: parts.join(' AND ') || '1', values };
}

/** What decides how a picture takes part in training. */
export interface TrainingFact {
  id: ImageId;
  classId: ClassId | null;
  split: Split | null;
  /** Something of the picture's class, or without class, is drawn on it. */
  hasRegion: boolean;
  /** Classes of what is drawn on it, in order. */
  drawn: ClassId[];
}

export type ImagesRepository = ReturnType<typeof imagesRepository>;

export function imagesRepository(db: Connection) {
  const byId = db.prepare<[number], StoredRow>(`SELECT ${STORED} ${FROM_STORED} WHERE image.id = ?`);
  const all = db.prepare<[], StoredRow>(`SELECT ${STORED} ${FROM_STORED} ORDER BY image.id`);
  const after = db.prepare<[number, number], StoredRow>(
    `SELECT ${STORED} ${FROM_STORED} WHERE image.id > ? ORDER BY image.id LIMIT ?`,
  );
  const byName = db.prepare<[string, string], StoredRow>(
    `SELECT ${STORED} ${FROM_STORED} WHERE image.name = ? OR relative_path = ? ORDER BY image.id`,
  );
  const at = db.prepare<[number, string], StoredRow>(
    `SELECT ${STORED} ${FROM_STORED} WHERE source_id = ? AND relative_path = ?`,
  );
  const byHash = db.prepare<[string], StoredRow>(
    `SELECT ${STORED} ${FROM_STORED} WHERE content_hash = ? ORDER BY image.id`,
  );
  const insert = db.prepare(`
    INSERT INTO image (source_id, relative_path, name, name_key, sort_key, content_hash, width_px, height_px,
      size_bytes, modified_ms, file_format, class_id, class_origin, split, boxes, masks)
    VALUES (@sourceId, @relativePath, @name, @nameKey, @sortKey, @contentHash, @widthPx, @heightPx,
      @sizeBytes, @modifiedMs, @fileFormat, @classId, @classOrigin, @split, @boxes, @masks)`);
  const setClass = db.prepare('UPDATE image SET class_id = ?, class_origin = ? WHERE id = ?');
  const setSplit = db.prepare('UPDATE image SET split = ? WHERE id = ?');
  const missing = db.prepare<[number], StoredRow>(
    `SELECT ${STORED} ${FROM_STORED} WHERE missing = 1 ORDER BY image.id LIMIT ?`,
  );
  const setMissing = db.prepare('UPDATE image SET missing = 1 - missing WHERE id = ? AND missing <> ?');
  const setFile = db.prepare(`
    UPDATE image SET source_id = @sourceId, relative_path = @relativePath, name = @name,
      name_key = @nameKey, sort_key = @sortKey, missing = 0 WHERE id = @id`);
  const setContent = db.prepare(`
    UPDATE image SET content_hash = @contentHash, width_px = @widthPx, height_px = @heightPx,
      size_bytes = @sizeBytes, modified_ms = @modifiedMs, file_format = @fileFormat, missing = 0
    WHERE id = @id`);
  const deriveClass = db.prepare(`
    UPDATE image SET class_id =
      (SELECT CASE WHEN count(DISTINCT class_id) = 1 THEN min(class_id) END
       FROM shown_annotation WHERE image_id = image.id AND class_id IS NOT NULL)
    WHERE id = ? AND class_origin = 'derived'`);
  const facts = db.prepare<
    [],
    Omit<TrainingFact, 'hasRegion' | 'drawn'> & { hasRegion: Flag; drawn: string | null }
  >(`
    SELECT id, class_id AS classId, split,
      (SELECT group_concat(DISTINCT class_id) FROM shown_annotation WHERE image_id = image.id) AS drawn, EXISTS (
      SELECT 1 FROM shown_annotation AS annotation WHERE image_id = image.id
        AND (annotation.class_id IS NULL OR annotation.class_id = image.class_id)) AS hasRegion
    FROM shown_image AS image WHERE missing = 0 ORDER BY id`);
  const counts = db.prepare<
    [],
    {
      split: Split | null;
      images: number;
      annotated: number;
      boxes: number;
      masks: number;
      withBox: number;
      withMask: number;
      unclassed: number;
      missing: number;
    }
  >(`
    SELECT split, count(*) AS images, sum(boxes > 0 OR masks > 0) AS annotated, sum(boxes) AS boxes,
      sum(masks) AS masks, sum(boxes > 0) AS withBox, sum(masks > 0) AS withMask, sum(class_id IS NULL) AS unclassed, sum(missing) AS missing
    FROM shown_image GROUP BY split`);
  const faces = db.prepare<[], StoredRow>(
    `SELECT ${STORED} ${FROM_STORED} WHERE image.id IN (
       SELECT min(id) FROM shown_image GROUP BY class_id ORDER BY class_id IS NULL, min(id) LIMIT ${FACES})
     ORDER BY image.id`,
  );
  const named = (relativePath: string) => {
    const name = path.posix.basename(relativePath);
    return { relativePath, name, nameKey: name.toLowerCase(), sortKey: sortKeyOf(name) };
  };
  const orderOf = (sort: ParsedQuery['sort']) => (sort === 'name' ? 'sort_key, id' : 'id');

  return {
    byId(id: number): StoredImage | null {
      const row = byId.get(id);
      return row ? toStored(row) : null;
    },
    all: (): StoredImage[] => all.all().map(toStored),
    /** The next few after an id, so that a walk over all can let others have their turn. */
    after: (id: number, limit: number): StoredImage[] => after.all(id, limit).map(toStored),
    /** By file name, or by path within its source. */
    byName: (name: string): StoredImage[] => byName.all(name, name).map(toStored),
    /** By its place within its source. */
    at(sourceId: number, relativePath: string): StoredImage | null {
      const row = at.get(sourceId, relativePath);
      return row ? toStored(row) : null;
    },
    byHash: (contentHash: string): StoredImage[] => byHash.all(contentHash).map(toStored),

    /** All that fit, in order of id. */
    idsOf(filter: ImageFilter): ImageId[] {
      const { sql, values } = conditions(filter);
      return db
        .prepare(`SELECT id FROM shown_image WHERE ${sql} ORDER BY id`)
        .pluck()
        .all(values) as ImageId[];
    },
    count(query: ParsedQuery): number {
      const { sql, values } = conditions(query.filter);
      const indexed = sql.replace('+split', 'split');
      return db.prepare(`SELECT count(*) FROM shown_image WHERE ${indexed}`).pluck().get(values) as number;
    },
    page(query: ParsedQuery, offset: number, limit: number): ImageRecord[] {
      const { sql, values } = conditions(query.filter);
      return db
        .prepare<unknown[], RecordRow>(
          `SELECT ${RECORD} FROM shown_image AS image WHERE ${sql} ORDER BY ${orderOf(query.sort)} LIMIT ? OFFSET ?`,
        )
        .all([...values, limit, offset])
        .map(toRecord);
    },
    /** How many of the query come before the picture; null if there is no such picture in it. */
    indexOf(query: ParsedQuery, id: number): number | null {
      const { sql, values } = conditions(query.filter);
      const self = db
        .prepare<unknown[], { sortKey: string }>(
          `SELECT sort_key AS sortKey FROM shown_image WHERE ${sql} AND id = ?`,
        )
        .get([...values, id]);
      if (!self) return null;
      const before = query.sort === 'name' ? '(sort_key, id) < (?, ?)' : 'id < ?';
      const place = query.sort === 'name' ? [self.sortKey, id] : [id];
      return db
        .prepare(`SELECT count(*) FROM shown_image WHERE ${sql} AND ${before}`)
        .pluck()
        .get([...values, ...place]) as number;
    },
    /** The first picture of the query, after `id` in its order, on which nothing is drawn. */
    nextUnlabelled(query: ParsedQuery, id: number): ImageId | null {
      const { sql, values } = conditions(query.filter);
      const after =
        query.sort === 'name' ? '(sort_key, id) > (SELECT sort_key, id FROM image WHERE id = ?)' : 'id > ?';
      const next = db
        .prepare(
          `SELECT id FROM shown_image WHERE ${sql} AND boxes = 0 AND masks = 0 AND ${after}
           ORDER BY ${orderOf(query.sort)} LIMIT 1`,
        )
        .pluck()
        .get([...values, id]) as ImageId | undefined;
      return next ?? null;
    },

    add: (image: NewImage): ImageId =>
      Number(
        insert.run({ boxes: 0, masks: 0, ...image, ...named(image.relativePath) }).lastInsertRowid,
      ) as ImageId,
    setClass: (id: ImageId, classId: ClassId | null, origin: ClassOrigin): void =>
      void setClass.run(classId, origin, id),
    /** Gives a picture whose class was not set by anybody the one class of its annotations, or none. */
    deriveClass: (id: ImageId): void => void deriveClass.run(id),
    setSplit: (id: ImageId, split: Split | null): void => void setSplit.run(split, id),
    /** The first few whose files were not there when they were last looked for. */
    missing: (limit: number): StoredImage[] => missing.all(limit).map(toStored),
    setMissing: (id: ImageId, missing: boolean): boolean => setMissing.run(id, flag(missing)).changes > 0,
    /** The same picture lies elsewhere now. */
    setFile: (id: ImageId, sourceId: number, relativePath: string): void =>
      void setFile.run({ id, sourceId, ...named(relativePath) }),
    /** Another picture lies under the same name now. */
    setContent: (
      id: ImageId,
      content: Pick<
        NewImage,
        'contentHash' | 'widthPx' | 'heightPx' | 'sizeBytes' | 'modifiedMs' | 'fileFormat'
      >,
    ): void => void setContent.run({ id, ...content }),

    /** Of every picture whose file is there, in order of id. */
    trainingFacts: (): TrainingFact[] =>
      facts.all().map(({ drawn, ...row }) => ({
        ...row,
        hasRegion: row.hasRegion === 1,
        drawn: (drawn?.split(',') ?? []).map((id) => Number(id) as ClassId).sort((a, b) => a - b),
      })),
    counts(): ProjectCounts {
      const sum: ProjectCounts = {
        images: 0,
        annotated: 0,
        boxes: 0,
        masks: 0,
        withBox: 0,
        withMask: 0,
        unclassed: 0,
        missing: 0,
        bySplit: { train: 0, selection: 0, test: 0, none: 0 },
      };
      for (const row of counts.all()) {
        sum.bySplit[row.split ?? 'none'] = row.images;
        const { split: _, ...figures } = row;
        for (const key of Object.keys(figures) as (keyof typeof figures)[]) sum[key] += row[key];
      }
      return sum;
    },
    /** At most five pictures that stand for the project: of different classes where there are some. */
    faces(): StoredImage[] {
      const rows = faces.all();
      const more = after.all(0, FACES).filter(({ id }) => rows.every((row) => row.id !== id));
      return [...rows, ...more].slice(0, FACES).map(toStored);
    },
  };
}
