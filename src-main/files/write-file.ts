// Files and folders made so that nothing half-written is ever found: a file appears under its name when all of it is on
// the disk, whatever ends the process or fills the disk meanwhile. What is made is open to no more people than the folder
// that it lies in: all of a project is as private, or as shared, as the project's folder.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { AppError, systemError } from '../contracts/errors.ts';

/** Mode of a folder that only its owner may look into. */
export const PRIVATE = 0o700;

/** Mode for files to be as private as the folder in which they are made. The umask takes away from it. */
export const fileModeIn = (folder: string): number => modeOf(folder) & 0o666;

/** Mode for a folder to be as private as another. */
export function modeOf(folder: string): number {
  try {
    return (fs.statSync(folder).mode & 0o777) | PRIVATE;
  } catch {
    return PRIVATE; // what is made there fails, and says why
  }
}

/** Makes the empty file, for a library that would make it open to all; one that is there already stays as it is. */
export function makeFileFirst(file: string): void {
  try {
    fs.closeSync(fs.openSync(file, 'wx', fileModeIn(path.dirname(file))));
  } catch {
    // It is there, or the library fails as well and says why.
  }
}

/**
 * Writes beside the target, syncs, then renames; what is there under the name is replaced at once or not at all.
 * @param parts  content, one after the other
 * @throws AppError for what the system refuses; then nothing is left behind
 */
export async function writeFileWhole(file: string, parts: Iterable<Uint8Array | string>): Promise<void> {
  const beside = besideOf(file);
  try {
    refuseFolder(file);
    removeLeft(file);
    const handle = await fs.promises.open(beside, 'wx', fileModeIn(path.dirname(file)));
    try {
      for (const part of parts) await handle.writeFile(part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.promises.rename(beside, file);
  } catch (thrown) {
    await fs.promises.rm(beside, { force: true }).catch(() => {}); // the reason it failed is the one to tell
    throw asAppError(thrown, file);
  }
  await syncFolder(path.dirname(file));
}

/** The same for small files, at once. */
export function writeFileWholeSync(file: string, content: Uint8Array | string): void {
  const beside = besideOf(file);
  try {
    refuseFolder(file);
    removeLeft(file);
    fs.writeFileSync(beside, content, { mode: fileModeIn(path.dirname(file)), flag: 'wx', flush: true });
    fs.renameSync(beside, file);
  } catch (thrown) {
    try {
      fs.rmSync(beside, { force: true });
    } catch {
      // The reason it failed is the one to tell.
    }
    throw asAppError(thrown, file);
  }
}

/**
 * Makes a folder and those above it. Node's own recursive mkdir never returns where the system says "not found" for a
 * folder that is there, as below /proc.
 * @param mode  of the folder, if it is made; as the one above it otherwise
 * @throws AppError
 */
export function makeFolder(folder: string, mode?: number): void {
  const whole = path.resolve(folder);
  const wanted: string[] = [];
  let at = whole;
  try {
    while (!isFolder(at)) {
      wanted.push(at);
      const above = path.dirname(at);
      if (above === at) break;
      at = above;
    }
    for (const place of wanted.reverse()) {
      try {
        fs.mkdirSync(place, place === whole && mode !== undefined ? mode : modeOf(path.dirname(place)));
      } catch (thrown) {
        // Another process made it meanwhile.
        if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST' || !isFolder(place)) throw thrown;
      }
    }
  } catch (thrown) {
    throw systemError(thrown) ?? thrown;
  }
}

/** @throws AppError for a file in the folder's place, and a link that leads nowhere */
function isFolder(place: string): boolean {
  const stat = fs.statSync(place, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return true;
  const file = path.basename(place);
  if (stat) throw new AppError('bad-input', `${file} is a file where a folder should be`, { file });
  // A link that leads nowhere is there for mkdir, and not there for stat.
  if (fs.lstatSync(place, { throwIfNoEntry: false }))
    throw new AppError('bad-input', `${file} is a link that leads nowhere`, { file });
  return false;
}

/** Renaming a file over a folder fails with words that differ from system to system. */
function refuseFolder(file: string): void {
  const name = path.basename(file);
  if (fs.statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new AppError('bad-input', `${name} is a folder where a file should be`, { file: name });
}

/** Of a fixed length, so that every name that the system takes can be written; of this process, for two write at once. */
const besideOf = (file: string): string => path.join(path.dirname(file), `${markOf(file)}${process.pid}.new`);
const markOf = (file: string): string =>
  `.${createHash('sha256').update(path.basename(file)).digest('hex').slice(0, 12)}.`;

/** What a process that was killed began to write in the file's place. */
function removeLeft(file: string): void {
  const mark = markOf(file);
  removeWhere(path.dirname(file), (name) => name.startsWith(mark));
}

/** What processes that were killed began to write in the folder, whatever its name was to be. */
export function removeLeftIn(folder: string): void {
  removeWhere(folder, () => true);
}

function removeWhere(folder: string, isMeant: (name: string) => boolean): void {
  for (const name of namesIn(folder)) {
    const pid = Number(/^\.[0-9a-f]{12}\.(\d+)\.new$/.exec(name)?.[1]);
    if (Number.isNaN(pid) || !isMeant(name) || (pid !== process.pid && isAlive(pid))) continue;
    fs.rmSync(path.join(folder, name), { force: true });
  }
}

/** None of a folder that cannot be listed: what is wrong with it shows when the file is written. */
function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Names what was asked for rather than the file beside it, or the folder where that is what is missing. */
function asAppError(thrown: unknown, file: string): unknown {
  if (thrown instanceof Error && 'syscall' in thrown) {
    const folder = path.dirname(file);
    const isNowhere = 'code' in thrown && thrown.code === 'ENOENT' && !fs.existsSync(folder);
    Object.assign(thrown, { path: isNowhere ? folder : file, dest: undefined });
  }
  return systemError(thrown) ?? thrown;
}

/** So that the rename itself survives a power cut, where the system has such a call; the file is there in any case. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await fs.promises.open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
