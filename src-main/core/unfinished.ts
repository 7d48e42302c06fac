// Folders that are being written for a person, noted in the data folder, so that what a process that was killed has
// left there is removed when Fovea is next started, or brought to its end if only the last step was missing.

import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../files/write-file.ts';
import { readJson, writeJson } from './json-file.ts';

/** What the folder is called in which all is written first. */
const UNFINISHED = '.unfinished-export';

interface Note {
  pid: number;
  /** Of this start of the process, since the system gives numbers of processes again. */
  start: string;
  folder: string;
  /** Whether the folder was not there before. */
  isOurs: boolean;
  /** All is written, and only to be moved to its place. */
  isWritten: boolean;
}

const start = randomUUID();

const isNote = (value: unknown): value is Note =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Note).pid === 'number' &&
  typeof (value as Note).folder === 'string';

const notesIn = (dataFolder: string): string => path.join(dataFolder, 'unfinished');

/**
 * What is written appears in the folder when all of it is there; a write that fails, is cancelled or killed leaves no trace.
 * @param mode  of the folder, if it is made
 */
export async function writeFolderWhole(
  dataFolder: string,
  folder: string,
  write: (folder: string) => Promise<unknown>,
  mode?: number,
): Promise<void> {
  const note: Note = { pid: process.pid, start, folder, isOurs: !fs.existsSync(folder), isWritten: false };
  const noteFile = path.join(notesIn(dataFolder), `${randomUUID()}.json`);
  writeJson(noteFile, note);
  try {
    makeFolder(folder, mode);
    makeFolder(path.join(folder, UNFINISHED));
    await write(path.join(folder, UNFINISHED));
    writeJson(noteFile, { ...note, isWritten: true });
    moveIntoPlace(folder);
  } catch (error) {
    remove(note);
    throw error;
  } finally {
    fs.rmSync(noteFile, { force: true });
  }
}

/** Does for folders of processes that have ended what they could not. What cannot be done now is tried at the next start. */
export function tidyUnfinished(dataFolder: string): void {
  const folder = notesIn(dataFolder);
  for (const name of fs.existsSync(folder) ? fs.readdirSync(folder) : []) {
    const file = path.join(folder, name);
    const note = readJson<Note | null>(file, null, isNote);
    if (note && lives(note)) continue;
    try {
      if (note?.isWritten) moveIntoPlace(note.folder);
      else if (note) remove(note);
      fs.rmSync(file, { force: true });
    } catch (error) {
      console.error(error);
    }
  }
}

function moveIntoPlace(folder: string): void {
  const from = path.join(folder, UNFINISHED);
  if (!fs.existsSync(from)) return;
  for (const name of fs.readdirSync(from)) fs.renameSync(path.join(from, name), path.join(folder, name));
  fs.rmdirSync(from);
}

function remove({ folder, isOurs }: Note): void {
  fs.rmSync(path.join(folder, UNFINISHED), { recursive: true, force: true });
  if (isOurs && fs.existsSync(folder) && fs.readdirSync(folder).length === 0) fs.rmdirSync(folder);
}

function lives({ pid, start: began }: Note): boolean {
  if (pid === process.pid) return began === start;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
