// A rubber band: what it meets is selected, with Shift besides what is selected already.

import type { Box } from '../../../../src-main/contracts/index.ts';
import { shapesIn } from '../../hit.ts';
import { boxToScreen, type XY } from '../../viewport.ts';
import type { Pointer, State, World } from '../tool.ts';

export function banding(start: Pointer, now: Pointer, next: () => State): State {
  let band = between(start.imagePoint, now.imagePoint);
  let before: ReadonlySet<number> = new Set();

  const take = (world: World) =>
    world.select([...before, ...shapesIn(world.shapes, band).map(({ id }) => id)]);

  return {
    name: 'banding',
    enter(world) {
      before = start.shift ? world.selection : new Set();
      world.hover(null);
      take(world);
    },
    exit: (world) => world.redraw(),
    move(world, { imagePoint }) {
      band = between(start.imagePoint, imagePoint);
      take(world);
      world.redraw();
    },
    up: () => next(),
    cancel(world) {
      world.select(before);
      return next();
    },
    overlay(context, { viewport, palette }) {
      const { x, y, width, height } = boxToScreen(viewport, band);
      context.globalAlpha = 0.12;
      context.fillStyle = palette.none;
      context.fillRect(x, y, width, height);
      context.globalAlpha = 0.75;
      context.strokeStyle = palette.dark;
      context.lineWidth = 3;
      context.strokeRect(x, y, width, height);
      context.globalAlpha = 1;
      context.strokeStyle = palette.none;
      context.lineWidth = 1;
      context.setLineDash([4, 3]);
      context.strokeRect(x, y, width, height);
      context.setLineDash([]);
    },
  };
}

const between = (one: XY, other: XY): Box => ({
  x: Math.min(one.x, other.x),
  y: Math.min(one.y, other.y),
  width: Math.abs(one.x - other.x),
  height: Math.abs(one.y - other.y),
});
