// How learning rate and penalty weights change over a run, as plain functions of the position in it. The position
// `epoch` is fractional and counts finished work: 0 before the first step, 1 after the first epoch.

export interface LearningRateSettings {
  schedule: 'cosine' | 'step' | 'constant' | 'one-cycle';
  /** At its highest. */
  learningRate: number;
  /** It rises linearly from zero over this many epochs; 'one-cycle' has a rise of its own instead. */
  warmUpEpochs: number;
  /** 'step': epochs between two drops, counted from the start of the run, and the factor of a drop. */
  stepEpochs: number;
  stepFactor: number;
}

/** 'one-cycle': share of the steps in which it rises, what it begins at and what it ends at, as shares of the highest. */
const rise = 0.3;
const cycleStart = 1 / 25;
const cycleEnd = cycleStart / 1e4;

/**
 * @param epochs  length of the run; the cosine reaches zero there
 * @param steps   of one epoch; only 'one-cycle' asks, whose ends lie on the first and on the last step
 */
export function learningRateAt(
  epoch: number,
  epochs: number,
  settings: LearningRateSettings,
  steps: number,
): number {
  const { schedule, learningRate, warmUpEpochs, stepEpochs, stepFactor } = settings;
  if (schedule === 'one-cycle') return learningRate * oneCycle(Math.round(epoch * steps), epochs * steps);
  if (epoch < warmUpEpochs) return (learningRate * epoch) / warmUpEpochs;
  switch (schedule) {
    case 'constant':
      return learningRate;
    case 'step':
      return learningRate * stepFactor ** Math.floor(epoch / stepEpochs);
    case 'cosine': {
      const share = epochs > warmUpEpochs ? (epoch - warmUpEpochs) / (epochs - warmUpEpochs) : 1;
      return (learningRate * (1 + Math.cos(Math.PI * Math.min(1, share)))) / 2;
    }
  }
}

/** One cycle (Smith & Topin 2018) with cosine slopes, as PyTorch's OneCycleLR by default. */
function oneCycle(step: number, steps: number, [start, middle, end] = [cycleStart, 1, cycleEnd]): number {
  const top = rise * steps - 1;
  const between = (from: number, to: number, share: number): number =>
    to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
  if (step <= top) return between(start, middle, top > 0 ? step / top : 1);
  return between(middle, end, Math.min(1, (step - top) / (steps - 1 - top)));
}

/** 'one-cycle': momentum at both ends and at the highest learning rate, PyTorch's defaults. */
const [endMomentum, topMomentum] = [0.95, 0.85];

/** Momentum of a cycle, see `learningRateAt`. */
export const cycledMomentumAt = (epoch: number, epochs: number, steps: number): number =>
  oneCycle(Math.round(epoch * steps), epochs * steps, [endMomentum, topMomentum, endMomentum]);

/**
 * Factor on the penalty weights: linear from 0 to 1 over the first `lambdaRamp` (0 … 1) of the run, then 1.
 * Full penalties at once keep a fresh network from learning anything.
 */
export function rampAt(epoch: number, epochs: number, lambdaRamp: number): number {
  const rampEpochs = lambdaRamp * epochs;
  return rampEpochs > 0 ? Math.min(1, epoch / rampEpochs) : 1;
}
