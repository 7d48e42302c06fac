// What an annotation format is: something that recognises a folder, reads it into a sink, and may write one.
// Readers know files and words, not projects: what they hand over is named by class names and file places.

import type { Split } from '../contracts/dataset.ts';
import type { Loss } from '../contracts/exports.ts';
import type { Shape } from '../contracts/geometry.ts';
import type { ImportedImage, ShapeFacts } from '../contracts/imported.ts';
import type { ImportWarning } from '../contracts/imports.ts';
import type { SourceTree } from './source.ts';

export type { Loss } from '../contracts/exports.ts';
export type { ImportedAnnotation, ImportedImage, ImportedShape, ShapeFacts } from '../contracts/imported.ts';

export interface Format {
  id: string;
  title: string;
  /** Looks at names and into the beginnings of files. */
  detect(source: SourceTree): Promise<Guess>;
  /**
   * Hands every picture to the sink, once. Throws AppError bad-file with file, place and reason when an
   * annotation file is damaged; what concerns one picture or box is a warning, and only that is left out.
   */
  read?(source: SourceTree, sink: ImportSink): Promise<void>;
  /** It is nothing but the pictures in folders of their classes. */
  isPictures?: true;
  /** Writes annotations and copies of the pictures into an empty or missing folder. */
  write?(dataset: ExportDataset, folder: string, options?: WriteOptions): Promise<void>;
  /** What `write` would not hold of a set. */
  losses?(dataset: ExportDataset): Loss[];
}

interface Guess {
  /** 0 none … 1 certain. */
  score: number;
  reason: string;
  /** How many annotation files it would read; 0 where folders and names say all. */
  files?: number;
}

export interface ImportSink {
  image(image: ImportedImage): void;
  /** Classes in the order that the source gives them, also those that nothing has. */
  classes?(names: readonly string[]): void;
  warn(warning: ImportWarning): void;
  signal: AbortSignal;
}

export interface ExportAnnotation extends ShapeFacts {
  className: string | null;
  shape: Shape;
}

export interface ExportImage {
  /** Absolute path of the picture. */
  file: string;
  widthPx: number;
  heightPx: number;
  className: string | null;
  /** `derived`: follows from the classes of the shapes. */
  classOrigin?: 'given' | 'derived';
  split: Split | null;
  annotations: ExportAnnotation[];
  /** What is said of the whole picture besides its class, by name. */
  attributes?: Readonly<Record<string, string>>;
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
