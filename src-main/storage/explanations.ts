// Heat maps: a cache of those that people asked for, and the pinned ones of every epoch.

import type { Box } from '../contracts/geometry.ts';
import type { ClassId, ImageId, RunId } from '../contracts/ids.ts';
import type { HeatMap } from '../contracts/runs.ts';
import type { Connection } from './database.ts';
import { boolOrNull, bytesOf, flagOrNull, jsonOrNull, parse, parseOrNull } from './rows.ts';

export interface StoredMap {
  widthPx: number;
  heightPx: number;
  /** Row-major, >= 0, sums to 1 unless empty. */
  heat: Float32Array;
  classId: ClassId;
  scores: { classId: ClassId; name: string; score: number }[];
  energyInBox: number | null;
  pointingHit: boolean | null;
  regionBox: Box | null;
  measuredBox: HeatMap['measuredBox'];
}

/** Maps kept for people before the oldest give way: about 80 MB at 64 x 64. */
const CACHED_MAPS = 5000;

export type ExplanationsRepository = ReturnType<typeof explanationsRepository>;

export function explanationsRepository(db: Connection) {
  interface Row {
    widthPx: number;
    heightPx: number;
    heat: Buffer;
    classId: ClassId;
    scores: string;
    energyInBox: number | null;
    pointingHit: number | null;
    regionBox: string | null;
    measuredBox: string | null;
  }
  const COLUMNS = `width_px AS widthPx, height_px AS heightPx, heat, class_id AS classId, scores,
    energy_in_box AS energyInBox, pointing_hit AS pointingHit, region_box AS regionBox,
    measured_box AS measuredBox`;
  const get = db.prepare<[number, number, string], Row>(
    `SELECT ${COLUMNS} FROM explanation WHERE run_id = ? AND image_id = ? AND cache_key = ?`,
  );
  const pinned = db.prepare<[number], Row & { epoch: number; imageId: ImageId }>(
    `SELECT ${COLUMNS}, epoch, image_id AS imageId FROM explanation
     WHERE run_id = ? AND epoch IS NOT NULL ORDER BY epoch, image_id`,
  );
  const insert = db.prepare(`
    INSERT OR REPLACE INTO explanation (run_id, image_id, epoch, cache_key, width_px, height_px, heat,
      class_id, scores, energy_in_box, pointing_hit, region_box, measured_box)
    VALUES (@runId, @imageId, @epoch, @key, @widthPx, @heightPx, @heat, @classId, @scores, @energyInBox,
      @pointingHit, @regionBox, @measuredBox)`);
  const prune = db.prepare(
    'DELETE FROM explanation WHERE epoch IS NULL AND id <= (SELECT max(id) FROM explanation) - ?',
  );

  const toMap = (row: Row): StoredMap => ({
    widthPx: row.widthPx,
    heightPx: row.heightPx,
    // Copied: a Buffer of SQLite need not start at a multiple of four bytes.
    heat: new Float32Array(Uint8Array.from(row.heat).buffer),
    classId: row.classId,
    scores: parse<StoredMap['scores']>(row.scores),
    energyInBox: row.energyInBox,
    pointingHit: boolOrNull(row.pointingHit),
    regionBox: parseOrNull<Box>(row.regionBox),
    measuredBox: parseOrNull<NonNullable<StoredMap['measuredBox']>>(row.measuredBox),
  });
  const write = (runId: RunId, imageId: ImageId, epoch: number | null, key: string, map: StoredMap) =>
    insert.run({
      ...map,
      runId,
      imageId,
      epoch,
      key,
      heat: bytesOf(map.heat),
      scores: JSON.stringify(map.scores),
      pointingHit: flagOrNull(map.pointingHit),
      regionBox: jsonOrNull(map.regionBox),
      measuredBox: jsonOrNull(map.measuredBox),
    });

  return {
    get(runId: RunId, imageId: ImageId, key: string): StoredMap | null {
      const row = get.get(runId, imageId, key);
      return row ? toMap(row) : null;
    },
    /** Remembers a map under a key that names everything it depends on. */
    put(runId: RunId, imageId: ImageId, key: string, map: StoredMap): void {
      write(runId, imageId, null, key, map);
      prune.run(CACHED_MAPS);
    },
    pin: (runId: RunId, epoch: number, imageId: ImageId, map: StoredMap): void =>
      void write(runId, imageId, epoch, `pinned:${epoch}`, map),
    pinned: (runId: RunId): { epoch: number; imageId: ImageId; map: StoredMap }[] =>
      pinned.all(runId).map((row) => ({ epoch: row.epoch, imageId: row.imageId, map: toMap(row) })),
  };
}
