// One process at a time writes a project. The lock is SQLite's own, held on an empty file beside the
// database: the system drops it when the process ends, however it ends, so a crash leaves nothing stale
// (a file with a process id would), and other programs may still read the database.

import Database from 'better-sqlite3';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import { storageError } from './database.ts';

export interface ProjectLock {
  release(): void;
}

/** @throws AppError 'conflict' when this or another process has the project open */
export function lockProject(folder: string): ProjectLock {
  const file = path.join(folder, 'project.lock');
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { timeout: 0 });
    db.pragma('journal_mode = MEMORY');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db?.close();
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY'))
      throw new AppError('conflict', `${path.basename(folder)} is open in another Fovea`, {
        reason: 'close it there first',
      });
    throw storageError(error, file);
  }
  const held = db;
  return { release: () => held.close() };
}
