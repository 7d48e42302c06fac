// Attacks that give a picture a heat map of somebody's choice, while what the model says stays.

import { z } from 'zod';
import { add, mean, mul, neg, scalar, softmax, square, sub, sum } from '../graph/index.ts';
import { adam } from './adam.ts';
import { attack, type AttackTarget } from './attack.ts';
import {
  Kept,
  aimGradients,
  correctImages,
  explanationFields,
  overlap,
  topField,
  topMasks,
  type Aim,
} from './explanation.ts';
import { restartsField, stepField, stepsField } from './fields.ts';
import { wander } from './ifia.ts';
import { imageLength } from './queries.ts';
import { project, rowOf } from './rows.ts';

/**
 * [n, S * S]: the heat that each picture shall get: that of the next picture that is classified correctly; a picture
 * alone gets its own, mirrored left to right.
 */
function goalsOf(heat: Float32Array, { sizePx }: AttackTarget): Float32Array {
  const side = sizePx ** 2;
  const goals = heat.slice();
  if (heat.length > side) {
    goals.set(heat.subarray(side));
    goals.set(heat.subarray(0, side), heat.length - side);
  } else for (let row = 0; row < heat.length; row += sizePx) goals.subarray(row, row + sizePx).reverse();
  return goals;
}

/** Nearer to the goal's heat and to the scores that the model gave. */
const towardsGoal: Aim = {
  key: 'towards-goal',
  build(heat, logits, { rows, sizePx, classes }) {
    const apart = mean(square(sub(heat, rows('goal', [sizePx ** 2]))), [1]);
    const other = mean(square(sub(softmax(logits), rows('scores', [classes]))), [1]);
    return neg(add(mul(scalar(1e11), apart), mul(mul(scalar(1e6), sum(rows('hold', [1]), [1])), other)));
  },
};

/**
 * Minimises c1 * MSE(h(x'), h_t) + c2 * MSE(softmax f(x'), softmax f(x)) by Adam, c1 = 1e11 and c2 = 1e6 * hold; heat h
 * sums to 1. The change stays within epsilon (the paper bounds it by [0, 1] alone: epsilon 1). Kept is the iterate of
 * the true class whose heat, of the model as it is, is nearest to the goal.
 */
export const targetedExplanation = attack({
  id: 'targeted-explanation',
  title: 'Targeted heat',
  summary: "Gives a picture another picture's heat map without changing what the model says.",
  citation: 'Dombrowski et al. 2019, arXiv 1906.07983, section 2.2',
  schema: z.object({
    steps: stepsField(200),
    stepSize: z.number().min(1e-6).max(1).default(1e-3).meta({
      title: 'Step size',
      help: 'Step of the optimiser Adam; the pixel range is 1.',
    }),
    hold: z.number().min(0).max(1e6).default(1).meta({
      title: 'Hold the scores',
      help: 'Weight of the scores that shall stay, as a multiple of the published one.',
    }),
    ...explanationFields,
    map: explanationFields.map.default('gradient'),
  }),
  presets: [
    {
      id: 'paper',
      title: 'As in the paper',
      source:
        'Dombrowski et al. 2019 and their code: 1,500 steps of 0.0002, softmax scores, 30 points; beta stays at 30 instead of growing from 10 to 100',
      params: {
        steps: 1500,
        stepSize: 2e-4,
        hold: 1,
        map: 'integrated-gradients',
        score: 'probability',
        points: 30,
        beta: 30,
      },
    },
  ],
  aim: 'explanation',
  norm: () => 'linf',
  async run(target, input, { steps, stepSize, hold, ...params }) {
    const side = target.sizePx ** 2;
    const length = imageLength(target);
    const correct = await correctImages(target, input, params);
    const { images, labels, rows } = correct;
    if (rows.length === 0) return input.images.slice();
    const goal = goalsOf(correct.heat, target);
    const kept = new Kept(target, correct, params, (heat, place) =>
      heat.reduce((total, value, i) => total + (value - goal[place * side + i]) ** 2, 0),
    );
    const feeds = {
      goal,
      scores: softmaxRows(correct.logits, target.classes),
      hold: new Float32Array(rows.length).fill(hold),
    };
    const descend = adam(images.length, stepSize);
    const current = images.slice();
    for (let step = 0; step < steps; step++) {
      const grads = await aimGradients(target, towardsGoal, params, current, labels, feeds);
      const moved = Float64Array.from(current);
      descend(
        moved,
        grads.map((value) => -value),
      );
      current.set(moved);
      for (let i = 0; i < rows.length; i++)
        project(rowOf(current, i, length), rowOf(images, i, length), input.eps, 'linf');
      await kept.offer(current);
    }
    return kept.into(input.images);
  },
});

function softmaxRows(logits: Float32Array, classes: number): Float32Array {
  const scores = logits.slice();
  for (let start = 0; start < scores.length; start += classes) {
    const row = scores.subarray(start, start + classes);
    const highest = Math.max(...row);
    const total = row.reduce((before, value) => before + Math.exp(value - highest), 0);
    row.forEach((value, i) => (row[i] = Math.exp(value - highest) / total));
  }
  return scores;
}

/** More of the heat on the pixels of `mask`. */
const moreOnMask: Aim = {
  key: 'more-on-mask',
  build: (heat, _logits, { rows, sizePx }) => sum(mul(heat, rows('mask', [sizePx ** 2])), [1]),
};

/**
 * Signed steps up the heat on the goal's k hottest pixels. Kept is the iterate of the true class whose own k hottest
 * pixels share most with them, where the public code keeps the last one.
 */
export const targetedMass = attack({
  id: 'targeted-mass',
  title: 'Targeted heat mass',
  summary:
    "Draws the heat to where another picture's hottest pixels lie without changing what the model says.",
  citation: 'Singh et al. 2020, arXiv 1911.13073, public code (targeted attribution attack)',
  schema: z.object({
    k: topField,
    steps: stepsField(50),
    step: stepField(0.125),
    restarts: restartsField(),
    ...explanationFields,
  }),
  presets: [],
  aim: 'explanation',
  norm: () => 'linf',
  async run(target, input, { k, ...params }, random) {
    const side = target.sizePx ** 2;
    const correct = await correctImages(target, input, params);
    const masks = topMasks(goalsOf(correct.heat, target), side, k);
    const kept = new Kept(target, correct, params, (heat, place) => {
      const mask = rowOf(masks, place, side);
      const mass = heat.reduce((total, value, i) => total + value * mask[i], 0);
      return -overlap(heat, mask, k) - 1e-6 * mass;
    });
    await wander(target, input, correct, kept, moreOnMask, { mask: masks }, params, random);
    return kept.into(input.images);
  },
});
