// Auto-PGD: projected ascent with momentum that finds its own step size, on cross-entropy or on the ratio of logits.

import { z } from 'zod';
import type { Random } from '../nn/random.ts';
import { attack, type AttackTarget, type Norm } from './attack.ts';
import { normField, restartsField, stepsField, targetsField } from './fields.ts';
import { withRestarts, type Part } from './restarts.ts';
import { imageLength, predictionsOf, otherClassesOf, gradientsOf, type Loss } from './queries.ts';
import { lengthOf, project, put, rowOf, stepUp, take } from './rows.ts';

const shared = {
  norm: normField,
  steps: stepsField(100),
  restarts: restartsField(),
  rho: z.number().min(0).max(1).default(0.75).meta({
    title: 'Rho',
    help: 'The step is halved when fewer than this share of the steps since the last check raised the loss.',
  }),
};
const citation = 'Croce & Hein 2020, arXiv 2003.01690';
const standard = { norm: 'linf', steps: 100, rho: 0.75 } as const;

export const apgdCe = attack({
  id: 'apgd-ce',
  title: 'APGD, cross-entropy',
  summary: 'Raises the cross-entropy with a step size that adapts itself, so that nothing needs tuning.',
  citation: `${citation}, algorithm 1`,
  schema: z.object(shared),
  presets: [
    {
      id: 'paper',
      title: 'As in the paper',
      source: 'Croce & Hein 2020: 100 steps, 5 attempts',
      params: { ...standard, restarts: 5 },
    },
  ],
  aim: 'class',
  norm: ({ norm }) => norm,
  run: (target, input, params, random) =>
    withRestarts(target, input, params.restarts, (part, round) =>
      apgd(target, part, { ...params, loss: 'cross-entropy' }, random.fork(`attempt/${round}`)),
    ),
});

export const apgdDlr = attack({
  id: 'apgd-dlr',
  title: 'APGD, logit ratio',
  summary:
    'Raises the difference of logits ratio, which large logits do not blunt, class by class or for any class.',
  citation: `${citation}, algorithm 1 with equations 6 and 7`,
  schema: z.object({ ...shared, targets: targetsField }),
  presets: [
    {
      id: 'paper',
      title: 'Untargeted, as in the paper',
      source: 'Croce & Hein 2020: 100 steps, 5 attempts',
      params: { ...standard, restarts: 5, targets: 0 },
    },
    {
      id: 'standard',
      title: 'As in standard AutoAttack',
      source: 'Croce & Hein 2020, public code: nine target classes, one attempt each',
      params: { ...standard, restarts: 1, targets: 9 },
    },
  ],
  aim: 'class',
  norm: ({ norm }) => norm,
  run(target, input, params, random) {
    const goals = Math.min(params.targets, target.otherClasses);
    const rounds = params.restarts * Math.max(1, goals);
    return withRestarts(target, input, rounds, (part, round) => {
      const draws = random.fork(`attempt/${round}`);
      if (goals === 0) return apgd(target, part, { ...params, loss: 'dlr' }, draws);
      const place = Math.floor(round / params.restarts);
      return apgd(
        target,
        part,
        { ...params, loss: 'dlr-targeted', goals: otherClassAt(target, part, place) },
        draws,
      );
    });
  },
});

/** The class that is `place`-th among the wrong ones of each unchanged picture, from the likeliest. */
export const otherClassAt = (
  { classes }: AttackTarget,
  { labels, cleanLogits }: Part,
  place: number,
): number[] =>
  Array.from(labels, (label, row) => otherClassesOf(cleanLogits, row, classes, label, place + 1)[place]);

interface Settings {
  norm: Norm;
  steps: number;
  rho: number;
  loss: Loss;
  goals?: readonly number[];
}

/**
 * One attempt. x(k+1) = P(x(k) + 0.75 (z - x(k)) + 0.25 (x(k) - x(k-1))), z = P(x(k) + step * direction); the first
 * step without momentum. At checkpoints ever closer together the step of a picture is halved, and it goes back to
 * its best point, if too few steps raised its loss or neither step nor best loss changed since the last checkpoint.
 * @returns [N, 3, S, S]: the first fooling point of each picture, or else, and in a transfer, that of highest loss
 */
