// The attacks Fovea can measure robustness with. A new one is a new file and a line here.

import type { MethodInfo } from '../../contracts/methods.ts';
import { describe, findById } from '../nn/registry.ts';
import type { Attack } from './attack.ts';
import { fgsm } from './fgsm.ts';

export type { Attack, AttackContext } from './attack.ts';

export const attacks: readonly Attack[] = [fgsm];

export const attackById = (id: string): Attack => findById('attack', attacks, id);

export const attackInfos = (): MethodInfo[] => describe(attacks);
