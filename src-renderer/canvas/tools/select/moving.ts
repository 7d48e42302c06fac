// The selected shapes follow the pointer, together and inside the picture. Masks and locked shapes stay.

import type { Shape } from '../../../../src-main/contracts/index.ts';
import { allowedMove, translated, union } from '../../box-edits.ts';
import { bounds } from '../../shapes.ts';
import type { Pointer, State, World } from '../tool.ts';

/** Null if nothing of the selection can move. */
export function moving(world: World, start: Pointer, now: Pointer, next: () => State): State | null {
  const movable = world.shapes.filter(
    (shape) => world.selection.has(shape.id) && !shape.locked && shape.shape.kind !== 'mask',
  );
  const around = union(movable.map(({ shape }) => bounds(shape)));
  if (!around) return null;

  const moved = ({ imagePoint }: Pointer, image: World['image']): Map<number, Shape> => {
    const by = allowedMove(
      around,
      imagePoint.x - start.imagePoint.x,
      imagePoint.y - start.imagePoint.y,
      image,
    );
    if (by.x === 0 && by.y === 0) return new Map();
    return new Map(
      movable.flatMap(({ id, shape }) => {
        const result = translated(shape, by);
        return result ? [[id, result] as const] : [];
      }),
    );
  };

  return {
    name: 'moving',
    enter(inner) {
      inner.cursor('move');
      inner.preview(moved(now, inner.image));
    },
    exit: (inner) => inner.preview(null),
    move: (inner, pointer) => inner.preview(moved(pointer, inner.image)),
    up(inner, pointer) {
      const changes = [...moved(pointer, inner.image)].map(([id, shape]) => ({ id, shape }));
      if (changes.length > 0) inner.change(changes);
      return next();
    },
    cancel: () => next(),
  };
}
