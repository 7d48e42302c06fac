// What attacks on the explanation share: the heat they look at, its gradients, and the loop that changes a picture's heat
// while its class stays.

import { z } from 'zod';
import {
  abs,
  add,
  broadcastTo,
  constant,
  div,
  gradient,
  identity,
  mean,
  mul,
  reshape,
  scalar,
  softmax,
  sum,
  type Tensor,
} from '../graph/index.ts';
import type { Activation } from '../nn/model.ts';
import { selectedLogit } from '../nn/classification.ts';
import { highest } from '../nn/rank-correlation.ts';
import type { ProgramContext } from '../nn/row-program.ts';
import type { AttackInput, AttackTarget } from './attack.ts';
import { indicesWhere } from './restarts.ts';
import { imageLength, imagesOf, predictionsOf } from './queries.ts';
import { oneHot, put, rowOf, take } from './rows.ts';

/** Parameters that say which heat is attacked. */
export const explanationFields = {
  map: z.enum(['integrated-gradients', 'gradient']).default('integrated-gradients').meta({
    title: 'Heat map',
    help: 'The explanation under attack: integrated gradients from black, or the plain input gradient.',
    main: true,
  }),
  score: z.enum(['logit', 'probability']).default('logit').meta({
    title: 'Score',
    help: 'What of the true class the heat map explains.',
  }),
  points: z.int().min(1).max(1000).default(20).meta({
    title: 'Points',
    help: 'Points on the way from black to the picture; integrated gradients only. More are more exact and cost as much more.',
  }),
  beta: z.number().min(0.1).max(1000).default(50).meta({
    title: 'Softplus beta',
    help: 'Sharpness of the softplus that stands for ReLU while the attack looks for slopes; the heat that counts has the model as it is.',
  }),
};

export type ExplanationParams = z.output<z.ZodObject<typeof explanationFields>>;

/** Pictures that a program for one row holds. */
const costOf = ({ map, points }: ExplanationParams): number => (map === 'gradient' ? 1 : points);

const keyOf = ({ map, score, points }: ExplanationParams): string =>
  map === 'gradient' ? `${map}/${score}` : `${map}/${score}/${points}`;

/**
 * Channel sum of |gradient| or of |x * mean over t of the gradient at t x|, t = (k - 1/2) / points, scaled to sum 1.
 * @param images  [B, 3, S, S]
 * @param labels    [B, K], one-hot
 * @returns         [B, S * S], >= 0; a function of the pictures that can be differentiated again
 */
function heatOf(
  { batch, classes, sizePx, forward }: ProgramContext,
  images: Tensor,
  labels: Tensor,
  { map, score, points }: ExplanationParams,
  activation?: Activation,
): Tensor {
  const values = 3 * sizePx * sizePx;
  const count = map === 'gradient' ? 1 : points;
  const shares = Array.from({ length: count }, (_, k) => (map === 'gradient' ? 1 : (k + 0.5) / count));
  const path = mul(reshape(images, [batch, 1, values]), constant(shares, [1, count, 1]));
  const steps = identity(reshape(path, [batch * count, 3, sizePx, sizePx]));
  const targets = reshape(broadcastTo(reshape(labels, [batch, 1, classes]), [batch, count, classes]), [
    batch * count,
    classes,
  ]);
  const { logits } = forward(steps, { activation });
  const scored = selectedLogit(score === 'logit' ? logits : softmax(logits), targets);
  const [grads] = gradient(sum(scored), [steps]);
  const along = mean(reshape(grads, [batch, count, values]), [1]); // [B, 3 S S]
  const attributed = map === 'gradient' ? along : mul(along, reshape(images, [batch, values]));
  const heat = sum(abs(reshape(attributed, [batch, 3, sizePx * sizePx])), [1]); // [B, S S]
  return div(heat, add(sum(heat, [1], true), scalar(1e-12)));
}

/** The heat of pictures with the model as it is, and what it says of them. */
export async function judge(
  target: AttackTarget,
  images: Float32Array,
  labels: ArrayLike<number>,
  params: ExplanationParams,
): Promise<{ heat: Float32Array; logits: Float32Array }> {
  const program = target.program(
    `heat/${keyOf(params)}`,
    (context) => {
      const images = imagesOf(context);
      const targets = context.rows('labels', [context.classes]);
      return { heat: heatOf(context, images, targets, params), logits: context.forward(images).logits };
    },
    costOf(params),
  );
  const feeds = { images, labels: oneHot(labels, target.classes) };
  return (await program(labels.length, feeds)) as { heat: Float32Array; logits: Float32Array };
}

