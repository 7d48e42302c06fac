// Pictures, classes, annotations, splits: the words both sides use for a project's data.

import { z } from 'zod';
import type { Shape } from './geometry.ts';
import type { AnnotationId, ClassId, ImageId } from './ids.ts';

export const CLASS_NAME_MAX = 200;
/** Trimmed, one line, 1 to 200 characters. */
export const classNameSchema = z
  .string()
  .trim()
  .min(1, 'a class needs a name')
  .max(CLASS_NAME_MAX, `a class name has at most ${CLASS_NAME_MAX} characters`)
  .regex(/^[^\p{Cc}]*$/u, 'a class name is one line without control characters');

/** Longest name and longest value of an attribute of a picture or shape, in characters. */
export const ATTRIBUTE_MAX = 200;

/** Most attributes of one picture or one shape. */
const MOST_ATTRIBUTES = 200;
const line = z
  .string()
  .trim()
  .max(ATTRIBUTE_MAX, `at most ${ATTRIBUTE_MAX} characters`)
  .regex(/^[^\p{Cc}]*$/u, 'one line without control characters');
/** What is said of a picture or shape besides its class: value by name. */
export const attributesSchema = z
  .record(line.min(1, 'an attribute needs a name'), line)
  .refine((all) => Object.keys(all).length <= MOST_ATTRIBUTES, `at most ${MOST_ATTRIBUTES} attributes`);
export type Attributes = Readonly<Record<string, string>>;

/** An attribute that something in the project has. */
export interface AttributeRecord {
  name: string;
  /** A few of its values, the most frequent first. */
  values: string[];
}

export const splitSchema = z.enum(['train', 'selection', 'test']);
/** `selection` chooses the best epoch and is disjoint from `test`. */
export type Split = z.infer<typeof splitSchema>;

export interface ClassRecord {
  id: ClassId;
  name: string;
  /** 1-based place in the class list; the first nine have the digit as key. Colour follows from it. */
  position: number;
  pictures: number;
  annotations: number;
}

export interface ImageRecord {
  id: ImageId;
  /** File name without folders. */
  name: string;
  widthPx: number;
  heightPx: number;
  classId: ClassId | null;
  split: Split | null;
  boxes: number;
  masks: number;
  /** The file was not where it should be when last looked for. */
  missing: boolean;
}

export const annotationOriginSchema = z.enum(['person', 'import', 'model']);

export interface Annotation {
  id: AnnotationId;
  imageId: ImageId;
  classId: ClassId | null;
  shape: Shape;
  origin: z.infer<typeof annotationOriginSchema>;
  hidden: boolean;
  locked: boolean;
  /** Many objects that nobody told apart: COCO's iscrowd. */
  isCrowd: boolean;
  /** What is said of the shape besides its class, by name. */
  attributes: Attributes;
}
