// Two runs side by side, and what a person found in them.

import { z } from 'zod';
import { none, reads, writesProject } from './call.ts';
import { splitSchema } from './dataset.ts';
import type { EvaluatedImage } from './evaluations.ts';
import { mapRequestSchema } from './explanations.ts';
import {
  classIdSchema,
  comparisonIdSchema,
  imageIdSchema,
  runIdSchema,
  type ClassId,
  type ComparisonId,
  type ImageId,
  type RunId,
} from './ids.ts';
import { paramsSchema, type ParamValue } from './methods.ts';

export interface ComparisonRecord {
  id: ComparisonId;
  runA: RunId;
  runB: RunId;
  imageId: ImageId;
  imageName: string;
  method: string;
  params: Record<string, ParamValue>;
  classId: ClassId;
  /** Class that the explained one is held against. */
  versusId: ClassId | null;
  note: string;
  createdAt: number;
  /** As measured when it was saved. */
  energyA: number | null;
  energyB: number | null;
}

export interface CompareRow {
  imageId: ImageId;
  name: string;
  a: EvaluatedImage;
  b: EvaluatedImage;
}

export const comparisonCalls = {
  'comparisons.rows': reads<CompareRow[]>()(
    z.object({ runA: runIdSchema, runB: runIdSchema, split: splitSchema.default('test') }),
  ),
  'comparisons.list': reads<ComparisonRecord[]>()(none),
  'comparisons.save': writesProject<ComparisonRecord>()(
    z.object({
      runA: runIdSchema,
      runB: runIdSchema,
      imageId: imageIdSchema,
      method: z.string().max(64),
      params: paramsSchema.default({}),
      classId: classIdSchema,
      versus: mapRequestSchema.shape.versus,
      note: z.string().trim().min(1, 'a finding needs a note').max(4000),
    }),
  ),
  'comparisons.delete': writesProject<null>()(z.object({ id: comparisonIdSchema })),
};
