// The saliency methods Fovea can show. A new one is a new file and a line here.

import type { SaliencyInfo } from '../../contracts/methods.ts';
import { describe, findById } from '../nn/registry.ts';
import { cam } from './cam.ts';
import { cmwp } from './cmwp.ts';
import { expectedGradients } from './expected-gradients.ts';
import { fullGrad } from './fullgrad.ts';
import { gradCam } from './grad-cam.ts';
import { gradCamPlusPlus } from './grad-cam-plus-plus.ts';
import { gradientXInput } from './gradient-x-input.ts';
import { gradshap } from './gradshap.ts';
import { guidedBackprop } from './guided-backprop.ts';
import { hiResCam } from './hirescam.ts';
import { inputGradient } from './input-gradient.ts';
import { integratedGradients } from './integrated-gradients.ts';
import { layerCam } from './layercam.ts';
import { occlusion } from './occlusion.ts';
import { rise } from './rise.ts';
import type { SaliencyMethod } from './saliency.ts';
import { smoothgrad } from './smoothgrad.ts';

export type { Samples, SampledMethod, SinglePassMethod, SaliencyMethod } from './saliency.ts';

/**
 * Raise it with every change of what a method gives for the same network, picture and parameters, or of what is said
 * of its map: maps that were kept before are then made anew.
 */
export const mapsVersion = 2;

// Parameters reach a method through `checkParams` only, which gives exactly what the schema says.
export const saliencyMethods = [
  inputGradient,
  gradientXInput,
  integratedGradients,
  smoothgrad,
  gradCam,
  gradCamPlusPlus,
  hiResCam,
  layerCam,
  cam,
  gradshap,
  expectedGradients,
  fullGrad,
  cmwp,
  guidedBackprop,
  occlusion,
  rise,
] as unknown as readonly SaliencyMethod[];

export const saliencyById = (id: string): SaliencyMethod => findById('saliency method', saliencyMethods, id);

export const saliencyInfos = (): SaliencyInfo[] =>
  describe(saliencyMethods).map((info, i) => ({
    ...info,
    passes: 'samples' in saliencyMethods[i] ? 'many' : 'one',
  }));
