// What a run was trained on: classes, parts and shapes of that moment, packed. Equal states share a row.

import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Split } from '../contracts/dataset.ts';
import type { Shape } from '../contracts/geometry.ts';
import { AppError } from '../contracts/errors.ts';
import type { ClassId, ImageId } from '../contracts/ids.ts';
import type { Connection } from './database.ts';
import { parse } from './rows.ts';

/** Where a picture is in a run: in a part of the project, or set apart from selection by the run's sweep. */
export type SnapshotPart = Split | 'tuning';

export interface Snapshot {
  classes: { id: ClassId; name: string }[];
  images: {
    id: ImageId;
    contentHash: string;
    classId: ClassId | null;
    split: SnapshotPart | null;
    annotations: { classId: ClassId | null; shape: Shape }[];
  }[];
}

export type SnapshotsRepository = ReturnType<typeof snapshotsRepository>;

export function snapshotsRepository(db: Connection) {
  const byHash = db.prepare<[string], { id: number }>('SELECT id FROM snapshot WHERE hash = ?');
  const insert = db.prepare('INSERT INTO snapshot (hash, created_at, data) VALUES (?, ?, ?)');
  const byId = db.prepare<[number], { data: Buffer }>('SELECT data FROM snapshot WHERE id = ?');
  return {
    save(snapshot: Snapshot): number {
      const json = JSON.stringify(snapshot);
      const hash = createHash('sha256').update(json).digest('hex');
      const known = byHash.get(hash);
      return known?.id ?? Number(insert.run(hash, Date.now(), gzipSync(json)).lastInsertRowid);
    },
    load(id: number): Snapshot {
      const row = byId.get(id);
      if (!row) throw new AppError('not-found', `snapshot ${id} is not in the project`);
      return parse<Snapshot>(gunzipSync(row.data).toString('utf8'));
    },
  };
}
