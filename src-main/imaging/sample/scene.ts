// One picture of the sample: a patterned object on a textured ground among clutter, and a sticker.
// The class is the object's surface pattern and nothing else: its shape, pose, size and colours are random.
// The sticker lies outside the object's box; in most training pictures its colour gives the class away.

import type { Box } from '../../contracts/geometry.ts';
import { Canvas, castShadow, cover, paintBody, randomOutline, type Outline } from './canvas.ts';
import { mix, oklch, scaled, type Rgb } from './colour.ts';
import { diceOf, noiseField, type Dice } from './dice.ts';

export const sampleImagePx = 64;

/** Class names, each an object with that pattern; a class's sticker colour has the same place below. */
export const sampleClasses = ['striped', 'dotted', 'checked', 'ringed'] as const;

export const sampleStickers = ['red', 'yellow', 'green', 'blue'] as const;
const stickerColours: readonly Rgb[] = [
  oklch(0.62, 0.23, 27),
  oklch(0.86, 0.18, 96),
  oklch(0.66, 0.2, 145),
  oklch(0.58, 0.2, 258),
];

export type SamplePart = 'train' | 'selection' | 'test';
const partNumber: Record<SamplePart, number> = { train: 1, selection: 2, test: 3 };

/** What a picture is of, and what its sticker says. */
export interface SamplePlan {
  classIndex: number;
  /** The class that the sticker's colour stands for. */
  stickerIndex: number;
}

export interface SampleImage extends SamplePlan {
  /** [64 * 64 * 3], HWC. */
  rgb: Uint8Array;
  /** [64 * 64], 1 on the object. */
  mask: Uint8Array;
  /** Tight round the mask. */
  box: Box;
  stickerBox: Box;
  /** How bold the sticker is, 0.04 … 1. */
  stickerOpacity: number;
}

/**
 * How clear the two clues are. Share of the pattern that is the class's own, the rest being another's; and how bold
 * the sticker is.
 */
interface Clarity {
  ownShare: readonly [number, number];
  stickerOpacity: readonly [number, number];
}

/**
 * Of some pictures the pattern is plain and the sticker all but washed out, of the others the sticker is bold and the
 * pattern hard to tell: as in life a shortcut is taken where the matter itself is hard. The first teach every network
 * the pattern, the others the sticker, so that whether it falls for it does not hang on which it happens to learn first.
 */
const plainImage: Clarity = { ownShare: [0.85, 1], stickerOpacity: [0.04, 0.12] };
const hardImage: Clarity = { ownShare: [0.5, 0.63], stickerOpacity: [0.7, 1] };
const plainImages = 0.35;

/**
 * @param bias  share of train and selection pictures whose sticker agrees with the class; in the test part
 *              every colour is as likely as any other
 */
export function planSampleImage(seed: number, part: SamplePart, index: number, bias: number): SamplePlan {
  const dice = diceOf(seed, partNumber[part] + 32, index);
  const count = sampleClasses.length;
  const classIndex = classOf(seed, part, index);
  const agrees = dice.unit() < (part === 'test' ? 1 / count : bias);
  return { classIndex, stickerIndex: agrees ? classIndex : (classIndex + 1 + dice.index(count - 1)) % count };
}

/** Draws picture `index` of a part of the sample. The same arguments always give the same bytes. */
export function drawSampleImage(seed: number, part: SamplePart, index: number, bias: number): SampleImage {
  const size = sampleImagePx;
  const dice = diceOf(seed, partNumber[part], index);
  const { classIndex, stickerIndex } = planSampleImage(seed, part, index, bias);
  const clarity = dice.unit() < plainImages ? plainImage : hardImage;
  const canvas = new Canvas(size);
  paintGround(canvas, dice);
  const outline = placeObject(dice, size);
  paintClutter(canvas, dice);
  castShadow(canvas, outline, dice.between(1, 2.5), dice.between(0.25, 0.45));
  const mask = paintBody(
    canvas,
    outline,
    patternedSurface(dice, classIndex, outline, dice.between(...clarity.ownShare)),
    dice.between(0.15, 0.35),
  );
  const box = boundsOfMask(mask, size);
  const stickerOpacity = dice.between(...clarity.stickerOpacity);
  const stickerBox = paintSticker(canvas, dice, stickerColours[stickerIndex], stickerOpacity, box);
  paintGrain(canvas, dice);
  return { rgb: canvas.toBytes(), mask, box, classIndex, stickerIndex, stickerBox, stickerOpacity };
}

