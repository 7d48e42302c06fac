// Folders that pictures were imported from. The only place of the project that holds absolute paths, so a
// moved folder is mended by changing one row.

import type { Connection } from './database.ts';

interface Source {
  id: number;
  /** Absolute. */
  root: string;
  format: string;
}

export type SourcesRepository = ReturnType<typeof sourcesRepository>;

export function sourcesRepository(db: Connection) {
  const all = db.prepare<[], Source>('SELECT id, root, format FROM source ORDER BY id');
  const byRoot = db.prepare<[string], Source>('SELECT id, root, format FROM source WHERE root = ?');
  const add = db.prepare('INSERT INTO source (root, format, added_at) VALUES (?, ?, ?)');
  const move = db.prepare('UPDATE source SET root = ? WHERE id = ?');
  return {
    all: (): Source[] => all.all(),
    byRoot: (root: string): Source | null => byRoot.get(root) ?? null,
    add: (root: string, format: string): number => Number(add.run(root, format, Date.now()).lastInsertRowid),
    move: (id: number, root: string): void => void move.run(root, id),
  };
}
