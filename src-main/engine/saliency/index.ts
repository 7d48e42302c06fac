// The saliency methods Fovea can show. A new one is a new file and a line here.

import type { MethodInfo } from '../../contracts/methods.ts';
import { describe, findById } from '../nn/registry.ts';
import { gradCam } from './grad-cam.ts';
import { inputGradient } from './input-gradient.ts';
import type { SaliencyMethod } from './saliency.ts';

export type { SaliencyContext, SaliencyMethod } from './saliency.ts';

// Parameters reach `build` through `checkParams` only, which gives exactly what the schema says.
export const saliencyMethods = [inputGradient, gradCam] as unknown as readonly SaliencyMethod[];

export const saliencyById = (id: string): SaliencyMethod => findById('saliency method', saliencyMethods, id);

export const saliencyInfos = (): MethodInfo[] => describe(saliencyMethods);
