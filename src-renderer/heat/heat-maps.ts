// The heat maps that Inspect and Compare share: decoded once, so that going back to a picture is at once.

import { call } from '../bridge/bridge.ts';
import { decodeHeat, type Heat } from './heat-values.ts';
import type { AttackedMap, HeatMap, MapRequest, ParamValue, RunId } from '../../src-main/contracts/index.ts';
import { HeatRequests } from './heat-requests.ts';

export interface Explained extends Omit<HeatMap, 'values' | 'widthPx' | 'heightPx'> {
  heat: Heat;
  /** The perturbed picture, `picture` its address, and what became of it; null without an attack. */
  attacked: Omit<AttackedMap, 'map'> | null;
}
/** `eps` is how far the attack may go, the pixel range being 1; 0 for none. `project` keeps projects apart. */
export type ExplainRequest = MapRequest & {
  eps: number;
  attack?: string;
  attackParams?: Record<string, ParamValue>;
  /** The run whose network the picture is made with, if another. */
  from?: RunId;
  project: string;
};

export const heatMaps = new HeatRequests<ExplainRequest, Explained>(
  async ({ eps, project: _project, ...request }, signal) => {
    if (eps === 0) return explained(await call('explanations.map', request, signal), null);
    const { map, ...attacked } = await call('explanations.attack', { ...request, eps }, signal);
    return explained(map, attacked);
  },
  ({ heat, attacked }) => heat.values.byteLength + (attacked?.picture.length ?? 0),
);

function explained(map: HeatMap, attacked: Explained['attacked']): Explained {
  return { ...map, heat: decodeHeat(map), attacked };
}
