// A stroke. While it is drawn nothing but its way is kept; the mask is made once, on release, from run lengths.

import type { Shape } from '../../../../src-main/contracts/index.ts';
import { combined, isEmpty, strokeMask } from '../../mask-runs.ts';
import { bounds, type CanvasShape } from '../../shapes.ts';
import type { XY } from '../../viewport.ts';
import type { Pointer, State, World } from '../tool.ts';
import type { BrushSize } from './size.ts';
import { drawStroke } from './stroke.ts';

/** The smallest share of the size that a pen without pressure paints. */
const LIGHTEST = 0.2;

export function painting(
  start: World,
  first: Pointer,
  size: BrushSize,
  erases: boolean,
  next: () => State,
): State {
  const way: XY[] = [first.imagePoint];
  const widths: number[] = [widthOf(first, size)];
  const target = targetOf(start);
  return {
    name: 'painting',
    enter: (world) => world.redraw(),
    exit: (world) => world.redraw(),
    move(world, pointer) {
      const trail = pointer.trail ?? [pointer.imagePoint];
      for (const point of trail) {
        way.push(point);
        widths.push(widthOf(pointer, size));
      }
      world.redraw();
    },
    up(world, { imagePoint }) {
      const last = way.at(-1)!;
      if (last.x !== imagePoint.x || last.y !== imagePoint.y) {
        way.push(imagePoint);
        widths.push(widths.at(-1)!);
      }
      const stroke = strokeMask(way, widths, world.image);
      if (isEmpty(stroke)) return next();
      if (erases) erase(world, stroke);
      else if (target) change(world, target, combined(target.rle, stroke, 'union'));
      else world.add({ kind: 'mask', rle: stroke });
      return next();
    },
    cancel: () => next(),
    overlay: (context, view) => drawStroke(context, view, way, widths, erases),
  };
}

const widthOf = ({ pressure }: Pointer, { px }: BrushSize): number =>
  pressure === undefined ? px : px * Math.max(LIGHTEST, pressure);

type Rle = Extract<Shape, { kind: 'mask' }>['rle'];
interface Mask {
  id: number;
  rle: Rle;
}

const maskOf = ({ id, shape, locked }: CanvasShape): Mask | null =>
  shape.kind === 'mask' && !locked ? { id, rle: shape.rle } : null;

/** The one selected mask. */
function targetOf({ shapes, selection }: World): Mask | null {
  if (selection.size !== 1) return null;
  const selected = shapes.find(({ id }) => selection.has(id));
  return selected ? maskOf(selected) : null;
}

/** Of the selected masks; with none selected, of every mask that the stroke meets. */
function erase(world: World, stroke: Rle): void {
  const around = bounds({ kind: 'mask', rle: stroke });
  const selected = world.shapes.filter(({ id, shape }) => world.selection.has(id) && shape.kind === 'mask');
  const changes: { id: number; shape: Shape }[] = [];
  const gone: number[] = [];
  for (const shape of selected.length > 0 ? selected : world.shapes) {
    const mask = maskOf(shape);
    const box = bounds(shape.shape);
    const isNear =
      box.x < around.x + around.width &&
      around.x < box.x + box.width &&
      box.y < around.y + around.height &&
      around.y < box.y + box.height;
    if (!mask || !isNear || isEmpty(combined(mask.rle, stroke, 'intersect'))) continue;
    const rle = combined(mask.rle, stroke, 'subtract');
    if (isEmpty(rle)) gone.push(mask.id);
    else changes.push({ id: mask.id, shape: { kind: 'mask', rle } });
  }
  if (changes.length > 0) world.change(changes);
  // A mask of which nothing is left is no shape.
  if (gone.length > 0) world.remove(gone);
}

function change(world: World, { id, rle: before }: Mask, rle: Rle): void {
  if (!isEmpty(combined(rle, before, 'subtract'))) world.change([{ id, shape: { kind: 'mask', rle } }]);
}
