// Dealing pictures out to training, selection and test.

import { z } from 'zod';
import { writesProject } from './call.ts';
import type { ProjectState } from './projects.ts';

export const splitCalls = {
  /** Assigns pictures to train / selection / test by class; an imported test part stays the test part unless `fresh`. */
  'splits.make': writesProject<ProjectState>()(
    z.object({
      seed: z.int().min(0),
      selection: z.number().min(0).max(0.9).default(0.15),
      test: z.number().min(0).max(0.9).default(0.2),
      fresh: z.boolean().default(false),
    }),
  ),
};
