// Successive halving (Jamieson & Talwalkar 2016): who goes on after a rung follows from the accuracies that were reached
// there, so a sweep that is taken up decides as it would have without the pause.

import { rungsOf, sweepPlan, type SweepConfig } from '../contracts/sweeps.ts';

export interface Standing {
  /** Places of the points that go on. */
  alive: number[];
  /** Epoch that they are to be brought to next; null where they are to be trained to their end. */
  rung: number | null;
}

/**
 * @param accuracyAt  of a run by its place in the plan, after so many epochs; null where it has not been there
 * @param isLost      whether a point has lost a run
 */
export function standingOf(
  config: SweepConfig,
  accuracyAt: (position: number, epoch: number) => number | null,
  isLost: (point: number) => boolean,
): Standing {
  const plan = sweepPlan(config);
  const positionsOf = (point: number): number[] =>
    plan.flatMap((one, position) => (one.point === point ? [position] : []));
  let alive = config.points.flatMap((_, point) => (isLost(point) ? [] : [point]));
  for (const rung of rungsOf(config)) {
    const ranked = alive.map((point) => {
      const reached = positionsOf(point).map((position) => accuracyAt(position, rung));
      const known = reached.filter((accuracy) => accuracy !== null);
      const mean = known.reduce((sum, accuracy) => sum + accuracy, 0) / known.length;
      return { point, mean: known.length === reached.length ? mean : null };
    });
    if (ranked.some(({ mean }) => mean === null)) return { alive, rung };
    const best = ranked.toSorted((one, other) => other.mean! - one.mean!);
    const kept = best.slice(0, Math.ceil(best.length / config.halving!.eta));
    alive = kept.map(({ point }) => point).sort((one, other) => one - other);
  }
  return { alive, rung: null };
}
