// The handles of the one selected box: which lies under the pointer, and the cursor that tells its way.

import type { Box } from '../../../../src-main/contracts/index.ts';
import type { HandleName } from '../../box-edits.ts';
import { handleAt } from '../../hit.ts';
import type { Pointer, World } from '../tool.ts';

export const handleCursors: Record<HandleName, string> = {
  nw: 'nwse-resize',
  se: 'nwse-resize',
  ne: 'nesw-resize',
  sw: 'nesw-resize',
  n: 'ns-resize',
  s: 'ns-resize',
  e: 'ew-resize',
  w: 'ew-resize',
};

/** The handle of the one selected box under the pointer; null with none or several selected, or locked. */
export function handleUnder(
  world: World,
  { screenPoint }: Pointer,
  sizePx?: number,
): { id: number; box: Box; handle: HandleName } | null {
  if (world.selection.size !== 1) return null;
  const selected = world.shapes.find((shape) => world.selection.has(shape.id));
  if (!selected || selected.locked || selected.shape.kind !== 'box') return null;
  const { box } = selected.shape;
  const handle = handleAt(world.viewport, box, screenPoint, sizePx);
  return handle && { id: selected.id, box, handle };
}
