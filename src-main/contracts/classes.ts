// The class list of a project.

import { z } from 'zod';
import { writesProject } from './call.ts';
import { classNameSchema } from './dataset.ts';
import { classIdSchema } from './ids.ts';
import type { ProjectState } from './projects.ts';

export const classCalls = {
  'classes.create': writesProject<ProjectState>()(z.object({ name: classNameSchema })),
  'classes.rename': writesProject<ProjectState>()(z.object({ id: classIdSchema, name: classNameSchema })),
  /** Refused while anything has the class. */
  'classes.delete': writesProject<ProjectState>()(z.object({ id: classIdSchema })),
};
