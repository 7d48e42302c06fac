// What an annotation format is: something that recognises a folder, reads it into a sink, and may write one.
// Readers know files and words, not projects: what they hand over is named by class names and file places.

import type { Split } from '../contracts/dataset.ts';
import type { ImportWarning } from '../contracts/imports.ts';
import type { Point, Shape } from '../contracts/geometry.ts';
import type { SourceTree } from './source.ts';

export interface Format {
  id: string;
  title: string;
  /** 0 none … 1 certain, and why. Looks at names, and into a few small files at most. */
  detect(source: SourceTree): Promise<{ score: number; reason: string }>;
  /**
   * Hands every picture to the sink, once. Throws AppError bad-file with file, place and reason when an
   * annotation file is damaged; what concerns one picture or box is a warning, and only that is left out.
   */
  read?(source: SourceTree, sink: ImportSink): Promise<void>;
  /** Writes annotations and copies of the pictures into an empty or missing folder. */
  write?(dataset: ExportDataset, folder: string, options?: WriteOptions): Promise<void>;
}

/** Where something was said, for people. */
export interface RecordPlace {
  /** Path inside the source, with slashes. */
  file: string;
  /** "line 31", "annotations[4].bbox", "object 2". */
  place: string;
}

/**
 * A shape as a file gives it. The parts of one object mean their union, which is drawn only when the picture's true
 * size is known (fit.ts): the size that a file declares may be anything.
 */
export type ImportedShape = Shape | { kind: 'parts'; rings: Point[][] };

export interface ImportedAnnotation {
  className: string | null;
  /** In pixels of the upright picture, continuous edges; may reach outside it (see fit.ts). */
  shape: ImportedShape;
  place: string;
}

export interface ImportedImage {
  /** Absolute, inside the source's root. */
  file: string;
  /** The same from the root, with slashes. */
  relativePath: string;
  className: string | null;
  split: Split | null;
  annotations: ImportedAnnotation[];
  /** What the annotations say of the picture's size; null where they say nothing. */
  declaredSize: { widthPx: number; heightPx: number } | null;
  /** What is said of the whole picture besides its class, by name: its background, hair, … */
  attributes?: Record<string, string>;
  recordPlace: RecordPlace;
}

export interface ImportSink {
  image(image: ImportedImage): void;
  warn(warning: ImportWarning): void;
  signal: AbortSignal;
}

export interface ExportAnnotation {
  className: string | null;
  shape: Shape;
}

export interface ExportImage {
  /** Absolute path of the picture. */
  file: string;
  widthPx: number;
  heightPx: number;
  className: string | null;
  split: Split | null;
  annotations: ExportAnnotation[];
}

export interface ExportDataset {
  /** In the project's order. */
  classes: string[];
  images: ExportImage[];
}

export interface WriteOptions {
  /** Copies one picture to a place that is free; byte by byte unless given. */
  copy?: (file: string, out: string) => Promise<void>;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}
