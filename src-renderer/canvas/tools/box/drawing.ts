// One corner is set. A drag ends where the button is let go; a click waits for a second click, since
// holding a button hurts.

import { boxBetween } from '../../box-edits.ts';
import { crosshair } from '../crosshair.ts';
import { hasMoved, type Pointer, type State, type World } from '../tool.ts';

export function drawing(start: Pointer, next: () => State): State {
  let clicked = false;

  const finish = (world: World, pointer: Pointer): State => {
    const box = boxBetween(start.imagePoint, pointer.imagePoint, world.image);
    if (box.width > 0 && box.height > 0) world.add({ kind: 'box', box });
    return next();
  };

  return {
    name: 'drawing',
    overlay: crosshair,
    enter: (world) => world.select([]),
    exit: (world) => world.draft(null),
    move: (world, pointer) =>
      world.draft({ kind: 'box', box: boxBetween(start.imagePoint, pointer.imagePoint, world.image) }),
    up(world, pointer) {
      if (hasMoved(start.screenPoint, pointer.screenPoint)) return finish(world, pointer);
      clicked = true;
    },
    down(world, pointer) {
      // The second click; its own release comes while the tool rests again and means nothing there.
      if (clicked && hasMoved(start.screenPoint, pointer.screenPoint)) return finish(world, pointer);
    },
    cancel: () => next(),
  };
}
