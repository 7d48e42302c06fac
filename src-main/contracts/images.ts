// The pictures of a project: asking for some of them, and all that is known of one.

import { z } from 'zod';
import type { EditOutcome } from './annotations.ts';
import { none, reads, writesProject } from './call.ts';
import {
  attributesSchema,
  splitSchema,
  type Annotation,
  type AttributeRecord,
  type Attributes,
  type ImageRecord,
} from './dataset.ts';
import { classIdSchema, imageIdSchema, importIdSchema, type ImageId } from './ids.ts';
import type { ParamValue } from './methods.ts';

export const imageFilterSchema = z.object({
  /** Part of the file name, case-insensitive. */
  text: z.string().max(200).optional(),
  classId: classIdSchema.optional(),
  /** Pictures without class. */
  unclassed: z.boolean().optional(),
  split: splitSchema.optional(),
  has: z.enum(['box', 'no-box', 'mask']).optional(),
  /** Pictures that an import brought, or that its report says something of. */
  import: z.object({ id: importIdSchema, which: z.enum(['added', 'concerned']) }).optional(),
});
export type ImageFilter = z.infer<typeof imageFilterSchema>;

const imageQuerySchema = z.object({
  filter: imageFilterSchema.default({}),
  sort: z.enum(['added', 'name']).default('added'),
});

export interface ImageDetail extends ImageRecord {
  annotations: Annotation[];
  /** Of the picture. */
  attributes: Attributes;
  sizeBytes: number;
  canUndo: boolean;
  canRedo: boolean;
  /** What the best finished run says, if any evaluated it. */
  prediction: {
    runNumber: number;
    classId: number;
    score: number;
    correct: boolean;
    energyInBox: number | null;
    /** How that was measured; empty without one. */
    energyParams: Record<string, ParamValue>;
  } | null;
}

interface NamedImage {
  id: ImageId;
  name: string;
  /** Within its source. */
  relativePath: string;
}

export const imageCalls = {
  'images.count': reads<{ images: number }>()(imageQuerySchema),
  'images.page': reads<ImageRecord[]>()(
    imageQuerySchema.extend({ offset: z.int().min(0), limit: z.int().min(1).max(500) }),
  ),
  /** By its file name, or its path within its source where names repeat. */
  'images.named': reads<NamedImage>()(z.object({ name: z.string().min(1).max(4096) })),
  'images.get': reads<ImageDetail>()(z.object({ id: imageIdSchema })),
  /** Place of a picture in a query, or of the next one without an annotation after it; -1 if there is none. */
  'images.indexOf': reads<{ index: number }>()(
    imageQuerySchema.extend({ id: imageIdSchema, nextUnlabelled: z.boolean().default(false) }),
  ),
  'images.setClass': writesProject<EditOutcome>()(
    z.object({ id: imageIdSchema, classId: classIdSchema.nullable() }),
  ),
  /** Attributes of the whole picture, all of them: what is not named is removed. */
  'images.setAttributes': writesProject<EditOutcome>()(
    z.object({ id: imageIdSchema, attributes: attributesSchema }),
  ),
  /** What pictures and shapes of the project have as attributes, to choose from. */
  'images.attributes': reads<{ pictures: AttributeRecord[]; shapes: AttributeRecord[] }>()(none),
};
