// The heat maps that Inspect and Compare share: decoded once, so that going back to a picture is at once.

import { call } from '../../bridge/bridge.ts';
import { decodeHeat, type Heat } from '../../canvas/heat-values.ts';
import type { HeatMap, MapRequest } from '../../../src-main/contracts/runs.ts';
import { HeatRequests } from './heat-requests.ts';

export interface Explained extends Omit<HeatMap, 'values' | 'widthPx' | 'heightPx'> {
  heat: Heat;
  /** Address of the perturbed picture; null without an attack. */
  picture: string | null;
}
/** `eps` is the attack's strength as a fraction of the full range; 0 for none. `project` keeps projects apart. */
export type ExplainRequest = MapRequest & { eps: number; project: string };

export const heatMaps = new HeatRequests<ExplainRequest, Explained>(
  async ({ eps, project: _project, ...request }) => {
    if (eps === 0) return explained(await call('explanations.map', request), null);
    const { map, picture } = await call('explanations.attack', { ...request, eps });
    return explained(map, picture.startsWith('data:') ? picture : `data:image/png;base64,${picture}`);
  },
  ({ heat, picture }) => heat.values.byteLength + (picture?.length ?? 0),
);

function explained(map: HeatMap, picture: string | null): Explained {
  return { ...map, heat: decodeHeat(map), picture };
}
