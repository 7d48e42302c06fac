// Writing annotations and networks for other programs.

import { z } from 'zod';
import { reads } from './call.ts';
import { fileRefSchema, runIdSchema, type JobId } from './ids.ts';

/** What a format cannot hold as it is. */
export interface Loss {
  /** Says what becomes of those that it counts: "masks are written as the boxes round them". */
  what: string;
  count: number;
}

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
  'exports.losses': reads<Loss[]>()(z.object({ format: z.string().max(40) })),
  'exports.start': reads<JobId>()(z.object({ format: z.string().max(40), folder: fileRefSchema })),
};
