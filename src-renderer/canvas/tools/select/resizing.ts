// One box is pulled by a handle.

import type { Box } from '../../../../src-main/contracts/index.ts';
import { resized, type HandleName } from '../../box-edits.ts';
import type { State } from '../tool.ts';
import { handleCursors } from './handles.ts';

export function resizing(id: number, box: Box, handle: HandleName, next: () => State): State {
  return {
    name: 'resizing',
    enter: (world) => world.cursor(handleCursors[handle]),
    exit: (world) => world.preview(null),
    move(world, { imagePoint }) {
      world.preview(
        new Map([[id, { kind: 'box' as const, box: resized(box, handle, imagePoint, world.image) }]]),
      );
    },
    up(world, { imagePoint }) {
      const after = resized(box, handle, imagePoint, world.image);
      const same =
        after.x === box.x && after.y === box.y && after.width === box.width && after.height === box.height;
      if (!same) world.change([{ id, shape: { kind: 'box', box: after } }]);
      return next();
    },
    cancel: () => next(),
  };
}
