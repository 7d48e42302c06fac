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
    case 'momentum':
    case 'nesterov':
      return settings['optimiser'] === 'sgd';
    case 'beta1':
    case 'beta2':
    case 'epsilon':
      return settings['optimiser'] !== 'sgd';
    case 'softplusBeta':
      return settings['activation'] === 'softplus';
    case 'adlDropRate':
    case 'adlThreshold':
      return settings['adl'] === true;
    default:
      return true;
  }
}
