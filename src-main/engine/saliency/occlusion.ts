// Occlusion: how much the score falls when a patch of the picture is covered.

import { z } from 'zod';
import { add, constant, div, mul, sub, type Tensor } from '../graph/index.ts';
import { reduceSigned, signField } from './sign.ts';
import { colourField, colourOf } from './plain-colour.ts';
import { asColumn, sampledMethod, type Samples } from './saliency.ts';
import { scoreField, scoreOf } from './score.ts';

const schema = z.object({
  score: scoreField('probability'),
  sign: signField('positive'),
  window: z.number().min(0.01).max(1).default(0.2).meta({
    title: 'Patch',
    help: "Side of the covered patch, as a share of the picture's; smaller marks more exactly, larger covers whole parts.",
    main: true,
  }),
  stride: z.number().min(0.05).max(1).default(0.5).meta({
    title: 'Step',
    help: 'Distance from one patch to the next, as a share of the patch; half the step costs four times as much.',
  }),
  fill: colourField('grey', 'Covered with', 'The colour of the patch.'),
});

/** Left or upper edges of the patches along one side, pixels; the last reaches the rim and is cut there. */
function placesOf(sizePx: number, window: number, stride: number): { sidePx: number; starts: number[] } {
  const sidePx = Math.max(1, Math.round(window * sizePx));
  const stepPx = Math.max(1, Math.round(stride * sidePx));
  const count = Math.ceil((sizePx - sidePx) / stepPx) + 1;
  return { sidePx, starts: Array.from({ length: count }, (_, i) => i * stepPx) };
}

/** How many patches cover each row (or column). */
function coverage(sizePx: number, window: number, stride: number): Float32Array {
  const { sidePx, starts } = placesOf(sizePx, window, stride);
  return Float32Array.from(
    { length: sizePx },
    (_, i) => starts.filter((start) => i >= start && i < start + sidePx).length,
  );
}

/**
 * For each pixel the mean, over the patches m that cover it, of score(x) - score(x (1 - m) + fill m).
 * @see Zeiler & Fergus 2014, section 4.2
 */
export const occlusion = sampledMethod({
  id: 'occlusion',
  title: 'Occlusion',
  summary: 'Covers one patch after the other and marks where the score falls.',
  citation: 'Zeiler & Fergus 2014, arXiv 1311.2901',
  schema,
  presets: [],
  samples({ window, stride }, { sizePx }): Samples {
    const { sidePx, starts } = placesOf(sizePx, window, stride);
    return {
      count: starts.length ** 2,
      shapes: { patch: [1, sizePx, sizePx] },
      at(index) {
        const patch = new Float32Array(sizePx * sizePx);
        const left = starts[index % starts.length];
        const top = starts[Math.floor(index / starts.length)];
        for (let row = top; row < Math.min(sizePx, top + sidePx); row++)
          patch.fill(1, row * sizePx + left, row * sizePx + Math.min(sizePx, left + sidePx));
        return { weight: 1, fed: { patch } };
      },
    };
  },
  channels: 1,
  sample(context, { score, fill }) {
    const { images, logits, forward, fed } = context;
    const covered = add(images, mul(fed.patch, sub(colourOf(fill), images)));
    const after = scoreOf(forward(covered).logits, context, score);
    const fall = sub(scoreOf(logits, context, score), after); // [N]
    return mul(asColumn(fall), fed.patch); // [N, 1, S, S]
  },
  finish(total, { images }, { sign, window, stride }) {
    const sizePx = images.shape[3];
    const times = coverage(sizePx, window, stride);
    const along = (shape: readonly number[]): Tensor => constant(times, shape);
    return reduceSigned(div(div(total, along([1, 1, sizePx, 1])), along([1, 1, 1, sizePx])), sign);
  },
});
