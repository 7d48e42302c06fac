// Edits of one picture's annotations, and the way back.

import { z } from 'zod';
import { writesProject } from './call.ts';
import { attributesSchema, type Annotation, type Attributes, type ImageRecord } from './dataset.ts';
import { shapeSchema } from './geometry.ts';
import { annotationIdSchema, classIdSchema, imageIdSchema } from './ids.ts';

/** One change of one picture's annotations. A list of them is one transaction and one undo step. */
const editSchema = z.discriminatedUnion('do', [
  z.object({
    do: z.literal('add'),
    classId: classIdSchema.nullable(),
    shape: shapeSchema,
  }),
  z.object({
    do: z.literal('change'),
    id: annotationIdSchema,
    classId: classIdSchema.nullable().optional(),
    shape: shapeSchema.optional(),
    hidden: z.boolean().optional(),
    locked: z.boolean().optional(),
    isCrowd: z.boolean().optional(),
    /** All of them: what is not named is removed. */
    attributes: attributesSchema.optional(),
  }),
  z.object({ do: z.literal('delete'), id: annotationIdSchema }),
]);
export type Edit = z.infer<typeof editSchema>;

/**
 * One picture after an edit, undo or redo; written to disk before it is sent. What the project's counts become follows
 * from the picture before and after, so that an edit costs one call, however large the project is.
 */
export interface EditOutcome {
  image: ImageRecord;
  annotations: Annotation[];
  /** Of the picture. */
  attributes: Attributes;
  canUndo: boolean;
  canRedo: boolean;
}

export const annotationCalls = {
  'annotations.edit': writesProject<EditOutcome>()(
    z.object({ imageId: imageIdSchema, edits: z.array(editSchema).min(1).max(5000) }),
  ),
  'annotations.undo': writesProject<EditOutcome | null>()(z.object({ imageId: imageIdSchema })),
  'annotations.redo': writesProject<EditOutcome | null>()(z.object({ imageId: imageIdSchema })),
};
