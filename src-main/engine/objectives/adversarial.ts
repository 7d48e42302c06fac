// Adversarial training: cross-entropy on pictures that were moved uphill in the loss, in one step or in several.

import { z } from 'zod';
import { add, mul, scalar, sum, type Tensor } from '../graph/index.ts';
import { classLoss } from '../nn/classification.ts';
import { ascend, randomStart, type Ascent } from '../nn/perturbation.ts';
import { objective, totalOf, type ObjectiveContext, type ObjectiveGraph } from './objective.ts';
import {
  ascentSteps,
  decayAll,
  ballNorm,
  grayLevels,
  radius,
  searchPass,
  searchStatistics,
  stepSize,
} from './parameters.ts';

const randomly = (usual: boolean) =>
  z.boolean().default(usual).meta({
    title: 'Random start',
    help: 'Begin the search anywhere within epsilon of the picture, not at the picture.',
  });

const cleanShare = z.number().min(0).max(1).default(0).meta({
  title: 'Share of plain pictures',
  help: 'Weight of the cross-entropy on the unchanged pictures; the rest is that on the moved ones.',
});

interface AdversarialForm extends Ascent {
  randomStart: boolean;
  cleanShare: number;
  statistics: 'running' | 'batch' | 'batch-counted';
}

/**
 * L = cleanShare * cross-entropy(x) + (1 - cleanShare) * cross-entropy(x'), x' = argmax over the ball round x of the
 * cross-entropy, found by `ascend`. Logits are those of x'.
 */
function worstCase(context: ObjectiveContext, form: AdversarialForm): ObjectiveGraph {
  const { images, labels, task, sampleWeight, forward, meanLoss, noise } = context;
  const lossOf = (images: Tensor): Tensor =>
    sum(mul(classLoss(forward(images, searchPass(form.statistics)).logits, labels, task), sampleWeight));
  const start = form.randomStart ? randomStart(images, form, noise) : images;
  const { logits } = forward(ascend(images, start, form, lossOf));
  const losses = classLoss(logits, labels, task);
  if (form.cleanShare === 0) return totalOf({ class: meanLoss(losses) }, logits);
  const clean = mul(classLoss(forward(images).logits, labels, task), scalar(form.cleanShare));
  return totalOf({ class: meanLoss(add(clean, mul(losses, scalar(1 - form.cleanShare)))) }, logits);
}

export const fgsmTraining = objective({
  id: 'fgsm-training',
  title: 'FGSM training',
  summary:
    'Trains on pictures that one FGSM step has perturbed within epsilon. Costs one more forward and backward pass a step; needs no boxes.',
  citation:
    'Goodfellow et al. 2015, arXiv 1412.6572, section 6; random start: Wong et al. 2020, arXiv 2001.03994',
  schema: z.object({
    norm: ballNorm,
    eps: radius(grayLevels(8)),
    stepSize: stepSize(1),
    randomStart: randomly(false),
    cleanShare,
    statistics: searchStatistics('batch'),
  }),
  presets: [
    {
      id: 'paper',
      title: 'As in the paper',
      source: 'Goodfellow et al. 2015: half of the loss on plain pictures; epsilon of its MNIST runs',
      params: {
        norm: 'linf',
        eps: 0.25,
        stepSize: 1,
        randomStart: false,
        cleanShare: 0.5,
        statistics: 'batch',
      },
    },
    {
      id: 'fast',
      title: 'Fast, CIFAR-10',
      source:
        'Wong et al. 2020: random start and a step of 10/255; batch statistics of the search counted as in its code',
      params: {
        norm: 'linf',
        eps: grayLevels(8),
        stepSize: 1.25,
        randomStart: true,
        cleanShare: 0,
        statistics: 'batch-counted',
      },
      settings: decayAll,
    },
  ],
  needs: {},
  build: (context, params) => worstCase(context, { steps: 1, ...params }),
});

export const pgdTraining = objective({
  id: 'pgd-training',
  title: 'PGD training',
  summary:
    'Trains on pictures that several PGD steps have perturbed within epsilon. Costs as many more passes as it takes steps; needs no boxes.',
  citation: 'Madry et al. 2018, arXiv 1706.06083',
  schema: z.object({
    norm: ballNorm,
    eps: radius(grayLevels(8)),
    steps: ascentSteps(7),
    stepSize: stepSize(0.25),
    randomStart: randomly(true),
    cleanShare,
    statistics: searchStatistics('batch'),
  }),
  presets: [
    ['cifar-10', 'CIFAR-10', 8, 10, 0.25],
    ['svhn', 'SVHN and Flower', 8, 7, 0.3125],
    ['gtsrb', 'GTSRB', 8, 7, 0.25],
    ['cub', 'CUB', 2, 7, 0.25],
  ].map(([id, data, levels, steps, size]) => ({
    id: String(id),
    title: `${data}, as in the ART paper`,
    source: 'Singh et al. 2020, baseline PGD-n; batch statistics of the search counted as in its code',
    params: {
      norm: 'linf',
      eps: grayLevels(Number(levels)),
      steps: Number(steps),
      stepSize: Number(size),
      randomStart: true,
      cleanShare: 0,
      statistics: 'batch-counted',
    },
    settings: decayAll,
  })),
  needs: {},
  build: worstCase,
});
