// Parameters that several attacks share, so that they read the same in every form.

import { z } from 'zod';

export const normField = z.enum(['linf', 'l2']).default('linf').meta({
  title: 'Norm',
  help: 'What epsilon bounds: the largest change of any value (linf), or the Euclidean length of the whole change (l2).',
  main: true,
});

export const stepsField = (usual: number) =>
  z.int().min(1).max(10_000).default(usual).meta({
    title: 'Steps',
    role: 'steps',
    help: 'Steps of one attempt; more find more, and cost as much more.',
    main: true,
  });

/** As a share of epsilon, so that one choice serves a whole curve. */
export const stepField = (usual: number) =>
  z.number().min(0.001).max(10).default(usual).meta({
    title: 'Step size',
    help: 'Size of one step as a multiple of epsilon.',
    unit: 'epsilon',
  });

export const restartsField = (usual = 1) =>
  z.int().min(1).max(1000).default(usual).meta({
    title: 'Attempts',
    help: 'Attempts with a new random start, each on the pictures that are still classified correctly.',
  });

export const targetsField = z.int().min(0).max(1000).default(9).meta({
  title: 'Target classes',
  help: 'How many of the likeliest wrong classes are aimed at in turn; 0 aims at any wrong class at once.',
});