async function apgd(
  target: AttackTarget,
  { images, labels, eps, transfer = false }: Part,
  { norm, steps, rho, loss, goals }: Settings,
  random: Random,
): Promise<Float32Array> {
  const length = imageLength(target);
  const current = images.slice();
  for (let row = 0; row < labels.length; row++) {
    const centre = rowOf(images, row, length);
    const x = rowOf(current, row, length);
    x.set(ontoBall(centre, eps, norm, random));
    project(x, centre, eps, norm);
  }
  const before = current.slice();
  const grads = new Float32Array(images.length);
  const best = current.slice();
  const bestGrads = new Float32Array(images.length);
  const rows = Array.from(labels, (_, row) => ({
    row,
    step: 2 * eps,
    last: -Infinity,
    highest: -Infinity,
    highestAtCheck: -Infinity,
    halvedAtCheck: true,
    rises: 0,
  }));

  let active = rows;
  async function evaluate(): Promise<void> {
    const indices = active.map(({ row }) => row);
    const part = take(current, indices, length);
    const trueLabels = indices.map((row) => labels[row]);
    const aims = goals === undefined ? trueLabels : indices.map((row) => goals[row]);
    const { logits, losses, gradient } = await gradientsOf(target, loss, part, trueLabels, aims);
    put(grads, indices, gradient, length);
    const predicted = predictionsOf(logits, target.classes);
    active = active.filter((one, i) => {
      const fooled = !transfer && predicted[i] !== trueLabels[i];
      if (losses[i] > one.last) one.rises += 1;
      one.last = losses[i];
      if (fooled || losses[i] > one.highest) {
        one.highest = Math.max(losses[i], one.highest);
        put(best, [one.row], rowOf(part, i, length), length);
        put(bestGrads, [one.row], rowOf(gradient, i, length), length);
      }
      return !fooled;
    });
  }

  await evaluate();
  for (const one of rows) Object.assign(one, { rises: 0, highestAtCheck: one.highest });
  let untilCheck = Math.max(Math.floor(0.22 * steps), 1);
  let period = untilCheck;
  for (let k = 0; k < steps && active.length > 0; k++) {
    for (const { row, step } of active) {
      const centre = rowOf(images, row, length);
      const x = rowOf(current, row, length);
      const old = rowOf(before, row, length);
      const z = x.slice();
      stepUp(z, rowOf(grads, row, length), step, norm);
      project(z, centre, eps, norm);
      const share = k === 0 ? 1 : 0.75;
      for (let i = 0; i < length; i++) z[i] = x[i] + share * (z[i] - x[i]) + (1 - share) * (x[i] - old[i]);
      project(z, centre, eps, norm);
      old.set(x);
      x.set(z);
    }
    await evaluate();
    untilCheck -= 1;
    if (untilCheck > 0) continue;
    for (const one of active) {
      const wavers = one.rises <= rho * period;
      const stuck = !one.halvedAtCheck && one.highestAtCheck >= one.highest;
      one.halvedAtCheck = wavers || stuck;
      one.highestAtCheck = one.highest;
      one.rises = 0;
      if (!one.halvedAtCheck) continue;
      one.step /= 2;
      rowOf(current, one.row, length).set(rowOf(best, one.row, length));
      rowOf(grads, one.row, length).set(rowOf(bestGrads, one.row, length));
    }
    period = Math.max(period - Math.max(Math.floor(0.03 * steps), 1), Math.max(Math.floor(0.06 * steps), 1));
    untilCheck = period;
  }
  return best;
}

/** A random point on the surface of the ball: where the reference implementation starts. */
export function ontoBall(centre: Float32Array, eps: number, norm: Norm, random: Random): Float32Array {
  const direction = centre.map(() => (norm === 'linf' ? 2 * random.uniform() - 1 : random.normal()));
  const size =
    norm === 'linf'
      ? direction.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      : lengthOf(direction);
  return centre.map((value, i) => value + (eps * direction[i]) / Math.max(size, 1e-12));
}
