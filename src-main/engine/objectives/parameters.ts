// Parameters that several objectives have, said once.

import { z } from 'zod';
import type { PassOptions } from './objective.ts';

/** Weight of a penalty; it rises from zero with the ramp of the run. */
export const penaltyWeight = (usual: number, help: string) =>
  z
    .number()
    .min(0)
    .max(1e6)
    .default(usual)
    .meta({ title: 'Weight', help, role: 'penalty-weight', main: true });

/** Settings of a preset as in a paper: none lets its penalty rise. */
export const noRamp = { lambdaRamp: 0 };

/** Of one whose public code hands all parameters to an optimiser of PyTorch, which decays all of them. */
export const decayAll = { decay: 'all' };
export const asInCode = { ...noRamp, ...decayAll };

/** `levels` of 255 as a share of the pixel range. */
export const grayLevels = (levels: number): number => levels / 255;

/** Radius of the ball that pictures are searched in. */
export const radius = (usual: number) =>
  z.number().min(0).max(100).default(usual).meta({
    title: 'Epsilon',
    help: 'How far a picture may be moved; larger values make the model more robust and less accurate. The Euclidean length of a change is far more than each value of it: 0.5 is usual at 32 px.',
    unit: 'of the pixel range',
    role: 'epsilon',
    main: true,
  });

export const ballNorm = z.enum(['linf', 'l2']).default('linf').meta({
  title: 'Norm',
  help: 'What epsilon bounds: the largest change of any value (linf), or the Euclidean length of the whole change (l2).',
});

/** Each step is one more forward and backward pass in the graph. */
export const ascentSteps = (usual: number) =>
  z.int().min(1).max(20).default(usual).meta({
    title: 'Steps',
    role: 'steps',
    help: 'Steps of the search for the worst picture; each costs about as much as a standard training step.',
    main: true,
  });

export const stepSize = (usual: number) =>
  z.number().min(0.001).max(10).default(usual).meta({
    title: 'Step size',
    help: 'Length of one step as a multiple of epsilon; steps times this should exceed 1.',
    unit: 'epsilon',
  });

type Statistics = 'running' | 'batch' | 'batch-counted';

/** How batch-norm works while pictures are searched. */
export const searchStatistics = (usual: Statistics) =>
  z.enum(['running', 'batch', 'batch-counted']).default(usual).meta({
    title: 'Statistics of the search',
    help: "What batch-norm uses during the search: the running statistics, the batch's, or the batch's that also count for the running ones.",
  });

/** The same as options of a pass. */
export const searchPass = (statistics: Statistics): PassOptions => ({
  mode: statistics === 'running' ? 'eval' : 'train',
  keepStatistics: statistics !== 'batch-counted',
});

/** By what gradients are taken. */
export const gradientUnits = (usual: 'pixels' | 'normalised') =>
  z.enum(['pixels', 'normalised']).default(usual).meta({
    title: 'Input units',
    help: 'Gradients by pixel values of 0 to 1, or by the normalised values that the network sees, which makes them about a fifth.',
  });

export const normPower = (usual: number) =>
  z.int().min(1).max(2).default(usual).meta({
    title: 'Power',
    help: 'The norm itself (1) or its square (2), which spares small gradients.',
  });

export const gradientReduction = z.enum(['per-image', 'batch']).default('per-image').meta({
  title: 'Reduction',
  help: 'Mean over the norms of single pictures, or one norm of the gradient of the mean over the whole batch.',
});
