// How shapes look. Line widths are screen pixels at any zoom: 1.5 px class colour on a 3.5 px dark casing.
// Each box is a strokeRect with mitred corners. One path for all boxes of a colour looks cheaper and is not:
// 2,000 boxes took 350 ms to rasterise that way without a GPU, and 15 ms box by box.

import type { Box, Shape } from '../../src-main/contracts/index.ts';
import { handlePlaces } from './hit.ts';
import { classColourOf, type Palette } from './palette.ts';
import { bounds, labelPoint, path, type CanvasShape } from './shapes.ts';
import { boxToScreen, toScreen, visibleBox, type Size, type Viewport, type XY } from './viewport.ts';

interface Look {
  palette: Palette;
  /** Opacity of the fill, 0..1. */
  fill: number;
}

const LABEL_FROM_PX = 40;
/** More labels than this hide the picture. */
const MOST_LABELS = 150;
const HANDLE_PX = 9;
const DOTS = [1.5, 3];

/** Those that reach into the visible part. */
export function culled(shapes: readonly CanvasShape[], viewport: Viewport, canvas: Size): CanvasShape[] {
  const margin = 8 / viewport.scale;
  const seen = visibleBox(viewport, canvas);
  return shapes.filter(({ shape }) => {
    const box = bounds(shape);
    return (
      box.x <= seen.x + seen.width + margin &&
      box.y <= seen.y + seen.height + margin &&
      box.x + box.width >= seen.x - margin &&
      box.y + box.height >= seen.y - margin
    );
  });
}

export function drawResting(
  context: CanvasRenderingContext2D,
  shapes: readonly CanvasShape[],
  viewport: Viewport,
  { palette, fill }: Look,
): void {
  const boxes: { box: Box; colour: string; locked: boolean }[] = [];
  const outlines: { outline: Path2D; colour: string; locked: boolean }[] = [];
  for (const { shape, position, locked } of shapes) {
    const colour = classColourOf(palette, position);
    if (shape.kind === 'box') boxes.push({ box: boxToScreen(viewport, shape.box), colour, locked });
    else {
      const outline = screenPath(shape, viewport);
      if (outline) outlines.push({ outline, colour, locked });
      if (outline && shape.kind === 'polygon' && fill > 0) {
        context.globalAlpha = fill;
        context.fillStyle = colour;
        context.fill(outline, 'evenodd');
      }
    }
  }
  context.lineJoin = 'miter';
  if (fill > 0) {
    context.globalAlpha = fill;
    for (const { box, colour } of boxes) {
      context.fillStyle = colour;
      context.fillRect(box.x, box.y, box.width, box.height);
    }
  }
  // All casings lie under all lines, so that a neighbour's casing darkens no line.
  context.globalAlpha = 0.75;
  context.strokeStyle = palette.dark;
  context.lineWidth = 3.5;
  for (const { box } of boxes) context.strokeRect(box.x, box.y, box.width, box.height);
  for (const { outline } of outlines) context.stroke(outline);
  context.globalAlpha = 1;
  context.lineWidth = 1.5;
  for (const { box, colour, locked } of boxes) {
    context.strokeStyle = colour;
    if (locked) context.setLineDash(DOTS);
    context.strokeRect(box.x, box.y, box.width, box.height);
    if (locked) context.setLineDash([]);
  }
  for (const { outline, colour, locked } of outlines) {
    context.strokeStyle = colour;
    context.setLineDash(locked ? DOTS : []);
    context.stroke(outline);
  }
  context.setLineDash([]);
}

function casing(
  context: CanvasRenderingContext2D,
  outline: Path2D,
  palette: Palette,
  width: number,
  alpha: number,
): void {
  context.globalAlpha = alpha;
  line(context, outline, palette.dark, width);
  context.globalAlpha = 1;
}

function line(context: CanvasRenderingContext2D, outline: Path2D, colour: string, width: number): void {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke(outline);
}

function screenPath(shape: Shape, viewport: Viewport): Path2D | null {
  const result = new Path2D();
  if (shape.kind === 'box') {
    const { x, y, width, height } = boxToScreen(viewport, shape.box);
    result.rect(x, y, width, height);
    return result;
  }
  const outline = path(shape);
  if (!outline) return null;
  result.addPath(outline, new DOMMatrix([viewport.scale, 0, 0, viewport.scale, viewport.x, viewport.y]));
  return result;
}

/** Outline of a mask that is too ragged for one: its bounds. */
function outlineOrBounds(shape: Shape, viewport: Viewport): Path2D {
  return (
    screenPath(shape, viewport) ?? screenPath({ kind: 'box', box: bounds(shape) }, viewport) ?? new Path2D()
  );
}

