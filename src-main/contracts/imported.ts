// What an annotation set says of its pictures: rows that the worker reads and the core stages. Named by class names and
// places of files, since nothing of it is in a project yet.

import type { Annotation, Split } from './dataset.ts';
import type { Point, Shape } from './geometry.ts';

/** Where something was said, for people. */
export interface RecordPlace {
  /** Path inside the source, with slashes. */
  file: string;
  /** "line 31", "annotations[4].bbox", "object 2". */
  place: string;
}

/**
 * A shape as a file gives it. The parts of one object mean their union, which is drawn only when the picture's true
 * size is known (formats/fit.ts): the size that a file declares may be anything.
 */
export type ImportedShape = Shape | { kind: 'parts'; rings: Point[][] };

/** What a file may say of a shape beside its class and outline; where it says nothing, a shape is a plain one. */
export type ShapeFacts = Partial<Pick<Annotation, 'origin' | 'hidden' | 'locked' | 'isCrowd' | 'attributes'>>;

export interface ImportedAnnotation extends ShapeFacts {
  className: string | null;
  /** In pixels of the upright picture, continuous edges; may reach outside it (formats/fit.ts). */
  shape: ImportedShape;
  /** `share`: coordinates are shares of the upright picture's width and height instead. */
  unit?: 'share';
  place: string;
}

/** An annotation as it is kept. */
export interface FittedAnnotation extends ShapeFacts {
  className: string | null;
  shape: Shape;
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
