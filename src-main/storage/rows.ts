// Small steps between SQLite's values and ours that several repositories take.

import { AppError } from '../contracts/errors.ts';

export type Flag = 0 | 1;

export const flag = (value: boolean): Flag => (value ? 1 : 0);
export const flagOrNull = (value: boolean | null): Flag | null => (value === null ? null : flag(value));
export const boolOrNull = (value: number | null): boolean | null => (value === null ? null : value === 1);

/** @throws AppError 'bad-file': we write what can be read, so the file was damaged */
export function parse<T>(json: string): T {
  try {
    return JSON.parse(json) as T;
  } catch (cause) {
    throw damagedRow(`"${json.slice(0, 40)}" is no JSON`, cause);
  }
}

/** What is said of a row that does not hold what we write. */
const damagedRow = (reason: string, cause?: unknown): AppError =>
  new AppError(
    'bad-file',
    'project.sqlite is damaged: a row cannot be read',
    { file: 'project.sqlite', reason },
    cause,
  );

export const parseOrNull = <T>(json: string | null): T | null => (json === null ? null : parse<T>(json));
export const jsonOrNull = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

/** The bytes of a typed array, whatever part of a larger buffer it is. */
export const bytesOf = (values: Float32Array): Buffer =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength);
