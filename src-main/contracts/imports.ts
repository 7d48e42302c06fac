// Bringing pictures and annotations in.

import { z } from 'zod';
import { none, reads, writesProject } from './call.ts';
import type { Point } from './geometry.ts';
import { fileRefSchema, importIdSchema, type ImportId, type JobId } from './ids.ts';

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
  /** Already there. */
  unchanged: number;
  /** Shapes that were changed in the source and not here: they are as the source has them now. */
  updated: number;
  /** Shapes that are gone from the source and unchanged here: `imports.removeGone` removes them. */
  gone: number;
  /** What was changed in the source and here: kept as it is here, each with a warning `changed-in-both`. */
  conflicts: number;
  /** Files in the source, hidden ones aside, and how many of them are pictures by their names. */
  seen: { files: number; pictures: number };
  /** Pictures that are in the project now, and annotation files that were read. */
  taken: { pictures: number; annotationFiles: number };
  /** Empty only if all of what was seen was taken. */
  left: LeftOut[];
  warnings: ImportWarning[];
}

/** A picture of a source as it would come in. */
export interface PreviewImage {
  name: string;
  widthPx: number;
  heightPx: number;
  /** Address of a small copy, with all of it inside. */
  thumbnail: string;
  /** Of some of its annotations, in pixels of the picture; `hidden` are those that are not drawn. */
  shapes: { className: string | null; rings: Point[][] }[];
  hidden: number;
}

/** An import that is finished, and what it reported. */
export interface ImportRecord {
  id: ImportId;
  /** Where the pictures lie, for people. */
  place: string;
  finishedAt: number;
  /** Pictures that it brought and that are still in the project, and those that its report says something of. */
  added: number;
  concerned: number;
  /** Shapes that are still here although they are gone from the source. */
  gone: number;
  /** Null for what a version imported that kept none. */
  report: ImportResult | null;
}

/** Folder of the pictures, where they lie elsewhere than their labels. */
const imagesFolder = fileRefSchema.nullable().default(null);

export const importCalls = {
  'imports.detect': reads<Detection>()(z.object({ source: fileRefSchema, images: imagesFolder })),
  /** A few pictures as they would come in, those with annotations first. The whole source is read for it. */
  'imports.preview': reads<{ images: PreviewImage[]; pictures: number; classes: string[] }>()(
    z.object({ source: fileRefSchema, format: z.string().max(200), images: imagesFolder }),
  ),
  'imports.start': writesProject<JobId>()(
    z.object({
      source: fileRefSchema,
      format: z.string().max(200).default('auto'),
      images: imagesFolder,
    }),
  ),
  /** The last first. */
  'imports.list': reads<ImportRecord[]>()(none),
  /** Removes the shapes that an import found to be gone from their source, unless they were changed here since. */
  'imports.removeGone': writesProject<{ removed: number }>()(z.object({ id: importIdSchema })),
};
