// The attacks Fovea can measure robustness with. A new one is a new file and a line here.

import type { AttackInfo } from '../../contracts/methods.ts';
import { checkParams, describe, findById } from '../nn/registry.ts';
import { apgdCe, apgdDlr } from './apgd.ts';
import type { Attack } from './attack.ts';
import { autoattack } from './autoattack.ts';
import { cwL2 } from './cw-l2.ts';
import { deepfool } from './deepfool.ts';
import { fab } from './fab.ts';
import { fgsm } from './fgsm.ts';
import { ifiaCentre, ifiaTopK } from './ifia.ts';
import { mim } from './mim.ts';
import { pgd } from './pgd.ts';
import { randomSign } from './random-sign.ts';
import { spatial } from './spatial.ts';
import { spsa } from './spsa.ts';
import { square } from './square.ts';
import { targetedExplanation, targetedMass } from './targeted-explanation.ts';

export type { Attack, AttackTarget, Norm } from './attack.ts';
export { heatAimedAt, attributionSimilarity } from './attribution-similarity.ts';
export { logitsOf, lowest } from './queries.ts';
export { put, take } from './rows.ts';

// Parameters reach `run` through `checkParams` only, which gives exactly what the schema says.
export const attacks = [
  ...[fgsm, pgd, mim, deepfool, cwL2, spsa, spatial],
  ...[apgdCe, apgdDlr, fab, square, autoattack],
  ...[ifiaTopK, ifiaCentre, randomSign, targetedExplanation, targetedMass],
] as unknown as readonly Attack[];

export const attackById = (id: string): Attack => findById('attack', attacks, id);

export const attackInfos = (): AttackInfo[] =>
  describe(attacks).map((info, i) => ({
    ...info,
    aim: attacks[i].aim,
    norm: attacks[i].norm(checkParams(attacks[i], {})),
  }));
