// Generated and composed data sets with a known shortcut, and the demonstration on one of them.

import { z } from 'zod';
import { reads, writesApp, writesProject } from './call.ts';
import { fileRefSchema, runIdSchema, type JobId } from './ids.ts';

/** The ways of training that the demonstration sets side by side, in the order of its report. */
export const demoRuns = ['standard', 'blackout', 'box-aware', 'outside-swap'] as const;
export type DemoRun = (typeof demoRuns)[number];

/** What a composed set holds. */
export interface WaterbirdsResult {
  pictures: number;
  classes: string[];
  grounds: string[];
  /** Pictures without a class or a mask of it. */
  left: number;
}

const seedSchema = z.int().min(0).max(0xffff_ffff).default(0);

export const demoCalls = {
  /**
   * Makes, imports and opens the generated sample as a job; its result is {projectId}. It lies in the app's own projects
   * folder, or as `name` in `parent`.
   */
  'sample.open': writesApp<JobId>()(
    z.object({
      seed: seedSchema,
      parent: fileRefSchema.nullable().default(null),
      name: z.string().trim().min(1).max(100).optional(),
    }),
  ),
  /**
   * Objects of the open project on two kinds of ground, as a folder to import; `backgrounds` holds two folders of
   * pictures to use, null has them drawn. The job's result is a WaterbirdsResult.
   */
  'sample.waterbirdsLike': reads<JobId>()(
    z.object({
      /** New or empty. */
      folder: fileRefSchema,
      seed: seedSchema,
      /** Share of each class's training pictures that stand on the class's own ground. */
      correlation: z.number().min(0).max(1),
      sizePx: z.int().min(16).max(1024),
      backgrounds: fileRefSchema.nullable().default(null),
    }),
  ),
  /** Writes the report of finished and evaluated demonstration runs, report.html, into the project's folder. */
  'demo.report': writesProject<JobId>()(
    z.object({
      seed: seedSchema,
      /** Since the demonstration began. */
      seconds: z.number().min(0),
      runs: z.record(z.enum(demoRuns), runIdSchema),
    }),
  ),
};
