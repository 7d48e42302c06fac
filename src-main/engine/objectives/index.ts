// The objectives Fovea can train with. A new one is a new file and a line here.

import type { MethodInfo } from '../../contracts/methods.ts';
import { describe, findById } from '../nn/registry.ts';
import { blackout } from './blackout.ts';
import { boxAware } from './box-aware.ts';
import { gradcamConsistency } from './gradcam-consistency.ts';
import type { Objective } from './objective.ts';
import { standard } from './standard.ts';

export type { Objective, ObjectiveContext, ObjectiveGraph } from './objective.ts';

// Parameters reach `build` through `checkParams` only, which gives exactly what the schema says.
export const objectives = [
  standard,
  blackout,
  boxAware,
  gradcamConsistency,
] as unknown as readonly Objective[];

export const objectiveById = (id: string): Objective => findById('objective', objectives, id);

export const objectiveInfos = (): MethodInfo[] => describe(objectives);
