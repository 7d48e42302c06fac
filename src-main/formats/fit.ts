// Annotations meet the real picture: what reaches outside is cut off, what has no area or lies outside is
// left out, and each is said. Called once a picture's true size is known.

import { boundsOf, type Box, type Point, type Shape } from '../contracts/geometry.ts';
import type { ImportWarning } from '../contracts/imports.ts';
import {
  areaOfRle,
  checkRle,
  swapsSides,
  turnBox,
  turnMask,
  turnPoint,
  unionOfPolygons,
  type Orientation,
} from '../imaging/index.ts';
import type { FittedAnnotation, ImportedImage, ImportedShape } from '../contracts/imported.ts';

/**
 * @param widthPx, heightPx  of the upright picture
 * @param orientation        by which the file's raster was turned to stand upright
 * @returns the annotations that stay, turned and clipped, and a warning for each that was clipped (`clipped-box`) or
 *          left out (`dropped-box`); where the file declares a size that is neither the upright picture's nor its stored
 *          raster's, nobody knows where its shapes lie, so none stays (`size-differs`)
 */
export function fitToImage(
  image: ImportedImage,
  widthPx: number,
  heightPx: number,
  orientation: Orientation = 1,
): { annotations: FittedAnnotation[]; warnings: ImportWarning[] } {
  const warnings: ImportWarning[] = [];
  const warn = (code: string, message: string) =>
    warnings.push({ code, file: image.relativePath, message: `${image.recordPlace.file}, ${message}` });
  const [storedWidth, storedHeight] = swapsSides(orientation) ? [heightPx, widthPx] : [widthPx, heightPx];
  const isUpright = (size: Size) => size.widthPx === widthPx && size.heightPx === heightPx;
  const isStored = (size: Size) => size.widthPx === storedWidth && size.heightPx === storedHeight;
  const declared = image.declaredSize;
  if (declared && !isUpright(declared) && !isStored(declared)) {
    const shapes = image.annotations.length;
    warn(
      'size-differs',
      `${image.recordPlace.place}: the size is given as ${declared.widthPx} x ${declared.heightPx}, the picture has ${widthPx} x ${heightPx}` +
        (shapes === 0 ? '' : `; its ${shapes} ${shapes === 1 ? 'shape is' : 'shapes are'} left out`),
    );
    return { annotations: [], warnings };
  }
  const annotations: FittedAnnotation[] = [];
  for (const { shape: given, unit, ...annotation } of image.annotations) {
    const isShare = unit === 'share';
    const drawn = isShare ? scaled(given, widthPx, heightPx) : given;
    // A mask says its own size.
    const size = sizeOf(drawn) ?? declared;
    const isTurned = !isShare && size !== null && !isUpright(size) && isStored(size);
    const upright = isTurned ? turned(drawn, orientation, storedWidth, storedHeight) : drawn;
    const { shape, problem } = fitShape(upright, widthPx, heightPx);
    if (problem !== null)
      warn(
        shape === null ? 'dropped-box' : 'clipped-box',
        `${annotation.place}: ${describe(drawn)} ${problem}`,
      );
    if (shape !== null) annotations.push({ ...annotation, shape });
  }
  return { annotations, warnings };
}

type Size = NonNullable<ImportedImage['declaredSize']>;

const sizeOf = (shape: ImportedShape): Size | null =>
  shape.kind === 'mask' ? { widthPx: shape.rle.width, heightPx: shape.rle.height } : null;

/** From shares of the picture to its pixels. */
function scaled(shape: ImportedShape, widthPx: number, heightPx: number): ImportedShape {
  if (shape.kind === 'mask') return shape;
  if (shape.kind === 'box') {
    const { x, y, width, height } = shape.box;
    return {
      kind: 'box',
      box: { x: x * widthPx, y: y * heightPx, width: width * widthPx, height: height * heightPx },
    };
  }
  const rings = shape.rings.map((ring) => ring.map(([x, y]): Point => [x * widthPx, y * heightPx]));
  return { kind: shape.kind, rings };
}

/** @param widthPx, heightPx  of the stored raster */
function turned(
  shape: ImportedShape,
  orientation: Orientation,
  widthPx: number,
  heightPx: number,
): ImportedShape {
  if (shape.kind === 'box') return { kind: 'box', box: turnBox(shape.box, orientation, widthPx, heightPx) };
  if (shape.kind === 'mask') return { kind: 'mask', rle: turnMask(shape.rle, orientation) };
  const rings = shape.rings.map((ring) =>
    ring.map((point) => turnPoint(point, orientation, widthPx, heightPx)),
  );
  return { kind: shape.kind, rings };
}

/** A coordinate that is off by less than this, in pixels, comes from rounding and is clipped in silence. */
const rounding = 0.01;

/** @returns the part of a shape inside the picture (null if none) and what was wrong with it (null if nothing) */
export function fitShape(
  shape: ImportedShape,
  widthPx: number,
  heightPx: number,
): { shape: Shape | null; problem: string | null } {
  if (shape.kind === 'mask') return fitMask(shape, widthPx, heightPx);
  if (shape.kind === 'parts') return fitParts(shape.rings, widthPx, heightPx);
  if (shape.kind === 'box') return fitBox(shape.box, widthPx, heightPx);
  return fitPolygon(shape.rings, widthPx, heightPx);
}

