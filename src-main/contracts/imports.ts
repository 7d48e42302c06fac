// Bringing pictures and annotations in.

import { z } from 'zod';
import { reads, writesProject } from './call.ts';
import { fileRefSchema, type JobId } from './ids.ts';

export interface ImportWarning {
  code: string;
  file: string;
  message: string;
}

export interface Detection {
  format: string;
  title: string;
  /** Other formats that would read it too. */
  others: { format: string; title: string }[];
  /** What led to the guess. */
  reason: string;
}

export interface ImportResult {
  format: string;
  images: number;
  annotations: number;
  classes: number;
  /** Already there and left alone. */
  unchanged: number;
  warnings: ImportWarning[];
}

export const importCalls = {
  'imports.detect': reads<Detection>()(z.object({ source: fileRefSchema })),
  'imports.start': writesProject<JobId>()(
    z.object({ source: fileRefSchema, format: z.string().max(40).default('auto') }),
  ),
};
