// Writing annotations and networks for other programs.

import { z } from 'zod';
import { reads } from './call.ts';
import { fileRefSchema, runIdSchema, type JobId } from './ids.ts';
import { imageFilterSchema } from './images.ts';

/** What a format cannot hold as it is. */
export interface Loss {
  /** Says what becomes of those that it counts: "masks are written as the boxes round them". */
  what: string;
  count: number;
}

/** What of the project goes into an export. */
const exportedSchema = z.object({
  format: z.string().max(40),
  /** Pictures that fit; all without. */
  include: imageFilterSchema.default({}),
  /**
   * Copied upright; linked, which costs no space but shares the file; or left where they are: only the annotations are
   * written.
   */
  pictures: z.enum(['copy', 'link', 'leave']).default('copy'),
});
export type Exported = z.infer<typeof exportedSchema>;

export const exportCalls = {
  /**
   * Writes a run's network into a folder, as a file other programs read. An ONNX file is checked on pictures of the
   * project first. Nothing is written over. The job's result holds an ExportOutcome.
   */
  'exports.model': reads<JobId>()(
    z.object({
      runId: runIdSchema,
      format: z.enum(['onnx', 'safetensors']).default('onnx'),
      folder: fileRefSchema,
      name: z
        .string()
        .min(1)
        .max(200)
        .regex(/^[^/\\.][^/\\]*\.(onnx|safetensors)$/, 'the file name ends in .onnx or .safetensors'),
    }),
  ),
  /** What an export of the project in that format would not hold, to be shown before it is written. */
  'exports.losses': reads<{ images: number; annotations: number; losses: Loss[] }>()(exportedSchema),
  /**
   * Nothing is written over: into the folder itself if it is empty, else into a new one in it.
   * The job's result holds the place and what was written.
   */
  'exports.start': reads<JobId>()(
    exportedSchema.extend({
      folder: fileRefSchema,
      /** Of the new folder; one is found if it is not given. */
      name: z
        .string()
        .trim()
        .min(1)
        .max(200)
        .regex(/^[^/\\\p{Cc}.][^/\\\p{Cc}]*$/u, 'a folder name has no slashes and begins with no point')
        .optional(),
    }),
  ),
};
