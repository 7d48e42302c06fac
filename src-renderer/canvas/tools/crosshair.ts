// Lines over the whole canvas that cross at the pointer, for tools that set corners.

import { drawCrosshair } from '../draw.ts';
import type { State } from './tool.ts';

export const crosshair: State['overlay'] = (context, { at, canvas, palette }) => {
  if (at) drawCrosshair(context, at, canvas, palette);
};
