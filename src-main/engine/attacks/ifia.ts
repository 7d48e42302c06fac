// Iterative feature importance attacks: small steps that move the heat away from where it was, while the class stays.

import { z } from 'zod';
import { constant, matmul, mul, neg, square, sub, sum } from '../graph/index.ts';
import type { Random } from '../nn/random.ts';
import { kendall } from '../nn/rank-correlation.ts';
import { attack, type AttackInput, type AttackTarget } from './attack.ts';
import {
  Kept,
  aimGradients,
  correctImages,
  explanationFields,
  topField,
  topMasks,
  type Aim,
  type Correct,
  type ExplanationParams,
} from './explanation.ts';
import { restartsField, stepField, stepsField } from './fields.ts';
import { imageLength } from './queries.ts';
import { project, randomStart, rowOf, stepUp } from './rows.ts';

const shared = {
  steps: stepsField(50),
  step: stepField(0.125),
  restarts: restartsField(),
  wholeLevels: z.boolean().default(false).meta({
    title: 'Whole grey levels',
    help: 'What is judged and kept has whole values of 0 to 255, as files do: of two the nearer to the unchanged picture.',
  }),
  ...explanationFields,
};

/** Less of the heat on the pixels of `mask`. */
const lessOnMask: Aim = {
  key: 'less-on-mask',
  build: (heat, _logits, { rows, sizePx }) => neg(sum(mul(heat, rows('mask', [sizePx ** 2])), [1])),
};

/**
 * Lowers the heat on the k hottest pixels of the clean map. Kept is the picture whose heat, of the model as it is, has
 * the lowest Kendall's tau-b with the clean one, over all pixels.
 */
export const ifiaTopK = attack({
  id: 'ifia-top-k',
  title: 'IFIA, top pixels',
  summary: 'Draws the heat away from its hottest pixels without changing what the model says.',
  citation:
    'Ghorbani et al. 2019, arXiv 1710.10547, algorithm 1; settings of Singh et al. 2020 and Chen et al. 2019',
  schema: z.object({ k: topField, ...shared }),
  presets: [
    {
      id: 'paper-art',
      title: 'As in the ART paper',
      source:
        'Singh et al. 2020, CIFAR-10: 50 steps of 1/255 at epsilon 8/255, 100 pixels, 100 points. The code takes the right ends of intervals, not their middles, slopes without those of the leading factor x, and Kendall’s tau with all but the 100 set to 0',
      params: {
        k: 100,
        steps: 50,
        step: 0.125,
        restarts: 1,
        wholeLevels: false,
        map: 'integrated-gradients',
        score: 'logit',
        points: 100,
        beta: 50,
      },
    },
    {
      id: 'paper-ig-norm',
      title: 'As in Chen et al.',
      source:
        'Chen et al. 2019: three attempts, the worst counts, whole grey levels. Their attempts begin at the picture; points and slopes differ as in the preset of ART',
      params: {
        k: 100,
        steps: 50,
        step: 0.125,
        restarts: 3,
        wholeLevels: true,
        map: 'integrated-gradients',
        score: 'logit',
        points: 100,
        beta: 50,
      },
    },
  ],
  aim: 'explanation',
  norm: () => 'linf',
  async run(target, input, { k, ...params }, random) {
    const side = target.sizePx ** 2;
    const correct = await correctImages(target, input, params);
    const masks = topMasks(correct.heat, side, k);
    // A map without any order, all values equal, tells nothing: as little as one that is unrelated.
    const kept = new Kept(
      target,
      correct,
      params,
      (heat, place) => kendall(rowOf(correct.heat, place, side), heat) ?? 0,
    );
    await wander(target, input, correct, kept, lessOnMask, { mask: masks }, params, random);
    return kept.into(input.images);
  },
});

/** [n, 2]: mean place of the heat of each row, in shares of the side from the middle of the first pixel. */
function centresOf(heat: Float32Array, sizePx: number): Float32Array {
  const centres = new Float32Array((2 * heat.length) / sizePx ** 2);
  heat.forEach((value, i) => {
    const row = Math.floor(i / sizePx ** 2);
    centres[2 * row] += (value * (i % sizePx)) / sizePx;
    centres[2 * row + 1] += (value * Math.floor((i % sizePx ** 2) / sizePx)) / sizePx;
  });
  return centres;
}

/** Farther from the centre that the clean heat had. */
const awayFromCentre: Aim = {
  key: 'away-from-centre',
  build(heat, _logits, { rows, sizePx }) {
    const places = Array.from({ length: sizePx ** 2 }, (_, i) => [
      (i % sizePx) / sizePx,
      Math.floor(i / sizePx) / sizePx,
    ]).flat();
    return sum(square(sub(matmul(heat, constant(places, [sizePx ** 2, 2])), rows('centre', [2]))), [1]);
  },
};

/** Raises the distance of the heat's centre of mass from where it was. */
export const ifiaCentre = attack({
  id: 'ifia-centre',
  title: 'IFIA, mass centre',
  summary: 'Moves the centre of the heat as far as it can without changing what the model says.',
  citation: 'Ghorbani et al. 2019, arXiv 1710.10547, algorithm 1 (mass-centre attack)',
  schema: z.object(shared),
  presets: [],
  aim: 'explanation',
  norm: () => 'linf',
  async run(target, input, params, random) {
    const correct = await correctImages(target, input, params);
    const centre = centresOf(correct.heat, target.sizePx);
    const kept = new Kept(target, correct, params, (heat, place) => {
      const [x, y] = centresOf(heat, target.sizePx);
      return -Math.hypot(x - centre[2 * place], y - centre[2 * place + 1]);
    });
    await wander(target, input, correct, kept, awayFromCentre, { centre }, params, random);
    return kept.into(input.images);
  },
});

/**
 * To whole grey levels, towards the unchanged pictures so that the ball is not left. The walk itself goes on from where it
 * is: steps of less than a level would end where they begin.
 */
const rounded = (current: Float32Array, images: Float32Array): Float32Array =>
  current.map((value, i) => {
    const level = 255 * value;
    const nearest = Math.round(level);
    // What is whole already but for float32 stays.
    if (Math.abs(level - nearest) < 1e-3) return nearest / 255;
    return (value > images[i] ? Math.floor(level) : Math.ceil(level)) / 255;
  });

/** Signed steps up the aim from a random start, each iterate offered for keeping. */
export async function wander(
  target: AttackTarget,
  { eps }: AttackInput,
  { images, labels }: Correct,
  kept: { offer(images: Float32Array): Promise<void> },
  aim: Aim,
  feeds: Readonly<Record<string, Float32Array>>,
  params: ExplanationParams & { steps: number; step: number; restarts: number; wholeLevels?: boolean },
  random: Random,
): Promise<void> {
  const length = imageLength(target);
  for (let attempt = 0; attempt < params.restarts && labels.length > 0; attempt++) {
    const draws = random.fork(`start/${attempt}`);
    const current = images.slice();
    for (let i = 0; i < labels.length; i++)
      current.set(randomStart(rowOf(images, i, length), eps, 'linf', draws), i * length);
    for (let step = 0; step < params.steps; step++) {
      const grads = await aimGradients(target, aim, params, current, labels, feeds);
      for (let i = 0; i < labels.length; i++) {
        const x = rowOf(current, i, length);
        stepUp(x, rowOf(grads, i, length), params.step * eps, 'linf');
        project(x, rowOf(images, i, length), eps, 'linf');
      }
      await kept.offer(params.wholeLevels ? rounded(current, images) : current);
    }
  }
}
