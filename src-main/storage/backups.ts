// Copies of a project's database, made while it is in use: daily, and before a migration; and how one takes the place
// of a database that is damaged. What is replaced is kept beside the copies. All of it takes seconds for a large
// project, so it is done in a process of its own, over connections of its own.

import Database from 'better-sqlite3';
import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import { makeFileFirst, makeFolder } from '../files/write-file.ts';
import { storageError } from './database.ts';
import { lockProject } from './lock.ts';

export interface BackupFile {
  /** Of the file, within the project's folder. */
  name: string;
  /** When it was made, in ms. */
  at: number;
  sizeBytes: number;
}

/** Daily copies that are kept. */
const KEPT = 7;
/** Complaints of SQLite that are told. */
const TOLD = 5;
const FOLDER = 'backups';
const PROJECT_FILE = 'project.sqlite';

/** Newest first: daily ones, those made before migrations, and what restoring has replaced. */
export function backupsOf(folder: string): BackupFile[] {
  const within = (inner: string, isOne: RegExp): BackupFile[] => {
    const place = path.join(folder, inner);
    if (!fs.existsSync(place)) return [];
    return fs
      .readdirSync(place)
      .filter((name) => isOne.test(name))
      .map((name) => {
        const { mtimeMs, size } = fs.statSync(path.join(place, name));
        return { name: path.posix.join(inner, name), at: Math.round(mtimeMs), sizeBytes: size };
      });
  };
  return [
    ...within(FOLDER, /^(daily|replaced)-[\d-]+\.sqlite$/),
    ...within('', /^project\.sqlite\.version-\d+\.backup$/),
  ].sort((a, b) => b.at - a.at);
}

/** When the last daily copy was made; -Infinity if none is there. */
export const lastDaily = (folder: string): number =>
  Math.max(
    -Infinity,
    ...backupsOf(folder)
      .filter(({ name }) => path.posix.basename(name).startsWith('daily-'))
      .map(({ at }) => at),
  );

/** Where a daily copy goes that is made now. */
export const dailyFile = (folder: string): string => path.join(folder, FOLDER, `daily-${stamp()}.sqlite`);

const stamp = (): string => new Date().toISOString().slice(0, 19).replace(/[T:]/g, '-');

/** Copies a database that may be in use; the copy appears when it is whole. Daily copies beyond the newest go. */
export function backUp(file: string, out: string): void {
  makeFolder(path.dirname(out));
  const unfinished = `${out}.part`;
  fs.rmSync(unfinished, { force: true });
  makeFileFirst(unfinished);
  try {
    reading(file, (db) => db.prepare('VACUUM INTO ?').run(unfinished));
    fs.renameSync(unfinished, out);
  } catch (error) {
    fs.rmSync(unfinished, { force: true });
    throw storageError(error, file);
  }
  const folder = path.dirname(out);
  const daily = fs.readdirSync(folder).filter((name) => /^daily-[\d-]+\.sqlite$/.test(name));
  for (const name of daily.sort().slice(0, -KEPT)) fs.rmSync(path.join(folder, name), { force: true });
}

/** What SQLite finds wrong with a database; empty if nothing is. */
export function damageOf(file: string): string[] {
  try {
    const found = reading(file, (db) => db.pragma(`quick_check(${TOLD})`)) as { quick_check: string }[];
    return found.map((row) => row.quick_check).filter((line) => line !== 'ok');
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function reading<T>(file: string, work: (db: Database.Database) => T): T {
  const db = new Database(file, { fileMustExist: true, timeout: 5000 });
  try {
    return work(db);
  } finally {
    db.close();
  }
}

/**
 * Puts a copy in the place of the database of a project that is not open. The database goes to the copies.
 * @param name  of a backup, as `backupsOf` says it
 * @throws AppError 'not-found', 'bad-file' when the copy is damaged itself, 'conflict' when the project is open
 */
export function restoreBackup(folder: string, name: string): void {
  if (!backupsOf(folder).some((backup) => backup.name === name))
    throw new AppError('not-found', `${path.basename(folder)} has no backup ${name}`);
  const lock = lockProject(folder);
  const file = path.join(folder, PROJECT_FILE);
  const coming = `${file}.restoring`;
  try {
    const [damage] = damageOf(path.join(folder, name));
    if (damage !== undefined)
      throw new AppError('bad-file', `the backup ${name} is damaged, too`, { file: name, reason: damage });
    for (const ending of ['', '-wal', '-shm']) fs.rmSync(coming + ending, { force: true });
    copyWhole(path.join(folder, name), coming);
    keepRunNumbers(folder, coming);
    const kept = path.join(folder, FOLDER, `replaced-${stamp()}.sqlite`);
    makeFolder(path.dirname(kept));
    for (const ending of ['', '-wal'])
      if (fs.existsSync(file + ending)) copyWhole(file + ending, kept + ending);
    // The log belongs to what is replaced; its copy is on the disk.
    for (const ending of ['-wal', '-shm']) fs.rmSync(file + ending, { force: true });
    fs.renameSync(coming, file);
  } catch (error) {
    fs.rmSync(coming, { force: true });
    throw storageError(error, file);
  } finally {
    lock.release();
  }
}

function copyWhole(from: string, to: string): void {
  fs.copyFileSync(from, to);
  const handle = fs.openSync(to, 'r+');
  fs.fsyncSync(handle);
  fs.closeSync(handle);
}

/** Runs that were made after the copy have left their folders: their numbers must not be given again. */
function keepRunNumbers(folder: string, file: string): void {
  const runs = path.join(folder, 'runs');
  const last = fs.existsSync(runs)
    ? Math.max(0, ...fs.readdirSync(runs).map((name) => (/^\d{1,15}$/.test(name) ? Number(name) : 0)))
    : 0;
  reading(file, (db) => {
    const { changes } = db
      .prepare(`UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'run'`)
      .run(last);
    if (changes === 0) db.prepare(`INSERT INTO sqlite_sequence (name, seq) VALUES ('run', ?)`).run(last);
    db.exec(`DELETE FROM setting WHERE key = 'openedBy'`);
  });
}
