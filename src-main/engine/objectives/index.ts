// The objectives Fovea can train with. A new one is a new file and a line here.

import type { ObjectiveFamily, ObjectiveInfo } from '../../contracts/methods.ts';
import { describe, findById } from '../nn/registry.ts';
import { fgsmTraining, pgdTraining } from './adversarial.ts';
import { art } from './art.ts';
import { blackout } from './blackout.ts';
import { boxAware } from './box-aware.ts';
import { combination, hasPenalty } from './combination.ts';
import { cure } from './cure.ts';
import { density } from './density.ts';
import { gradcamConsistency } from './gradcam-consistency.ts';
import { groupDro } from './group-dro.ts';
import { hessian } from './hessian.ts';
import { igNorm, igSumNorm } from './ig-norm.ts';
import { inputGrad } from './input-grad.ts';
import { maskEnergy } from './mask-energy.ts';
import type { Objective } from './objective.ts';
import { scoreMatching } from './score-matching.ts';
import { standard } from './standard.ts';
import { trades } from './trades.ts';

export type { Objective, ObjectiveGraph } from './objective.ts';

// Parameters reach `build` through `checkParams` only, which gives exactly what the schema says.
const families = {
  labels: [standard, groupDro],
  /** Told where to look. */
  regions: [blackout, boxAware, maskEnergy],
  /** What explains a class stays the same. */
  explanations: [gradcamConsistency, art, igNorm, igSumNorm],
  /** Smoothness in the pixels. */
  smoothness: [inputGrad, density, hessian, scoreMatching, cure],
  /** Worst pictures nearby. */
  attacks: [fgsmTraining, pgdTraining, trades],
} as unknown as Record<ObjectiveFamily, readonly Objective[]>;

export const objectives: readonly Objective[] = Object.values(families).flat();

/** One of `objectives`, or several by "a+b": class loss of the first, penalties of all, see `combination`. */
export function objectiveById(id: string): Objective {
  const [first, ...added] = id.split('+').map((part) => findById('objective', objectives, part));
  return added.length === 0 ? first : combination([first, ...added]);
}

export const objectiveInfos = (): ObjectiveInfo[] =>
  (Object.keys(families) as ObjectiveFamily[]).flatMap((family) =>
    describe(families[family]).map((info, index) => {
      const one = families[family][index];
      const adds = one.reweighting ? 'weighing' : hasPenalty(one) ? 'penalty' : 'nothing';
      return { ...info, family, needsGroups: one.needs.groups === true, adds };
    }),
  );
