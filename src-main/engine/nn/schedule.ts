// How learning rate and penalty weights change over a run, as plain functions of the position in it. The position
// `epoch` is fractional and counts finished work: 0 before the first step, 1 after the first epoch.

export interface LearningRateSettings {
  schedule: 'cosine' | 'step' | 'constant';
  /** At its highest. */
  learningRate: number;
  /** It rises linearly from zero over this many epochs. */
  warmUpEpochs: number;
  /** 'step': epochs between two drops, counted from the start of the run, and the factor of a drop. */
  stepEpochs: number;
  stepFactor: number;
}

/** @param epochs length of the run; the cosine reaches zero there */
export function learningRateAt(epoch: number, epochs: number, settings: LearningRateSettings): number {
  const { schedule, learningRate, warmUpEpochs, stepEpochs, stepFactor } = settings;
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

/**
 * Factor on the penalty weights: linear from 0 to 1 over the first `lambdaRamp` (0 … 1) of the run, then 1.
 * Full penalties at once keep a fresh network from learning anything.
 */
export function rampAt(epoch: number, epochs: number, lambdaRamp: number): number {
  const rampEpochs = lambdaRamp * epochs;
  return rampEpochs > 0 ? Math.min(1, epoch / rampEpochs) : 1;
}
