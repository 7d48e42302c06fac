// Attributional robustness training: the gradient of the true class is pulled towards the picture it explains and away
// from that of the strongest other class, on the pictures nearby where this holds least.

import { z } from 'zod';
import {
  abs,
  add,
  argMaxMask,
  concat,
  cosineSimilarity,
  gradient,
  identity,
  l2Norm,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  reshape,
  scalar,
  slice,
  softplus,
  sub,
  sum,
  topKMask,
  type Tensor,
} from '../graph/index.ts';
import { classLoss, selectedLogit } from '../nn/classification.ts';
import { imageDeviation, normaliseImages, perChannel } from '../nn/normalise.ts';
import { ascend, randomStart } from '../nn/perturbation.ts';
import { elementCount } from '../nn/params.ts';
import { meanOver, objective, totalOf, type ObjectiveContext, type PassOptions } from './objective.ts';
import {
  ascentSteps,
  grayLevels,
  penaltyWeight,
  radius,
  searchPass,
  searchStatistics,
  stepSize,
  asInCode,
} from './parameters.ts';

const schema = z.object({
  lambda: penaltyWeight(
    0.5,
    'Weight of the penalty on a gradient that does not look like the picture; larger values give clearer explanations and less accuracy.',
  ),
  eps: radius(grayLevels(8)),
  steps: ascentSteps(3),
  stepSize: stepSize(0.1875),
  beta: z.number().min(0.1).max(1000).default(50).meta({
    title: 'Softplus sharpness',
    help: 'Gradients of the attribution term see softplus of this sharpness in place of ReLU; higher is closer to ReLU.',
  }),
  distance: z.enum(['cosine', 'euclidean', 'change']).default('cosine').meta({
    title: 'Distance',
    help: 'What is compared: direction of gradient and picture, their plain difference, or (no picture) the gradients of moved and plain picture.',
  }),
  negative: z.enum(['strongest', 'weakest', 'none']).default('strongest').meta({
    title: 'Other class',
    help: 'Whose gradient is pushed away from the picture: that of the wrong class with the highest logit, with the lowest, or of none.',
  }),
  pairs: z.enum(['moved', 'twins']).default('moved').meta({
    title: 'Pairs',
    help: 'The term is taken on the moved pictures, or as in the code on plain and moved ones, each with the worse gradients of the two.',
  }),
  space: z.enum(['pixels', 'normalised']).default('pixels').meta({
    title: 'Picture values',
    help: 'The picture is compared as pixels of 0 to 1 or as the normalised values that the network sees.',
  }),
  channels: z.enum(['kept', 'mean', 'mean-magnitude']).default('kept').meta({
    title: 'Colour channels',
    help: 'Channels are compared as they are, by their mean, or by the mean of their magnitudes.',
  }),
  searchShare: z.number().min(0.001).max(1).default(1).meta({
    title: 'Share of values in the search',
    help: 'The search compares only this share of the values, those with the largest gradient at its start; 1 compares all.',
  }),
  searchSpace: z.enum(['same', 'pixel-gradients']).default('same').meta({
    title: 'Gradients in the search',
    help: 'The search compares gradients by the same values as the term, or always by pixel as in the public code, also with normalised images.',
  }),
  searchFor: z.enum(['attribution', 'attribution-and-class']).default('attribution').meta({
    title: 'Search maximises',
    help: 'The attribution term alone, or together with the cross-entropy, which is more robust and less accurate.',
  }),
  statistics: searchStatistics('batch'),
});

type Params = z.output<typeof schema>;

const coded = {
  lambda: 0.5,
  steps: 3,
  distance: 'cosine',
  negative: 'strongest',
  pairs: 'twins',
  space: 'normalised',
  searchSpace: 'pixel-gradients',
  searchFor: 'attribution',
  statistics: 'batch-counted',
};

