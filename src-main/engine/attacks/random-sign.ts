// Random sign perturbation: every value moved by eps up or down at random, the yardstick for attacks on explanations.

import { z } from 'zod';
import { attack } from './attack.ts';
import { Kept, correctImages, explanationFields, overlap, topField, topMasks } from './explanation.ts';
import { clip01, rowOf } from './rows.ts';

const { map, score, points } = explanationFields;
const schema = z.object({
  draws: z.int().min(1).max(10_000).default(1).meta({
    title: 'Draws',
    help: 'Random changes tried; kept is the one that leaves fewest of the hottest pixels hot.',
    main: true,
  }),
  k: topField,
  map,
  score,
  points,
});

/** x + eps * s, s in {-1, 1} at random, clipped to [0, 1]; a change that alters the class is not used. */
export const randomSign = attack({
  id: 'random-sign',
  title: 'Random sign',
  summary: 'Moves every value by epsilon at random and looks whether the heat stays.',
  citation: 'Ghorbani et al. 2019, arXiv 1710.10547, section 3 (random sign perturbation)',
  schema,
  presets: [],
  aim: 'explanation',
  norm: () => 'linf',
  async run(target, input, { draws, k, ...chosen }, random) {
    const side = target.sizePx ** 2;
    const params = { ...chosen, beta: 1 }; // no gradients are asked for
    const correct = await correctImages(target, input, params);
    const masks = topMasks(correct.heat, side, k);
    const kept = new Kept(target, correct, params, (heat, place) =>
      overlap(heat, rowOf(masks, place, side), k),
    );
    for (let draw = 0; draw < draws && correct.rows.length > 0; draw++) {
      const signs = random.fork(`draw/${draw}`);
      await kept.offer(
        correct.images.map((value) => clip01(value + (signs.uniform() < 0.5 ? -1 : 1) * input.eps)),
      );
    }
    return kept.into(input.images);
  },
});