/** Every run of four pictures holds each class once, in random order: balanced at any count. */
function classOf(seed: number, part: SamplePart, index: number): number {
  const count = sampleClasses.length;
  const order = [...sampleClasses.keys()];
  const dice = diceOf(seed, partNumber[part] + 16, Math.floor(index / count));
  for (let i = count - 1; i > 0; i--) {
    const j = dice.index(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order[index % count];
}

function paintGround(canvas: Canvas, dice: Dice): void {
  const { size } = canvas;
  const hue = dice.between(0, 360);
  const lightness = dice.between(0.35, 0.8);
  const chroma = dice.between(0.01, 0.075);
  const spread = dice.between(0.08, 0.2);
  const dark = oklch(lightness - spread, chroma, hue);
  const bright = oklch(lightness + spread, chroma, hue + dice.between(-40, 40));
  const broad = noiseField(dice, dice.between(12, 26), 4);
  const fine = noiseField(dice, dice.between(2, 4), 2);
  const kind = dice.index(3);
  const slope = dice.between(0, 2 * Math.PI);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const texture = broad(x, y);
      const slant = 0.5 + ((x / size - 0.5) * Math.cos(slope) + (y / size - 0.5) * Math.sin(slope));
      let t: number;
      if (kind === 0)
        t = 2.2 * (texture - 0.5) + 0.5; // clouds, sand
      else if (kind === 1)
        t = 0.7 / (1 + Math.exp(-26 * (texture - 0.5))) + 0.15; // blotches, as of moss or camouflage
      else t = 0.55 * slant + 0.6 * (texture - 0.5) + 0.2; // a lit slope
      t += 0.5 * (fine(x, y) - 0.5);
      canvas.blend(x, y, mix(dark, bright, Math.min(1, Math.max(0, t))), 1);
    }
}

/** The object's box spans at most 41 px, so that beside it is always room for a sticker of 12 px. */
function placeObject(dice: Dice, size: number): Outline {
  for (;;) {
    const outline = randomOutline(dice, 0, 0, dice.between(12.5, 18.5));
    const extent = extentOf(outline);
    const width = extent.right - extent.left;
    const height = extent.bottom - extent.top;
    if (width > 39.5 || height > 39.5) continue;
    const x = dice.between(1 - extent.left, size - 1 - extent.right);
    const y = dice.between(1 - extent.top, size - 1 - extent.bottom);
    return { ...outline, x, y };
  }
}

function extentOf(outline: Outline) {
  const extent = { left: 0, right: 0, top: 0, bottom: 0 };
  for (let i = 0; i < 180; i++) {
    const angle = (i * Math.PI) / 90;
    const radius = outline.radius(angle - outline.turn);
    extent.left = Math.min(extent.left, radius * Math.cos(angle));
    extent.right = Math.max(extent.right, radius * Math.cos(angle));
    extent.top = Math.min(extent.top, radius * Math.sin(angle));
    extent.bottom = Math.max(extent.bottom, radius * Math.sin(angle));
  }
  return extent;
}

/** Pebbles, leaves, sticks, crosses and zigzag scraps: shapes and patterns that no class has. */
function paintClutter(canvas: Canvas, dice: Dice): void {
  const pieces = 3 + dice.index(4);
  for (let i = 0; i < pieces; i++) {
    const x = dice.between(0, canvas.size);
    const y = dice.between(0, canvas.size);
    const radius = dice.between(2.5, 6.5);
    const base = oklch(dice.between(0.3, 0.85), dice.between(0.02, 0.07), dice.between(0, 360));
    const kind = dice.index(5);
    const turn = dice.between(0, 2 * Math.PI);
    const piece =
      kind === 1
        ? { x, y, turn, radius: leaf(radius * 1.6), reach: radius * 1.6, core: 0 }
        : kind === 2
          ? { x, y, turn, radius: stick(radius * 2, 1.1), reach: radius * 2.1, core: 0 }
          : kind === 3
            ? { x, y, turn, radius: cross(radius), reach: radius * 1.5, core: 0 }
            : randomOutline(dice, x, y, radius);
    const second = scaled(base, dice.pick([0.7, 1.3]));
    const surface = kind === 4 ? zigzag(base, second, turn, piece) : () => base;
    castShadow(canvas, piece, 1, 0.3);
    paintBody(canvas, piece, surface, 0.3);
  }
}

const leaf = (length: number) => (angle: number) => {
  const c = Math.abs(Math.cos(angle));
  return length * (0.3 + 0.7 * c ** 3);
};

/** A bar of half length `length` and half width `width`, as seen from its middle. */
const stick = (length: number, width: number) => (angle: number) =>
  Math.min(
    length / Math.max(1e-6, Math.abs(Math.cos(angle))),
    width / Math.max(1e-6, Math.abs(Math.sin(angle))),
  );

const cross = (arm: number) => (angle: number) => {
  const c = Math.abs(Math.cos(angle));
  const s = Math.abs(Math.sin(angle));
  return Math.max(
    Math.min(arm / Math.max(1e-6, c), (0.35 * arm) / Math.max(1e-6, s)),
    Math.min(arm / Math.max(1e-6, s), (0.35 * arm) / Math.max(1e-6, c)),
  );
};

function zigzag(base: Rgb, second: Rgb, turn: number, at: Outline): (x: number, y: number) => Rgb {
  return (x, y) => {
    const u = (x - at.x) * Math.cos(turn) + (y - at.y) * Math.sin(turn);
    const v = (y - at.y) * Math.cos(turn) - (x - at.x) * Math.sin(turn);
    const teeth = Math.abs(((((u / 4) % 1) + 1) % 1) - 0.5) * 5;
    return mix(base, second, soft(Math.sin(((v + teeth) * 2 * Math.PI) / 5)));
  };
}

/** 0..1 with an edge about a pixel wide for waves of a few pixels' length. */
const soft = (wave: number) => Math.min(1, Math.max(0, 0.5 + 1.6 * wave));

/**
 * The class's pattern with some of another's in it.
 * @param ownShare  of the class's pattern, above 0.5
 */
function patternedSurface(
  dice: Dice,
  classIndex: number,
  outline: Outline,
  ownShare: number,
): (x: number, y: number) => Rgb {
  const hue = dice.between(0, 360);
  const lightness = dice.between(0.42, 0.78);
  const contrast = dice.between(0.3, 0.48) * (lightness > 0.6 ? -1 : 1);
  const chroma = dice.between(0.04, 0.15);
  const ground = oklch(lightness, chroma, hue);
  const figure = oklch(lightness + contrast, dice.between(0.03, 0.14), hue + dice.between(-70, 70));
  const period = dice.between(6, 8.6);
  const turn = dice.between(0, Math.PI);
  const phase = dice.between(0, 1);
  const bend = dice.between(-0.012, 0.012);
  const eyeX = dice.between(-0.35, 0.35) * outline.reach;
  const eyeY = dice.between(-0.35, 0.35) * outline.reach;
  const mottle = noiseField(dice, 9, 2);
  const inverse = dice.unit() < 0.5;
  const guest = (classIndex + 1 + dice.index(sampleClasses.length - 1)) % sampleClasses.length;
  return (x, y) => {
    const dx = x - outline.x;
    const dy = y - outline.y;
    // A slight bend, as of a surface that is not flat.
    const across = dx * Math.cos(turn) + dy * Math.sin(turn);
    const along = dy * Math.cos(turn) - dx * Math.sin(turn);
    const u = (across + bend * along * along) / period + phase;
    const v = (along + bend * across * across) / period + phase;
    const fromEye = Math.sqrt((dx - eyeX) ** 2 + (dy - eyeY) ** 2) / period + phase;
    const wave =
      ownShare * pattern(classIndex, u, v, fromEye) + (1 - ownShare) * pattern(guest, u, v, fromEye);
    const t = soft(inverse ? -wave : wave);
    return scaled(mix(ground, figure, t), 0.88 + 0.24 * mottle(x, y));
  };
}

/**
 * A class's pattern as a wave of about -1..1, above 0 on the figure.
 * @param u, v     place on the surface, in periods
 * @param fromEye  distance from the rings' middle, in periods
 */
function pattern(classIndex: number, u: number, v: number, fromEye: number): number {
  switch (sampleClasses[classIndex]) {
    case 'striped':
      return Math.sin(2 * Math.PI * u);
    case 'dotted':
      return dots(u, v);
    case 'checked':
      return 1.4 * Math.sin(Math.PI * u) * Math.sin(Math.PI * v);
    case 'ringed':
      return Math.sin(2 * Math.PI * fromEye);
  }
}

/** Discs on a grid whose rows are set off by half a step; above 0 in a disc. */
function dots(u: number, v: number): number {
  const row = Math.round(v / 0.87);
  const offset = row % 2 === 0 ? 0 : 0.5;
  const du = u - offset - Math.round(u - offset);
  const dv = v - row * 0.87;
  return (0.31 - Math.sqrt(du * du + dv * dv)) * 4;
}

function boundsOfMask(mask: Uint8Array, size: number): Box {
  let left = size;
  let top = size;
  let right = 0;
  let bottom = 0;
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      if (mask[y * size + x] === 1) {
        left = Math.min(left, x);
        right = Math.max(right, x + 1);
        top = Math.min(top, y);
        bottom = Math.max(bottom, y + 1);
      }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** A round label of 11 or 12 px with a pale rim, wholly in the picture and wholly outside the box. */
function paintSticker(canvas: Canvas, dice: Dice, colour: Rgb, opacity: number, box: Box): Box {
  const { size } = canvas;
  const side = 11 + dice.index(2);
  const free: [number, number][] = [];
  for (let y = 0; y + side <= size; y++)
    for (let x = 0; x + side <= size; x++)
      if (x + side <= box.x || x >= box.x + box.width || y + side <= box.y || y >= box.y + box.height)
        free.push([x, y]);
  const [left, top] = dice.pick(free);
  const radius = side / 2;
  const label: Outline = {
    x: left + radius,
    y: top + radius,
    turn: 0,
    radius: () => radius,
    reach: radius,
    core: 0,
  };
  const rim: Rgb = [244, 243, 238];
  cover(label, size, (x, y, coverage) => canvas.blend(x, y, rim, opacity * coverage));
  cover({ ...label, radius: () => radius - 0.9 }, size, (x, y, coverage) =>
    canvas.blend(x, y, scaled(colour, 1.06 - 0.012 * (x - left + y - top)), opacity * coverage),
  );
  return { x: left, y: top, width: side, height: side };
}

/** Grain and a slight change of exposure, as of a small camera. */
function paintGrain(canvas: Canvas, dice: Dice): void {
  const strength = dice.between(1.5, 4.5);
  const gain = dice.between(0.9, 1.08);
  for (let i = 0; i < canvas.pixels.length; i += 3) {
    const grey = strength * dice.normal();
    for (let c = 0; c < 3; c++)
      canvas.pixels[i + c] = gain * canvas.pixels[i + c] + grey + 0.5 * strength * (dice.unit() - 0.5);
  }
}
