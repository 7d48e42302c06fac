// Small steps between SQLite's values and ours that several repositories take.

export type Flag = 0 | 1;

export const flag = (value: boolean): Flag => (value ? 1 : 0);
export const flagOrNull = (value: boolean | null): Flag | null => (value === null ? null : flag(value));
export const boolOrNull = (value: number | null): boolean | null => (value === null ? null : value === 1);

export const parse = <T>(json: string): T => JSON.parse(json) as T;
export const parseOrNull = <T>(json: string | null): T | null => (json === null ? null : parse<T>(json));
export const jsonOrNull = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

/** The bytes of a typed array, whatever part of a larger buffer it is. */
export const bytesOf = (values: Float32Array): Buffer =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength);
