// One process at a time writes a project. The lock is SQLite's own, held on an empty file beside the
// database: the system drops it when the process ends, however it ends, so a crash leaves nothing stale
// (a file with a process id would), and other programs may still read the database.
//
// A person may tidy that file away, and a second process would lock a new one. So the database itself says who has it
// open, and through which lock file: where that is not the one that is there now, the process is looked for.

import Database from 'better-sqlite3';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import { makeFileFirst } from '../files/write-file.ts';
import { isBusy, mayPass, storageError, type Connection } from './database.ts';
import { parse } from './rows.ts';

export interface ProjectLock {
  /**
   * Notes in the database that this process has it open.
   * @throws AppError 'conflict' when another that lives has it open, whose lock file was deleted
   */
  claim(db: Connection): void;
  /** Takes that back; to be called before the database is closed. */
  disclaim(): void;
  release(): void;
}

/** Who has a database open. A file is known by its number on the disk, so a copy of a project is not taken for it. */
interface Owner {
  pid: number;
  /** When the process began, as the system counts; empty where that cannot be asked. */
  begun: string;
  host: string;
  lock: string;
  file: string;
}

/** Databases that this process has open. */
const open = new Set<string>();

/** @throws AppError 'conflict' when this or another process has the project open */
export function lockProject(folder: string): ProjectLock {
  const file = path.join(folder, 'project.lock');
  const inUse = (reason: string) =>
    new AppError('conflict', `${path.basename(folder)} is open in another Fovea`, { reason });
  let db: Database.Database | undefined;
  try {
    makeFileFirst(file);
    db = new Database(file, { timeout: 0 });
    db.pragma('journal_mode = MEMORY');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db?.close();
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY'))
      throw inUse('close it there first');
    throw storageError(error, file);
  }
  const held = db;
  let claimed: { project: Connection; number: string } | undefined;
  return {
    claim(project) {
      const own: Owner = {
        pid: process.pid,
        begun: begunAt(process.pid),
        host: os.hostname(),
        lock: numberOf(file),
        file: numberOf(project.name),
      };
      const row = project
        .prepare<[], { value: string }>(`SELECT value FROM setting WHERE key = 'openedBy'`)
        .get();
      const other = row && parse<Owner>(row.value);
      if (other && other.file === own.file && other.lock !== own.lock && lives(other, own))
        throw inUse(`process ${other.pid} has it open, and its lock file was deleted: close it there first`);
      open.add(own.file);
      claimed = { project, number: own.file };
      try {
        project
          .prepare(`INSERT OR REPLACE INTO setting (key, value) VALUES ('openedBy', ?)`)
          .run(JSON.stringify(own));
      } catch (error) {
        // On a full disk a project can still be looked at; the lock file is held.
        if (isBusy(error) || !mayPass(error)) throw error;
      }
    },
    disclaim() {
      if (!claimed) return;
      open.delete(claimed.number);
      try {
        claimed.project.exec(`DELETE FROM setting WHERE key = 'openedBy'`);
      } catch {
        // The next process finds that this one has ended.
      }
      claimed = undefined;
    },
    release: () => held.close(),
  };
}

function numberOf(file: string): string {
  const { dev, ino } = fs.statSync(file, { bigint: true });
  return `${dev}:${ino}`;
}

function lives({ pid, begun, host, file }: Owner, own: Owner): boolean {
  if (host !== own.host) return false; // cannot be asked; over a network the lock file is what there is
  if (pid === own.pid && begun === own.begun) return open.has(file);
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  // The system gives numbers of processes again.
  return begun === '' || begunAt(pid) === '' || begun === begunAt(pid);
}

function begunAt(pid: number): string {
  try {
    // The name in brackets may hold anything; the time is the twentieth field after it.
    return fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