/**
 *   L = cross-entropy(x') + lambda * L_attr(x')
 *   L_attr = log(1 + exp(-(d(g_i, x) - d(g_y, x)))),  d(a, b) = 1 - <a, b> / (|a| |b|)
 *   i = the wrong class with the largest logit, g_i = df_i/dx
 *   x' = argmax of L_attr over |x' - x|_inf <= eps, by `ascend` from a random start
 *
 * Logits of L_attr come from the network with softplus for ReLU, cross-entropy from the network as it is, in one graph.
 * The passes of the term leave the running statistics alone unless `statistics` counts them.
 *
 * 'twins' (public code): the term is the mean over plain and moved pictures; the gradients of a picture and its twin
 * both stand for each, the farther of the two true ones and the nearer of the two others. Its search, which knows no
 * twins, compares normalised pictures with gradients by pixel: searchSpace 'pixel-gradients'.
 *
 * Ablations: 'none' keeps log(1 + exp(d(g_y, x))); 'euclidean' d(a, b) = |a - b|; 'change'
 * L_attr = |g_y(x') - g_y(x)|, which knows no other class and no twins [the last two as we read the paper's table].
 */
export const art = objective({
  id: 'art',
  title: 'Attributional robustness (ART)',
  summary:
    'Trains on perturbed pictures and penalises input gradients that do not align with the picture. Needs no boxes.',
  citation:
    'Singh et al. 2020, Attributional Robustness Training using Input-Gradient Spatial Alignment, arXiv 1911.13073',
  schema,
  presets: [
    {
      id: 'paper',
      title: 'As in the paper',
      source: 'Singh et al. 2020; passes of the search counted as in its code',
      params: {
        lambda: 0.5,
        eps: grayLevels(8),
        steps: 3,
        stepSize: 0.1875,
        beta: 50,
        distance: 'cosine',
        negative: 'strongest',
        pairs: 'moved',
        space: 'pixels',
        channels: 'kept',
        searchShare: 1,
        searchSpace: 'same',
        searchFor: 'attribution',
        statistics: 'batch-counted',
      },
      settings: asInCode,
    },
    {
      id: 'code-cifar',
      title: 'As in the code, CIFAR-10',
      source:
        'Singh et al. 2020, public code: steps of 5/255, twins, 1,000 of 3,072 values in the search, which compares pixel gradients with normalised images',
      params: {
        ...coded,
        eps: grayLevels(8),
        stepSize: 0.625,
        beta: 50,
        channels: 'kept',
        searchShare: 0.3255,
      },
      settings: asInCode,
    },
    {
      id: 'code-cub',
      title: 'As in the code, CUB',
      source:
        'Singh et al. 2020, public code: softplus of sharpness 1, magnitudes, 15,000 of 50,176 values in the search, which compares pixel gradients with normalised images',
      params: {
        ...coded,
        eps: grayLevels(2),
        stepSize: 0.75,
        beta: 1,
        channels: 'mean-magnitude',
        searchShare: 0.29895,
      },
      settings: asInCode,
    },
  ],
  needs: {},
  build(context, params) {
    const {
      images,
      labels,
      oneHot,
      task,
      target = oneHot,
      sampleWeight,
      ramp,
      forward,
      meanLoss,
      noise,
    } = context;
    const classes: Classes = { target, all: oneHot };
    const pass = searchPass(params.statistics);
    const smooth: PassOptions = { ...pass, activation: { kind: 'softplus', beta: params.beta } };
    const compare = comparison(context, params, params.space);
    const { searchSpace, space } = params;
    const compareInSearch = searchSpace === 'same' ? compare : comparison(context, params, space, 'pixels');

    const start = randomStart(images, { norm: 'linf', eps: params.eps }, noise);
    const largest = largestAt(context, params, start, pass);
    const moved = ascend(images, start, { norm: 'linf', ...params }, (images) => {
      const term = sum(mul(compareInSearch(images, classes, sampleWeight, smooth, largest), sampleWeight));
      if (params.searchFor === 'attribution') return term;
      return add(term, sum(mul(classLoss(forward(images, pass).logits, labels, task), sampleWeight)));
    });

    const twins = params.pairs === 'twins' && params.distance !== 'change';
    const twice = (x: Tensor): Tensor => concat([x, x], 0);
    const judged: PassOptions = { ...smooth, mode: 'train' };
    const both = twice(sampleWeight);
    const term = twins
      ? meanOver(
          compare(
            identity(concat([images, moved], 0)),
            { target: twice(target), all: twice(oneHot) },
            both,
            judged,
          ),
          both,
        )
      : meanOver(compare(moved, classes, sampleWeight, judged), sampleWeight);
    const { logits } = forward(moved);
    const terms: Record<string, Tensor> = { class: meanLoss(classLoss(logits, labels, task)) };
    if (params.lambda > 0) terms.attribution = mul(term, mul(ramp, scalar(params.lambda)));
    return totalOf(terms, logits);
  },
});

