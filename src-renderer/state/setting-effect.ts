// Which settings of a run have an effect: one that another leaves without any is neither asked for nor listed.

import type { ParamField, ParamValue } from '../../src-main/contracts/index.ts';

/** Whether the other settings leave this one with an effect. */
export function applies({ name }: ParamField, settings: Record<string, ParamValue>): boolean {
  if (settings['backbone'] === 'frozen' && ofSteps.has(name)) return false;
  switch (name) {
    case 'outsideProbability':
      return settings['outside'] !== 'none';
    case 'swappedCopies':
      return settings['outside'] === 'swap' && solvesHead(settings);
    case 'headL2':
      return solvesHead(settings);
    case 'stepEpochs':
    case 'stepFactor':
      return settings['schedule'] === 'step';
    case 'warmUpEpochs':
      return settings['schedule'] !== 'one-cycle';
    case 'cycleMomentum':
      return settings['schedule'] === 'one-cycle';
    case 'momentum':
      return settings['optimiser'] === 'sgd' && !cyclesMomentum(settings);
    case 'nesterov':
      return settings['optimiser'] === 'sgd';
    case 'decay':
      return settings['weightDecay'] !== 0;
    case 'beta1':
      return settings['optimiser'] !== 'sgd' && !cyclesMomentum(settings);
    case 'beta2':
    case 'epsilon':
      return settings['optimiser'] !== 'sgd';
    case 'softplusBeta':
      return settings['activation'] === 'softplus';
    case 'smoothWidth':
      return settings['activation'] === 'smooth-relu';
    case 'adlDropRate':
    case 'adlThreshold':
      return settings['adl'] === true;
    default:
      return true;
  }
}

const solvesHead = (settings: Record<string, ParamValue>): boolean =>
  settings['backbone'] === 'frozen' || settings['headFirst'] === true;

/** Settings of training by steps, which a frozen backbone has none of. */
const ofSteps = new Set([
  'batchNorm',
  'dropout',
  'adl',
  'adlDropRate',
  'adlThreshold',
  'learningRate',
  'optimiser',
  'momentum',
  'nesterov',
  'beta1',
  'beta2',
  'epsilon',
  'weightDecay',
  'decay',
  'clipNorm',
  'headRate',
  'headFirst',
  'freeze',
  'schedule',
  'cycleMomentum',
  'warmUpEpochs',
  'stepEpochs',
  'stepFactor',
  'labelSmoothing',
  'averageDecay',
  'accumulate',
  'convolutions',
  'lambdaRamp',
  'outsideProbability',
  'shift',
  'patienceEpochs',
]);

const cyclesMomentum = (settings: Record<string, ParamValue>): boolean =>
  settings['schedule'] === 'one-cycle' && settings['cycleMomentum'] === true;
