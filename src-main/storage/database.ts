// Opens project.sqlite so that a committed edit survives kill -9 and loss of power, and brings old files
// up to date. Every family's SQL is in its own repository; this file knows none of them.

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { AppError } from '../contracts/errors.ts';
import { migrations as shippedMigrations } from './migrations.ts';

export type Connection = Database.Database;

/** How long a statement waits for another program that writes. */
const BUSY_MS = 50;
/** How long work that can wait does so, and how often it tries. */
const PATIENCE_MS = 60_000;
const TRY_EVERY_MS = 20;

/** Whether nothing was written because another program holds the database. */
export const isBusy = (error: unknown): boolean =>
  error instanceof Database.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code);

/**
 * Tries work again while another program holds the database, a backup for instance, and lets the process do other
 * things meanwhile.
 * @param work  one transaction: it must have changed nothing when it fails
 */
export async function whenFree<T>(work: () => T, patienceMs = PATIENCE_MS): Promise<T> {
  const until = performance.now() + patienceMs;
  for (;;)
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() > until) throw error;
      await delay(TRY_EVERY_MS);
    }
}

/**
 * Opens or makes the database file and migrates it to the newest version.
 * @param migrations  steps to bring a file up to date; other than the shipped ones only in tests
 * @throws AppError 'too-new' when a newer Fovea wrote it, 'bad-file' when it is no project
 */
export function openDatabase(file: string, migrations: readonly string[] = shippedMigrations): Connection {
  let db: Connection | undefined;
  try {
    // Waiting stops the whole process, so who finds the database in use waits outside of SQLite: see whenFree.
    db = new Database(file, { timeout: BUSY_MS });
    db.pragma('journal_mode = WAL');
    // WAL alone syncs at checkpoints only; FULL syncs at every commit, which is what "saved" promises.
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    db.pragma('trusted_schema = OFF');
    migrate(db, file, migrations);
    return db;
  } catch (error) {
    db?.close();
    throw storageError(error, file);
  }
}

function migrate(db: Connection, file: string, migrations: readonly string[]): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version > migrations.length)
    throw new AppError('too-new', `${path.basename(path.dirname(file))} was written by a newer Fovea`, {
      file: path.basename(file),
      reason: `its version is ${version}, this Fovea knows ${migrations.length}`,
    });
  if (version === migrations.length) return;
  if (version > 0) backUp(db, `${file}.version-${version}.backup`);
  db.transaction(() => {
    for (const step of migrations.slice(version)) db.exec(step);
    db.pragma(`user_version = ${migrations.length}`);
  }).immediate();
}

/** A whole copy beside the file, as it was before the migration. An older one of that version is kept. */
function backUp(db: Connection, copy: string): void {
  if (fs.existsSync(copy)) return;
  const unfinished = `${copy}.part`;
  fs.rmSync(unfinished, { force: true });
  db.prepare('VACUUM INTO ?').run(unfinished);
  fs.renameSync(unfinished, copy);
}

/** What a person is told of a failure of SQLite; other errors pass through. */
export function storageError(error: unknown, file = 'project.sqlite'): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  const detail = { file: path.basename(file), reason: error.message };
  const says = (code: ConstructorParameters<typeof AppError>[0], message: string) =>
    new AppError(code, message, detail, error);
  if (/^SQLITE_(BUSY|LOCKED)/.test(error.code))
    return says('conflict', 'another program is using the project');
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(error.code))
    return says('bad-file', `${path.basename(file)} is damaged or is no Fovea project`);
  if (/^SQLITE_FULL/.test(error.code)) return says('unavailable', 'the disk is full; nothing was written');
  if (/^SQLITE_(READONLY|CANTOPEN|PERM|AUTH|IOERR)/.test(error.code))
    return says('refused', 'the project folder cannot be written to');
  return error;
}