/** Which values the search compares: [B, n] of 0 and 1; undefined for all. */
function largestAt(
  { oneHot, target = oneHot, sampleWeight, forward }: ObjectiveContext,
  { searchShare, channels }: Params,
  start: Tensor,
  pass: PassOptions,
): Tensor | undefined {
  if (searchShare === 1) return undefined;
  const node = identity(start);
  const [grads] = gradient(sum(mul(selectedLogit(forward(node, pass).logits, target), sampleWeight)), [node]);
  const values = flat(channels === 'kept' ? abs(grads) : abs(overChannels(grads, channels)));
  return topKMask(values, Math.max(1, Math.round(searchShare * values.shape[1])));
}

/** [N, K]: the target class, one-hot, and all that the picture has. */
interface Classes {
  target: Tensor;
  all: Tensor;
}

/**
 * L_attr of each picture, as a function of pictures [N, 3, S, S], their classes, their weights [N], how to pass them, and
 * the values [N, n] that count. Twins are pictures b and b + N/2 where N is twice the batch.
 * @param by  what gradients are taken by
 */
function comparison(
  { batch, images, oneHot, target = oneHot, sampleWeight, forward }: ObjectiveContext,
  { channels, distance, negative }: Params,
  space: Params['space'],
  by = space,
) {
  const gradientsOf = (logits: Tensor, classes: Tensor, weights: Tensor, images: Tensor): Tensor => {
    const [grads] = gradient(sum(mul(selectedLogit(logits, classes), weights)), [images]);
    return by === 'pixels' ? grads : mul(grads, perChannel(imageDeviation));
  };
  const asRow = (values: Tensor, counted?: Tensor): Tensor => {
    const row = flat(overChannels(values, channels)); // [N, n]
    return counted ? mul(row, counted) : row;
  };
  const apart = (a: Tensor, b: Tensor): Tensor =>
    distance === 'cosine' ? sub(scalar(1), cosineSimilarity(a, b)) : l2Norm(sub(a, b), [1]);

  return (
    imageTensor: Tensor,
    classes: Classes,
    weights: Tensor,
    pass: PassOptions,
    counted?: Tensor,
  ): Tensor => {
    const { logits } = forward(imageTensor, pass);
    const targetGrads = asRow(gradientsOf(logits, classes.target, weights, imageTensor), counted);
    if (distance === 'change') {
      const plain = gradientsOf(forward(images, pass).logits, target, sampleWeight, images);
      return l2Norm(sub(targetGrads, asRow(plain, counted)), [1]);
    }
    const shown = asRow(space === 'pixels' ? imageTensor : normaliseImages(imageTensor), counted);
    const hasTwins = imageTensor.shape[0] === 2 * batch;
    /** Distance to the picture of a gradient and, with twins, of the other's gradient: the worse one. */
    const worst = (of: Tensor, worse: (a: Tensor, b: Tensor) => Tensor): Tensor =>
      hasTwins ? worse(apart(of, shown), apart(otherHalf(of), shown)) : apart(of, shown);
    const toTarget = worst(targetGrads, maximum);
    if (negative === 'none') return softplus(toTarget);
    // Another of a picture's own classes only where it has them all.
    const barred = add(mul(classes.all, scalar(1e6)), mul(classes.target, scalar(1e9)));
    const wrong = sub(negative === 'strongest' ? logits : neg(logits), barred);
    const other = gradientsOf(logits, argMaxMask(wrong), weights, imageTensor);
    return softplus(sub(toTarget, worst(asRow(other, counted), minimum)));
  };
}

const flat = (x: Tensor): Tensor => reshape(x, [x.shape[0], elementCount(x.shape.slice(1))]);

function overChannels(x: Tensor, channels: Params['channels']): Tensor {
  if (channels === 'kept') return x;
  return mean(channels === 'mean' ? x : abs(x), [1]);
}

/** Rows of the second half, then of the first. @param x [2B, n] */
function otherHalf(x: Tensor): Tensor {
  const [rows, length] = x.shape;
  const half = (from: number): Tensor => slice(x, [from, 0], [rows / 2, length]);
  return concat([half(rows / 2), half(0)], 0);
}
