// Small JSON files of the data folder, written so that a kill leaves the old file or the new one.

import fs from 'node:fs';
import path from 'node:path';
import { makeFolder, writeFileWholeSync } from '../files/write-file.ts';

/** The file's content, or `empty` if it is absent or damaged: nothing here is worth refusing to start for. */
export function readJson<T>(file: string, empty: T, isRight: (value: unknown) => value is T): T {
  try {
    const value: unknown = JSON.parse(fs.readFileSync(file, 'utf8'));
    return isRight(value) ? value : empty;
  } catch {
    return empty;
  }
}

export function writeJson(file: string, value: unknown): void {
  makeFolder(path.dirname(file));
  writeFileWholeSync(file, JSON.stringify(value, null, 1));
}
