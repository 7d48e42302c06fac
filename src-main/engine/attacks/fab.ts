// Fast adaptive boundary attack: walks along the class boundary towards the picture, for the smallest change.

import { z } from 'zod';
import { ontoBall, otherClassAt } from './apgd.ts';
import { attack, type AttackTarget, type Norm } from './attack.ts';
import { normField, restartsField, stepsField, targetsField } from './fields.ts';
import { withRestarts, type Part } from './restarts.ts';
import { nearestBoundaries } from './linearised-boundaries.ts';
import { logitsOf, imageLength, predictionsOf, otherClassesOf } from './queries.ts';
import { clip01, distance, lengthOf, project, put, rowOf, take } from './rows.ts';

const schema = z.object({
  norm: normField,
  steps: stepsField(100),
  restarts: restartsField(),
  targets: targetsField,
  bias: z.number().min(0).max(1).default(0.1).meta({
    title: 'Bias',
    help: 'Largest share of the way that starts from the unchanged picture; larger stays closer to it.',
  }),
  overshoot: z.number().min(1).max(2).default(1.05).meta({
    title: 'Overshoot',
    help: 'Factor on the projections, so that the boundary is crossed.',
  }),
  backward: z.number().min(0).max(1).default(0.9).meta({
    title: 'Way back',
    help: 'Share of the change that is kept after a success, from where the search for a smaller one goes on.',
  }),
});

/**
 * Linearises the difference of logits at x', projects x' and the picture x onto its zero set within [0, 1], moves to
 * (1 - a)(x' + eta d1) + a (x + eta d2), a = min(|d1| / (|d1| + |d2|), bias), and after a success steps back towards x.
 * A picture is done once a change within eps is found. Targets as in the reference: the likeliest wrong classes in
 * turn; with 0 the nearest boundary of any class, at the cost of one gradient for each.
 */
export const fab = attack({
  id: 'fab',
  title: 'FAB',
  summary: 'Walks along the class boundary towards the picture, in search of the smallest change.',
  citation: 'Croce & Hein 2020, arXiv 1907.02044, algorithm 1',
  schema,
  presets: [
    {
      id: 'standard',
      title: 'As in standard AutoAttack',
      source: 'Croce & Hein 2020, public code: 100 steps for each of nine target classes',
      params: {
        norm: 'linf',
        steps: 100,
        restarts: 1,
        targets: 9,
        bias: 0.1,
        overshoot: 1.05,
        backward: 0.9,
      },
    },
  ],
  aim: 'class',
  norm: ({ norm }) => norm,
  run(target, input, params, random) {
    const goals = Math.min(params.targets, target.otherClasses);
    return withRestarts(target, input, params.restarts * Math.max(1, goals), (part, round) => {
      const restart = round % params.restarts;
      const place = Math.floor(round / params.restarts);
      const length = imageLength(target);
      const start = part.images.slice();
      // The first attempt begins at the picture itself, the others half way to the surface of the ball.
      const draws = random.fork(`attempt/${round}`);
      if (restart > 0)
        for (let row = 0; row < part.labels.length; row++) {
          const centre = rowOf(part.images, row, length);
          start.set(ontoBall(centre, part.eps / 2, params.norm, draws).map(clip01), row * length);
        }
      const { classes } = target;
      const aims =
        goals > 0
          ? otherClassAt(target, part, place).map((goal) => [goal])
          : Array.from(part.labels, (label, row) =>
              otherClassesOf(part.cleanLogits, row, classes, label, classes),
            );
      return walk(target, part, start, aims, params);
    });
  },
});

async function walk(
  target: AttackTarget,
  { images, labels, eps }: Part,
  current: Float32Array,
  aims: readonly (readonly number[])[],
  { norm, steps, bias, overshoot, backward }: z.output<typeof schema>,
): Promise<Float32Array> {
  const length = imageLength(target);
  const found = images.slice();
  const least = new Float64Array(labels.length).fill(Infinity);
  let active = Array.from(labels, (_, row) => row);
  for (let step = 0; step < steps && active.length > 0; step++) {
    const boundaries = await nearestBoundaries(target, current, active, labels, aims, norm);
    active.forEach((row, i) => {
      const x = rowOf(current, row, length);
      const clean = rowOf(images, row, length);
      const { grad, difference } = boundaries[i];
      const fromHere = ontoBoundary(x, grad, difference, norm);
      // The plane's value at the clean picture: its value here, moved along the gradient.
      let atClean = difference;
      for (let j = 0; j < length; j++) atClean += grad[j] * (clean[j] - x[j]);
      const fromClean = ontoBoundary(clean, grad, atClean, norm);
      const [near, far] = [sizeOf(fromHere, norm), sizeOf(fromClean, norm)];
      const share = Math.min(near / (near + far), bias);
      for (let j = 0; j < length; j++)
        x[j] = clip01(
          (1 - share) * (x[j] + overshoot * fromHere[j]) + share * (clean[j] + overshoot * fromClean[j]),
        );
    });
    const predicted = predictionsOf(await logitsOf(target, take(current, active, length)), target.classes);
    active = active.filter((row, i) => {
      if (predicted[i] === labels[row]) return true;
      const x = rowOf(current, row, length);
      const clean = rowOf(images, row, length);
      const away = distance(x, clean, norm);
      if (away < least[row]) {
        least[row] = away;
        put(found, [row], x, length);
      }
      for (let j = 0; j < length; j++) x[j] = clean[j] + backward * (x[j] - clean[j]);
      return away > eps;
    });
  }
  for (let row = 0; row < labels.length; row++)
    project(rowOf(found, row, length), rowOf(images, row, length), eps, norm);
  return found;
}

/**
 * The shortest d with value + gradient . d = 0 and x + d in [0, 1]; where there is none, d goes as far as it can.
 * Along the shortest way every coordinate moves by min(t * speed, room): t equal for all, speed 1 for linf and |gradient|
 * for l2. The gain is concave and piecewise linear in t, so Newton's method from t = 0 ends exactly and soon.
 */
function ontoBoundary(x: Float32Array, grad: Float32Array, value: number, norm: Norm): Float64Array {
  const side = value < 0 ? 1 : -1; // the way the value has to go
  const room = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) room[i] = side * grad[i] > 0 ? 1 - x[i] : x[i];
  const speedOf = (steepness: number): number => (norm === 'linf' ? Math.sign(steepness) : steepness);
  let t = 0;
  for (let round = 0; round < 100; round++) {
    let gain = 0;
    let growth = 0;
    for (let i = 0; i < x.length; i++) {
      const steepness = Math.abs(grad[i]);
      const speed = speedOf(steepness);
      if (t * speed < room[i]) {
        gain += steepness * t * speed;
        growth += steepness * speed;
      } else gain += steepness * room[i];
    }
    const missing = Math.abs(value) - gain;
    if (missing <= 1e-12 * Math.abs(value) || growth === 0) {
      if (missing > 0 && growth === 0) t = Infinity; // out of reach: all the room there is
      break;
    }
    t += missing / growth;
  }
  for (let i = 0; i < x.length; i++) {
    const speed = speedOf(Math.abs(grad[i]));
    room[i] = speed === 0 ? 0 : side * Math.sign(grad[i]) * Math.min(t * speed, room[i]);
  }
  return room;
}

/** Not below 1e-8, so that two of them have a ratio. */
const sizeOf = (change: Float64Array, norm: Norm): number =>
  Math.max(
    1e-8,
    norm === 'l2' ? lengthOf(change) : change.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
  );
