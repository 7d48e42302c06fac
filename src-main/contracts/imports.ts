// Bringing pictures and annotations in.

import { z } from 'zod';
import { reads, writesProject } from './call.ts';
import { fileRefSchema, type JobId } from './ids.ts';

export interface ImportWarning {
  code: string;
  file: string;
  message: string;
}

/** A format that would read a source. */
interface Detected {
  /** For `imports.start`; several joined by + are read together. */
  format: string;
  title: string;
  /** Annotation files that it would read, as far as their beginnings tell; 0 where folders and names say all. */
  files: number;
}

export interface Detection extends Detected {
  /** Other formats that would read it too. */
  others: Detected[];
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

/** Folder of the pictures, where they lie elsewhere than their labels. */
const imagesFolder = fileRefSchema.nullable().default(null);

export const importCalls = {
  'imports.detect': reads<Detection>()(z.object({ source: fileRefSchema, images: imagesFolder })),
  'imports.start': writesProject<JobId>()(
    z.object({
      source: fileRefSchema,
      format: z.string().max(200).default('auto'),
      images: imagesFolder,
    }),
  ),
};
