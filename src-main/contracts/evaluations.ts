// What a run's network does on one part of the pictures.

import { z } from 'zod';
import { reads, writesProject } from './call.ts';
import { splitSchema, type Split } from './dataset.ts';
import { deviceSchema } from './devices.ts';
import { fileRefSchema, runIdSchema, type ClassId, type ImageId, type JobId, type RunId } from './ids.ts';
import { measuresAskedSchema, type MetricValue, type Measures } from './metrics.ts';
import { settingsSchema } from './settings.ts';

export interface EvaluationSummary {
  runId: RunId;
  split: Split;
  images: number;
  withRegion: number;
  measures: Measures;
  /** Every measure that was taken, by its key; empty for an evaluation of an older Fovea. */
  figures: Record<string, MetricValue>;
  /** [true class][predicted class], in the order of `classes`. */
  confusion: number[][];
  classes: { classId: ClassId; name: string }[];
}

/** One picture's figures of one run. */
export interface EvaluatedImage {
  imageId: ImageId;
  name: string;
  classId: ClassId;
  predictedId: ClassId;
  correct: boolean;
  /** Softmax of the true and the predicted class; the sigmoid where pictures have several. */
  trueScore: number;
  predictedScore: number;
  energyInBox: number | null;
  pointingHit: boolean | null;
  iou: number | null;
  saliencyMetric: number | null;
  /** What each measure says of this picture, by its key; null or absent where it says nothing. */
  values: Record<string, number | null>;
}

export const evaluationCalls = {
  'evaluations.start': writesProject<JobId>()(
    z.object({
      runId: runIdSchema,
      split: splitSchema.default('test'),
      /** The usual ones if absent; what was measured before of the same weights stays. */
      measures: measuresAskedSchema.optional(),
      /** Attribute that makes the groups, in place of the run's own. */
      groupBy: z.string().min(1).max(200).optional(),
      /** Where it is computed; where the run was trained unless given. */
      device: deviceSchema.optional(),
      /** Folder of pictures, or of a project, to compare with. */
      against: fileRefSchema.optional(),
    }),
  ),
  /** Why each measure cannot be taken of a run with such a network; null where it can. */
  'evaluations.obstacles': reads<(string | null)[]>()(
    z.object({
      config: z.object({
        model: z.string().min(1).max(64),
        sizePx: z.int().min(16).max(1024),
        settings: settingsSchema.prefault({}),
        groupBy: z.string().min(1).max(200).optional(),
      }),
      measures: measuresAskedSchema,
      /** Whether pictures to compare with are named. */
      isCompared: z.boolean().default(false),
    }),
  ),
  'evaluations.summary': reads<EvaluationSummary | null>()(
    z.object({ runId: runIdSchema, split: splitSchema.default('test') }),
  ),
  'evaluations.images': reads<EvaluatedImage[]>()(
    z.object({ runId: runIdSchema, split: splitSchema.default('test') }),
  ),
};