/** What an attack wants more of, as a graph. */
export interface Aim {
  /** Names the aim among those on the same heat. */
  key: string;
  /** @param heat [B, S * S], sums to 1  @param logits [B, K], with softplus  @returns [B], to be raised */
  build(heat: Tensor, logits: Tensor, context: ProgramContext): Tensor;
}

/** Gradients of an aim at pictures, along softplus. @param feeds rows that the aim's graph asks for */
export async function aimGradients(
  target: AttackTarget,
  aim: Aim,
  params: ExplanationParams,
  images: Float32Array,
  labels: ArrayLike<number>,
  feeds: Readonly<Record<string, Float32Array>>,
): Promise<Float32Array> {
  const program = target.program(
    `aim/${aim.key}/${keyOf(params)}/${params.beta}`,
    (context) => {
      const images = imagesOf(context);
      const activation: Activation = { kind: 'softplus', beta: params.beta };
      const heat = heatOf(context, images, context.rows('labels', [context.classes]), params, activation);
      const { logits } = context.forward(images, { activation });
      return { grads: gradient(sum(aim.build(heat, logits, context)), [images])[0] };
    },
    costOf(params),
  );
  return (await program(labels.length, { images, labels: oneHot(labels, target.classes), ...feeds })).grads;
}

/** The pictures that may be attacked, and their own heat and logits. */
export interface Correct {
  /** Rows of the input. */
  rows: number[];
  images: Float32Array;
  labels: Int32Array;
  /** [n, S * S] */
  heat: Float32Array;
  /** [n, K] */
  logits: Float32Array;
}

export async function correctImages(
  target: AttackTarget,
  { images, labels }: AttackInput,
  params: ExplanationParams,
): Promise<Correct> {
  const { heat, logits } = await judge(target, images, labels, params);
  const rows = indicesWhere(predictionsOf(logits, target.classes), (predicted, i) => predicted === labels[i]);
  return {
    rows,
    images: take(images, rows, imageLength(target)),
    labels: Int32Array.from(rows, (row) => labels[row]),
    heat: take(heat, rows, target.sizePx ** 2),
    logits: take(logits, rows, target.classes),
  };
}

/**
 * Pictures of the lowest score among those offered whose class is still the true one; the first of them rather than the
 * unchanged picture, so that one whose heat withstands is not taken for one that could not be attacked.
 * @param scoreOf  lower is a stronger attack; gets the heat of the model as it is and the picture's place
 */
export class Kept {
  private readonly scores: Float64Array;
  private readonly images: Float32Array;
  private readonly target: AttackTarget;
  private readonly correct: Correct;
  private readonly params: ExplanationParams;
  private readonly scoreOf: (heat: Float32Array, place: number) => number;

  constructor(
    target: AttackTarget,
    correct: Correct,
    params: ExplanationParams,
    scoreOf: (heat: Float32Array, place: number) => number,
  ) {
    this.target = target;
    this.correct = correct;
    this.params = params;
    this.scoreOf = scoreOf;
    this.images = correct.images.slice();
    this.scores = new Float64Array(correct.rows.length).fill(Infinity);
  }

  async offer(images: Float32Array): Promise<void> {
    const { labels } = this.correct;
    const length = imageLength(this.target);
    const { heat, logits } = await judge(this.target, images, labels, this.params);
    predictionsOf(logits, this.target.classes).forEach((predicted, i) => {
      const score =
        predicted === labels[i] ? this.scoreOf(rowOf(heat, i, this.target.sizePx ** 2), i) : Infinity;
      if (!(score < this.scores[i])) return; // nor where heat is no number
      this.scores[i] = score;
      put(this.images, [i], rowOf(images, i, length), length);
    });
  }

  /** All pictures of the input with those kept in their places. */
  into(all: Float32Array): Float32Array {
    const result = all.slice();
    put(result, this.correct.rows, this.images, imageLength(this.target));
    return result;
  }
}

/** [n, S * S]: 1 on the k largest values of each row of heat, 0 elsewhere; of equal values the first. */
export function topMasks(heat: Float32Array, side: number, k: number): Float32Array {
  const masks = new Float32Array(heat.length);
  for (let start = 0; start < heat.length; start += side)
    for (const place of highest(heat.subarray(start, start + side), k)) masks[start + place] = 1;
  return masks;
}

/** Share of the k largest places of a heat that `mask`, k ones, holds as well. */
export function overlap(heat: Float32Array, mask: Float32Array, k: number): number {
  const top = highest(heat, k);
  return top.reduce((shared, place) => shared + mask[place], 0) / top.length;
}

export const topField = z.int().min(1).max(1_000_000).default(100).meta({
  title: 'Top pixels',
  help: 'How many of the hottest pixels count; all of them if the picture has fewer.',
  main: true,
});
