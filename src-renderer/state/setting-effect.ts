// Which settings of a run have an effect: one that another leaves without any is neither asked for nor listed.

import type { ParamField, ParamValue } from '../../src-main/contracts/index.ts';

/** Whether the other settings leave this one with an effect. */
export function applies({ name }: ParamField, settings: Record<string, ParamValue>): boolean {
  switch (name) {
    case 'outsideProbability':
      return settings['outside'] !== 'none';
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

const cyclesMomentum = (settings: Record<string, ParamValue>): boolean =>
  settings['schedule'] === 'one-cycle' && settings['cycleMomentum'] === true;
