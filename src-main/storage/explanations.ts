// Heat maps: a cache of those that people asked for, and the pinned ones of every epoch.

import type { Box } from '../contracts/geometry.ts';
import type { ClassId, ImageId, RunId } from '../contracts/ids.ts';
import type { HeatMap } from '../contracts/explanations.ts';
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

/** What maps kept for people may take before the oldest give way: some 1,200 of 224 x 224, 15,000 of 64 x 64. */
const CACHED_BYTES = 256 * 2 ** 20;
/** They give way down to this share, so that not each map that is added looks through all. */
const LEFT = 0.9;

export type ExplanationsRepository = ReturnType<typeof explanationsRepository>;

export function explanationsRepository(db: Connection, mostBytes = CACHED_BYTES) {
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
  /** Told by a row's header: the values themselves are not read. */
  const SIZE = 'octet_length(heat) + octet_length(scores)';
  const cachedBytes = db
    .prepare<[], number>(`SELECT coalesce(sum(${SIZE}), 0) FROM explanation WHERE epoch IS NULL`)
    .pluck();
  const prune = db.prepare<[number]>(`
    DELETE FROM explanation WHERE id IN (
      SELECT id FROM (
        SELECT id, sum(${SIZE}) OVER (ORDER BY id DESC) AS with_all_newer FROM explanation WHERE epoch IS NULL
      ) WHERE with_all_newer > ?
    )`);
  /** Never too small: what is replaced, or goes with a run, is still counted. */
  let countedBytes: number | null = null;

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
  /** @returns how many bytes it takes */
  const write = (
    runId: RunId,
    imageId: ImageId,
    epoch: number | null,
    key: string,
    map: StoredMap,
  ): number => {
    const scores = JSON.stringify(map.scores);
    insert.run({
      ...map,
      runId,
      imageId,
      epoch,
      key,
      scores,
      heat: bytesOf(map.heat),
      pointingHit: flagOrNull(map.pointingHit),
      regionBox: jsonOrNull(map.regionBox),
      measuredBox: jsonOrNull(map.measuredBox),
    });
    return map.heat.byteLength + Buffer.byteLength(scores);
  };

  return {
    get(runId: RunId, imageId: ImageId, key: string): StoredMap | null {
      const row = get.get(runId, imageId, key);
      return row ? toMap(row) : null;
    },
    /** Remembers a map under a key that names everything it depends on. */
    put(runId: RunId, imageId: ImageId, key: string, map: StoredMap): void {
      countedBytes ??= cachedBytes.get()!;
      countedBytes += write(runId, imageId, null, key, map);
      if (countedBytes <= mostBytes) return;
      if (cachedBytes.get()! > mostBytes) prune.run(LEFT * mostBytes);
      countedBytes = cachedBytes.get()!;
    },
    pin: (runId: RunId, epoch: number, imageId: ImageId, map: StoredMap): void =>
      void write(runId, imageId, epoch, `pinned:${epoch}`, map),
    pinned: (runId: RunId): { epoch: number; imageId: ImageId; map: StoredMap }[] =>
      pinned.all(runId).map((row) => ({ epoch: row.epoch, imageId: row.imageId, map: toMap(row) })),
  };
}
