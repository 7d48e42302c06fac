// Small preferences of the window, for all projects: theme, panel widths, key preset.

import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import { readJson, writeJson } from './json-file.ts';

/** Enough for any preference; keeps a confused client from filling the disk. */
const MAX_KEYS = 500;
const MAX_VALUE_CHARACTERS = 100_000;

export interface Preferences {
  all(): Record<string, unknown>;
  set(key: string, value: unknown): void;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function openPreferences(dataFolder: string): Preferences {
  const file = path.join(dataFolder, 'settings.json');
  const read = () => readJson(file, {}, isRecord);
  return {
    all: read,
    set(key, value) {
      const all = new Map(Object.entries(read()));
      all.set(key, value);
      if (all.size > MAX_KEYS || JSON.stringify(value).length > MAX_VALUE_CHARACTERS)
        throw new AppError('bad-input', `preference ${key} does not fit`, {
          reason: 'too many or too large',
        });
      writeJson(file, Object.fromEntries(all));
    },
  };
}
