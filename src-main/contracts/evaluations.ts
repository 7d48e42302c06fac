// What a run's network does on one part of the pictures.

import { z } from 'zod';
import { reads, writesProject } from './call.ts';
import { splitSchema, type Split } from './dataset.ts';
import { deviceSchema } from './devices.ts';
import { fileRefSchema, runIdSchema, type ClassId, type ImageId, type JobId, type RunId } from './ids.ts';
import { measuresAskedSchema, type Metric } from './metrics.ts';
import { settingsSchema } from './settings.ts';

export interface EvaluationSummary {
  runId: RunId;
  split: Split;
  /** Epoch whose weights were measured; 0 where an older Fovea did not write it down. */
  epoch: number;
  images: number;
  withRegion: number;
  /** All that was measured, in the order of the registry; of one measure that with the default parameters first. */
  metrics: Metric[];
  /** [true class][predicted class], in the order of `classes`. */
  confusion: number[][];
  classes: { classId: ClassId; name: string }[];
}

/** What one run makes of one picture. */
export interface EvaluatedImage {
  imageId: ImageId;
  name: string;
  classId: ClassId;
  predictedId: ClassId;
  correct: boolean;
  /** Softmax of the true and the predicted class; the sigmoid where pictures have several. */
  trueScore: number;
  predictedScore: number;
  /** Share of the picture that its box or mask takes, which is what even heat has inside; null without one. */
  areaShare: number | null;
  /** Each metric of this picture, by its key (`metricKey`); null or absent where there is none. */
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
