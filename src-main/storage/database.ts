// Opens project.sqlite so that a committed edit survives kill -9 and loss of power, and brings old files
// up to date. Every family's SQL is in its own repository; this file knows none of them.

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { AppError } from '../contracts/errors.ts';
import { makeFileFirst } from '../files/write-file.ts';
import { migrations as shippedMigrations } from './migrations.ts';

export type Connection = Database.Database;

/** How long a statement waits for another program that writes. */
const BUSY_MS = 50;
/** How long work that can wait does so, and how often it tries. */
const PATIENCE_MS = 60_000;
const TRY_EVERY_MS = 20;

const hasCode = (error: unknown, codes: RegExp): boolean =>
  error instanceof AppError
    ? hasCode(error.cause, codes)
    : error instanceof Database.SqliteError && codes.test(error.code);

/** Whether nothing was written because another program holds the database. */
export const isBusy = (error: unknown): boolean => hasCode(error, /^SQLITE_(BUSY|LOCKED)/);

/** Whether the same may work later: the database is held, the disk is full or away. */
export const mayPass = (error: unknown): boolean =>
  hasCode(error, /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN)/);

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
 * @param check       looks at a file that others may have written, before it is migrated
 * @throws AppError 'too-new' when a newer Fovea wrote it, 'bad-file' when it is no project
 */
export function openDatabase(
  file: string,
  migrations: readonly string[] = shippedMigrations,
  check: (db: Connection) => void = () => {},
): Connection {
  refuseLostFile(file);
  let db: Connection | undefined;
  try {
    // Waiting stops the whole process, so who finds the database in use waits outside of SQLite: see whenFree.
    // SQLite makes the files beside it with the same permissions.
    makeFileFirst(file);
    db = new Database(file, { timeout: BUSY_MS });
    db.pragma('journal_mode = WAL');
    // WAL alone syncs at checkpoints only; FULL syncs at every commit, which is what "saved" promises.
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    db.pragma('trusted_schema = OFF');
    check(db);
    migrate(db, file, migrations);
    return db;
  } catch (error) {
    db?.close();
    throw storageError(error, file);
  }
}

/**
 * SQLite takes an empty file for a new database and throws away the write-ahead log beside it, which may be the only
 * copy left.
 */
function refuseLostFile(file: string): void {
  const size = (name: string) => fs.statSync(name, { throwIfNoEntry: false })?.size;
  if (size(file) !== 0 || !size(`${file}-wal`)) return;
  throw new AppError('bad-file', `${path.basename(file)} is empty, but its log beside it is not`, {
    file: path.basename(file),
    reason: `${path.basename(file)}-wal may hold what was drawn last: keep a copy of the folder, then restore a backup`,
  });
}

/** Where a copy of the file goes before it is migrated; null if it needs no migration, or cannot be read. */
export function migrationBackupOf(file: string): string | null {
  let db: Connection | undefined;
  try {
    if (!fs.statSync(file, { throwIfNoEntry: false })?.size) return null;
    db = new Database(file, { fileMustExist: true, timeout: BUSY_MS });
    const version = db.pragma('user_version', { simple: true }) as number;
    return version > 0 && version < shippedMigrations.length ? backupName(file, version) : null;
  } catch {
    return null; // told when it is opened
  } finally {
    db?.close();
  }
}

const backupName = (file: string, version: number): string => `${file}.version-${version}.backup`;

/**
 * Opens a file to read only, as it is: nothing is migrated, and every write is refused.
 * @throws AppError 'bad-file', 'too-new'; 'conflict' for one that would have to be migrated first
 */
export function openDatabaseToRead(file: string): Connection {
  refuseLostFile(file);
  let db: Connection | undefined;
  try {
    db = new Database(file, { fileMustExist: true, readonly: true, timeout: BUSY_MS });
    db.pragma('trusted_schema = OFF');
    const version = versionOf(db, file, shippedMigrations.length);
    if (version < shippedMigrations.length)
      throw new AppError('conflict', `${path.basename(path.dirname(file))} is of an older Fovea`, {
        reason: 'it has to be opened to write once, which brings it up to date',
      });
    return db;
  } catch (error) {
    db?.close();
    throw storageError(error, file);
  }
}

function migrate(db: Connection, file: string, migrations: readonly string[]): void {
  const version = versionOf(db, file, migrations.length);
  if (version === migrations.length) return;
  if (version > 0) backUp(db, backupName(file, version));
  try {
    db.transaction(() => {
      for (const step of migrations.slice(version)) db.exec(step);
      db.pragma(`user_version = ${migrations.length}`);
    }).immediate();
  } catch (error) {
    if (!(error instanceof Database.SqliteError) || error.code !== 'SQLITE_ERROR') throw error;
    throw new AppError(
      'bad-file',
      `${path.basename(file)} says that it is of version ${version}, but its content is of another`,
      { file: path.basename(file), reason: error.message },
      error,
    );
  }
}

/** 0 for a new file. @throws AppError for what no Fovea, or only a newer one, wrote */
function versionOf(db: Connection, file: string, newest: number): number {
  const version = db.pragma('user_version', { simple: true }) as number;
  const says = {
    file: path.basename(file),
    reason: `its version is ${version}, this Fovea knows 1 to ${newest}`,
  };
  if (version > newest)
    throw new AppError('too-new', `${path.basename(path.dirname(file))} was written by a newer Fovea`, says);
  const isNew = db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
  if (version < 0 || (version === 0) !== isNew)
    throw new AppError('bad-file', `${path.basename(file)} is of no known version`, says);
  return version;
}

/** A whole copy beside the file, as it was before the migration. An older one of that version is kept. */
function backUp(db: Connection, copy: string): void {
  if (fs.existsSync(copy)) return;
  const unfinished = `${copy}.part`;
  fs.rmSync(unfinished, { force: true });
  makeFileFirst(unfinished);
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
  // A table that is not there, or one that cannot be read as it is declared: not written by us.
  const isStrange =
    error.code === 'SQLITE_ERROR' &&
    /no such (table|column|index)|malformed|already exists|duplicate column|unsupported file format/.test(
      error.message,
    );
  if (
    /^SQLITE_(NOTADB|CORRUPT|CONSTRAINT_DATATYPE|FORMAT|MISMATCH|SCHEMA|CANTOPEN_DIRTYWAL|IOERR_SHORT_READ)/.test(
      error.code,
    ) ||
    isStrange
  )
    return says('bad-file', `${path.basename(file)} is damaged or is no Fovea project`);
  // A disk that is full shows itself at the shared memory first, which SQLite calls an I/O error.
  if (/^SQLITE_IOERR_(SHM|WRITE|FSYNC|TRUNCATE)/.test(error.code))
    return says('unavailable', 'the disk is full or has failed; nothing was written');
  if (/^SQLITE_FULL/.test(error.code)) return says('unavailable', 'the disk is full; nothing was written');
  if (/^SQLITE_READONLY$/.test(error.code)) return says('refused', 'the project is open to read only');
  if (/^SQLITE_(READONLY|CANTOPEN|PERM|AUTH|IOERR)/.test(error.code))
    return says('refused', 'the project folder cannot be written to');
  return error;
}