export function drawHovered(
  context: CanvasRenderingContext2D,
  { shape, position }: CanvasShape,
  viewport: Viewport,
  palette: Palette,
): void {
  const colour = classColourOf(palette, position);
  const outline = outlineOrBounds(shape, viewport);
  context.lineJoin = 'round';
  if (shape.kind !== 'mask') {
    context.globalAlpha = 0.16;
    context.fillStyle = colour;
    context.fill(outline, 'evenodd');
    context.globalAlpha = 1;
  }
  casing(context, outline, palette, 4.5, 0.75);
  line(context, outline, colour, 2.5);
}

export function drawSelected(
  context: CanvasRenderingContext2D,
  { shape, position, locked }: CanvasShape,
  viewport: Viewport,
  palette: Palette,
  withHandles: boolean,
): void {
  const colour = classColourOf(palette, position);
  const outline = outlineOrBounds(shape, viewport);
  context.lineJoin = 'miter';
  casing(context, outline, palette, 7, 0.85);
  line(context, outline, '#fff', 5);
  context.setLineDash(locked ? DOTS : []);
  line(context, outline, colour, 2.5);
  context.setLineDash([]);
  if (!withHandles || shape.kind !== 'box' || locked) return;
  for (const { x, y } of handlePlaces(viewport, shape.box)) {
    context.beginPath();
    context.roundRect(x - HANDLE_PX / 2, y - HANDLE_PX / 2, HANDLE_PX, HANDLE_PX, 1.5);
    context.fillStyle = '#fff';
    context.fill();
    context.strokeStyle = palette.dark;
    context.lineWidth = 1.5;
    context.stroke();
  }
}

/** The shape being drawn: as it will be, without handles. */
export function drawDraft(
  context: CanvasRenderingContext2D,
  shape: Shape,
  viewport: Viewport,
  palette: Palette,
  colour: string,
): void {
  const outline = outlineOrBounds(shape, viewport);
  context.globalAlpha = 0.16;
  context.fillStyle = colour;
  context.fill(outline, 'evenodd');
  casing(context, outline, palette, 4.5, 0.85);
  line(context, outline, colour, 2.5);
}

/** Lines over the whole canvas, crossing at the pointer. */
export function drawCrosshair(
  context: CanvasRenderingContext2D,
  at: XY,
  canvas: Size,
  palette: Palette,
): void {
  const x = Math.round(at.x) + 0.5;
  const y = Math.round(at.y) + 0.5;
  const cross = new Path2D();
  cross.moveTo(0, y);
  cross.lineTo(canvas.width, y);
  cross.moveTo(x, 0);
  cross.lineTo(x, canvas.height);
  casing(context, cross, palette, 3, 0.35);
  line(context, cross, palette.crosshair, 1);
}

/** "136 × 126 px", centred under a box. */
export function drawSize(
  context: CanvasRenderingContext2D,
  box: Box,
  viewport: Viewport,
  palette: Palette,
): void {
  const round = (value: number) => String(Math.round(value * 10) / 10);
  const { x, y, width, height } = boxToScreen(viewport, box);
  const text = `${round(box.width)} × ${round(box.height)} px`;
  context.font = `11px ${palette.font}`;
  const textWidth = context.measureText(text).width;
  tag(context, palette, x + width / 2 - textWidth / 2 - 5, y + height + 9, textWidth + 10);
  context.fillText(text, x + width / 2 - textWidth / 2, y + height + 18.5);
}

const labelWidths = new Map<string, number>();

/** Swatch, digit and name above each box that is large enough on the screen. */
export function drawLabels(
  context: CanvasRenderingContext2D,
  shapes: readonly CanvasShape[],
  viewport: Viewport,
  palette: Palette,
): void {
  context.font = `600 11px ${palette.font}`;
  const large = shapes.filter(({ shape, label }) => {
    const box = bounds(shape);
    return label !== '' && Math.min(box.width, box.height) * viewport.scale >= LABEL_FROM_PX;
  });
  const placed: { x: number; y: number; width: number }[] = [];
  for (const { shape, label, position } of large.slice(0, MOST_LABELS)) {
    const corner = toScreen(viewport, labelPoint(shape));
    let width = labelWidths.get(label);
    if (width === undefined) labelWidths.set(label, (width = context.measureText(label).width + 26));
    const x = corner.x - 2;
    const y = corner.y >= 24 ? corner.y - 23 : corner.y + 5;
    // In a crowd half a label tells nothing; the next zoom step has room for it.
    const isCovered = placed.some(
      (other) => Math.abs(other.y - y) < 18 && x < other.x + other.width && other.x < x + width,
    );
    if (isCovered) continue;
    placed.push({ x, y, width });
    tag(context, palette, x, y, width);
    context.fillStyle = classColourOf(palette, position);
    context.fillRect(x + 5, y + 4, 10, 10);
    context.fillStyle = palette.onScrim;
    context.fillText(label, x + 21, y + 9.5);
  }
}

function tag(context: CanvasRenderingContext2D, palette: Palette, x: number, y: number, width: number): void {
  context.beginPath();
  context.roundRect(x, y, width, 18, 3);
  context.fillStyle = palette.scrim;
  context.fill();
  context.fillStyle = palette.onScrim;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
}
