// A run from a file: JSON as a run keeps it in its folder, in which a person may write comments.

import fs from 'node:fs';
import { AppError } from '../contracts/errors.ts';
import { issueLine } from '../contracts/issues.ts';
import { runConfigSchema, type RunConfigInput } from '../contracts/runs.ts';
import { settingsSchema } from '../contracts/settings.ts';

/** No field may pass for heard that is not. */
const wholeConfig = runConfigSchema.extend({ settings: settingsSchema.strict().prefault({}) }).strict();

/** @throws AppError 'bad-file' naming the file and what is wrong in it; what the system refuses */
export function readConfig(file: string): RunConfigInput {
  const complain = (reason: string, cause?: unknown) =>
    new AppError('bad-file', `${file} is no configuration of a run: ${reason}`, { file, reason }, cause);
  let value: unknown;
  try {
    value = JSON.parse(withoutComments(fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, '')));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw complain(cause.message, cause);
    throw cause;
  }
  const parsed = wholeConfig.safeParse(value);
  if (!parsed.success) throw complain(parsed.error.issues.slice(0, 3).map(issueLine).join('; '));
  return parsed.data;
}

/** `//` to the end of the line and what stands between the marks of C, but not within texts; lines stay lines. */
export const withoutComments = (text: string): string =>
  text.replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (found) =>
    found.startsWith('"') ? found : found.replace(/[^\n]/g, ' '),
  );
