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

/** What lay in the source and was not taken, for one reason. */
export interface LeftOut {
  /** Completes "12 …": ".heic pictures, which cannot be decoded here". */
  reason: string;
  count: number;
  /** A few, as paths from the root. */
  examples: string[];
}

export interface ImportResult {
  format: string;
  images: number;
  annotations: number;
  classes: number;
  /** Already there and left alone. */
  unchanged: number;
  /** Files in the source, hidden ones aside, and how many of them are pictures by their names. */
  seen: { files: number; pictures: number };
  /** Pictures that are in the project now, and annotation files that were read. */
  taken: { pictures: number; annotationFiles: number };
  /** Empty only if all of what was seen was taken. */
  left: LeftOut[];
  warnings: ImportWarning[];
}

export const importCalls = {
  'imports.detect': reads<Detection>()(z.object({ source: fileRefSchema })),
  'imports.start': writesProject<JobId>()(
    z.object({ source: fileRefSchema, format: z.string().max(40).default('auto') }),
  ),
};
