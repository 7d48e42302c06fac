// Small preferences of the window, for all projects: theme, panel widths, key preset.

import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import { makeFolder, writeFileWhole } from '../files/write-file.ts';
import { readJson } from './json-file.ts';

/** Enough for any preference; keeps a confused client from filling the disk, and the file quick to read and write. */
const MAX_KEYS = 500;
const MAX_VALUE_CHARACTERS = 100_000;
const MAX_CHARACTERS = 1_000_000;

export interface Preferences {
  all(): Record<string, unknown>;
  /** @throws AppError 'bad-input' for what does not fit; then all stays as it is */
  set(key: string, value: unknown): Promise<void>;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function openPreferences(dataFolder: string): Preferences {
  const file = path.join(dataFolder, 'settings.json');
  const read = () => readJson(file, {}, isRecord);
  /** One after the other, as each begins with what the one before has left. */
  let last: Promise<unknown> = Promise.resolve();
  const write = async (key: string, value: unknown): Promise<void> => {
    const all = new Map(Object.entries(read())).set(key, value);
    const text = JSON.stringify(Object.fromEntries(all), null, 1);
    const isTooMuch = all.size > MAX_KEYS || text.length > MAX_CHARACTERS;
    if (isTooMuch || JSON.stringify(value).length > MAX_VALUE_CHARACTERS)
      throw new AppError('bad-input', `preference ${key} does not fit`, { reason: 'too many or too large' });
    makeFolder(dataFolder);
    await writeFileWhole(file, [text]);
  };
  return {
    all: read,
    set(key, value) {
      const written = last.then(() => write(key, value));
      last = written.catch(() => undefined); // told to the one who asked
      return written;
    },
  };
}
