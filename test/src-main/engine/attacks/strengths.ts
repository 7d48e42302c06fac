// How many pictures stand under an attack here, beside what stood under the reference implementation's: the same networks,
// pictures, attempts, steps and queries. Where chance has a part, the mean over the same number of seeds, from 0 on.

import type { Norm } from '../../../../src-main/engine/attacks/index.ts';
import { accuracyOf, attacked, distancesOf, fixture } from './small-networks.ts';

interface Strength {
  network: 'standard' | 'robust';
  /** The network that the pictures were made on, if another. */
  source?: 'standard' | 'robust';
  attack: string;
  eps: number;
  /** Pictures, if fewer than all. */
  count?: number;
  /** Without chance, or else for each of the seeds 0, 1, ... */
  accuracy?: number;
  accuracies?: number[];
  norm?: Norm;
  targets?: number;
  restarts?: number;
  /** If others than the attack's settings here say. */
  steps?: number;
  queries?: number;
  meanDistance?: number;
  fooled?: number;
}
export const strengths = (): Strength[] => fixture('strengths').strengths;

/** Parameters that the reference was run with. */
const settings: Record<string, (strength: Strength) => Record<string, unknown>> = {
  mim: () => ({ steps: 10, step: 0.25, decay: 1 }),
  pgd: () => ({ steps: 10, step: 0.25 }),
  spsa: () => ({ steps: 10, samples: 64, stepSize: 0.02 }),
  'apgd-ce': ({ norm, restarts, steps = 100 }) => ({ norm, restarts, steps }),
  'apgd-dlr': ({ norm, restarts, targets, steps = 100 }) => ({ norm, restarts, targets, steps }),
  fab: ({ norm, restarts, targets }) => ({ norm, restarts, targets, steps: 30 }),
  square: ({ norm, queries }) => ({ norm, queries }),
  autoattack: ({ norm, queries }) => ({ norm, queries, steps: 10 }),
  spatial: () => ({ shift: 0.05, turn: 6, shifts: 3, turns: 3 }),
};

/** Those whose measure is how many pictures stand. */
export const comparable = (): Strength[] => strengths().filter(({ attack }) => attack in settings);

export const formOf = ({ attack, source, norm, targets, restarts, steps }: Strength): string =>
  [
    attack,
    source !== undefined && `made on the ${source} network`,
    norm,
    restarts !== undefined && `${restarts} ${restarts === 1 ? 'attempt' : 'attempts'}`,
    targets !== undefined && (targets === 0 ? 'untargeted' : 'targeted'),
    steps !== undefined && `${steps} steps`,
  ]
    .filter(Boolean)
    .join(', ');

interface Compared {
  /** Share of the pictures that stand, mean over the seeds. */
  ours: number;
  reference: number;
  /** Of any picture and seed, in the attack's norm; 0 where it has none. */
  largestChange: number;
}

/** @param seeds  at most so many of the reference's */
export async function compare(strength: Strength, seeds = Infinity): Promise<Compared> {
  const { attack, network, source, eps, norm, count } = strength;
  const reference = strength.accuracies ?? [strength.accuracy!];
  const mean = (values: number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
  const ours: number[] = [];
  let largestChange = 0;
  for (const seed of reference.slice(0, seeds).keys()) {
    const more = { network, source, count, seed };
    const result = await attacked(attack, settings[attack](strength), eps, more);
    ours.push(accuracyOf(result));
    if (norm) largestChange = Math.max(largestChange, ...distancesOf(result, norm));
  }
  return { ours: mean(ours), reference: mean(reference), largestChange };
}
