// A shape as the canvas needs it, and what is worth keeping about each: bounds and path.

import { boundsOf, type Box, type Shape } from '../../src-main/contracts/geometry.ts';
import { areaOf, eachRun, outlineEdges } from './masks.ts';

export interface CanvasShape {
  id: number;
  shape: Shape;
  /** 1-based place of its class, which gives the colour; null without class. */
  position: number | null;
  /** "1 Abyssinian"; empty without class. */
  label: string;
  locked: boolean;
}

const nothing: Box = { x: 0, y: 0, width: 0, height: 0 };
const boundsKept = new WeakMap<Shape, Box>();
const pathKept = new WeakMap<Shape, Path2D | null>();
const labelKept = new WeakMap<Shape, { x: number; y: number }>();
const areaKept = new WeakMap<Shape, number>();

function kept<Value>(store: WeakMap<Shape, Value>, shape: Shape, make: () => Value): Value {
  const known = store.get(shape);
  if (known !== undefined) return known;
  const made = make();
  store.set(shape, made);
  return made;
}

export function bounds(shape: Shape): Box {
  if (shape.kind === 'box') return shape.box;
  return kept(boundsKept, shape, () => boundsOf(shape) ?? nothing);
}

/** Outline in the image frame; null for boxes, and for masks too ragged to outline. */
export function path(shape: Shape): Path2D | null {
  if (shape.kind === 'box') return null;
  return kept(pathKept, shape, () => {
    const result = new Path2D();
    if (shape.kind === 'polygon') {
      for (const ring of shape.rings) {
        ring.forEach(([x, y], index) => (index === 0 ? result.moveTo(x, y) : result.lineTo(x, y)));
        result.closePath();
      }
      return result;
    }
    const edges = outlineEdges(shape.rle);
    if (!edges) return null;
    for (let at = 0; at < edges.length; at += 4) {
      result.moveTo(edges[at]!, edges[at + 1]!);
      result.lineTo(edges[at + 2]!, edges[at + 3]!);
    }
    return result;
  });
}

/** Where the label goes: the corner of a box, the topmost point of anything else. */
export function labelPoint(shape: Shape): { x: number; y: number } {
  if (shape.kind === 'box') return shape.box;
  return kept(labelKept, shape, () => {
    const { y } = bounds(shape);
    if (shape.kind === 'polygon') {
      const top = shape.rings.flat().find((point) => point[1] === y);
      return { x: top?.[0] ?? 0, y };
    }
    let x = -1;
    eachRun(shape.rle, (column, first) => {
      if (x < 0 && first === y) x = column;
    });
    return { x: Math.max(0, x), y };
  });
}

/** In pixels of the picture; of a polygon the even-odd area of its rings taken as disjoint or nested. */
export function area(shape: Shape): number {
  if (shape.kind === 'box') return shape.box.width * shape.box.height;
  return kept(areaKept, shape, () => {
    if (shape.kind === 'mask') return areaOf(shape.rle);
    let sum = 0;
    for (const ring of shape.rings) {
      let twice = 0;
      ring.forEach(([x, y], index) => {
        const [nextX, nextY] = ring[(index + 1) % ring.length]!;
        twice += x * nextY - nextX * y;
      });
      sum += Math.abs(twice) / 2;
    }
    return sum;
  });
}