function fitBox(box: Box, widthPx: number, heightPx: number) {
  if (!(box.width > 0) || !(box.height > 0)) return { shape: null, problem: 'has no area and is left out' };
  const left = clamp(box.x, widthPx);
  const top = clamp(box.y, heightPx);
  const right = clamp(box.x + box.width, widthPx);
  const bottom = clamp(box.y + box.height, heightPx);
  if (right <= left || bottom <= top)
    return { shape: null, problem: `lies outside the picture (${widthPx} x ${heightPx}) and is left out` };
  const cut = Math.max(left - box.x, top - box.y, box.x + box.width - right, box.y + box.height - bottom);
  const fitted = { x: left, y: top, width: right - left, height: bottom - top };
  return {
    shape: { kind: 'box' as const, box: cut > 0 ? fitted : box },
    problem: cut > rounding ? `reaches outside the picture (${widthPx} x ${heightPx}) and is cut off` : null,
  };
}

function fitPolygon(rings: Point[][], widthPx: number, heightPx: number) {
  const { x: left, y: top, width, height } = boundsOf({ kind: 'polygon', rings })!;
  const [right, bottom] = [left + width, top + height];
  if (right <= left || bottom <= top) return { shape: null, problem: 'has no area and is left out' };
  if (right <= 0 || bottom <= 0 || left >= widthPx || top >= heightPx)
    return { shape: null, problem: `lies outside the picture (${widthPx} x ${heightPx}) and is left out` };
  const cut = Math.max(-left, -top, right - widthPx, bottom - heightPx);
  if (cut <= 0) return { shape: { kind: 'polygon' as const, rings }, problem: null };
  const clipped = rings.map((ring) => clipRing(ring, widthPx, heightPx)).filter((ring) => ring.length >= 3);
  if (clipped.length === 0)
    return { shape: null, problem: `lies outside the picture (${widthPx} x ${heightPx}) and is left out` };
  return {
    shape: { kind: 'polygon' as const, rings: clipped },
    problem: cut > rounding ? `reaches outside the picture (${widthPx} x ${heightPx}) and is cut off` : null,
  };
}

/** Our polygons are even-odd: parts that overlap would leave holes, so such an object becomes a mask. */
function fitParts(rings: Point[][], widthPx: number, heightPx: number) {
  const fitted = fitPolygon(rings, widthPx, heightPx);
  if (fitted.shape === null || rings.length === 1) return fitted;
  const union = unionOfPolygons(rings, widthPx, heightPx);
  if (union === null)
    return { shape: null, problem: 'crosses the picture too many times to be drawn and is left out' };
  if (!union.overlaps) return fitted;
  return { shape: { kind: 'mask' as const, rle: union.rle }, problem: fitted.problem };
}

function fitMask(shape: Shape & { kind: 'mask' }, widthPx: number, heightPx: number) {
  const { rle } = shape;
  if (rle.width !== widthPx || rle.height !== heightPx)
    return {
      shape: null,
      problem: `is for a picture of ${rle.width} x ${rle.height}, this one has ${widthPx} x ${heightPx}; it is left out`,
    };
  checkRle(rle);
  if (areaOfRle(rle) === 0) return { shape: null, problem: 'has no area and is left out' };
  return { shape, problem: null };
}

/** Sutherland and Hodgman against the picture's four edges (1974). */
function clipRing(ring: Point[], widthPx: number, heightPx: number): Point[] {
  const cutAt = (points: Point[], axis: 0 | 1, limit: number, sign: 1 | -1): Point[] => {
    const kept: Point[] = [];
    points.forEach((to, i) => {
      const from = points[(i + points.length - 1) % points.length];
      const fromIn = sign * (limit - from[axis]) >= 0;
      const toIn = sign * (limit - to[axis]) >= 0;
      if (fromIn !== toIn) {
        const t = (limit - from[axis]) / (to[axis] - from[axis]);
        const crossing: Point = [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])];
        crossing[axis] = limit;
        kept.push(crossing);
      }
      if (toIn) kept.push(to);
    });
    return kept;
  };
  let points = cutAt(ring, 0, 0, -1);
  points = cutAt(points, 0, widthPx, 1);
  points = cutAt(points, 1, 0, -1);
  return cutAt(points, 1, heightPx, 1);
}

const clamp = (value: number, limit: number) => Math.min(limit, Math.max(0, value));

function describe(shape: ImportedShape): string {
  if (shape.kind === 'polygon' || shape.kind === 'parts') return 'the polygon';
  if (shape.kind === 'mask') return 'the mask';
  const { x, y, width, height } = shape.box;
  const short = (value: number) => String(Math.round(value * 100) / 100);
  return `the box at ${short(x)}, ${short(y)} of ${short(width)} x ${short(height)}`;
}
