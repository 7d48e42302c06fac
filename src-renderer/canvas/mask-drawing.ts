// Draws all masks of a picture as one bitmap, which is kept until a mask or a class of one changes.

import type { Shape } from '../../src-main/contracts/index.ts';
import { bitmapStep, paintMasks } from './masks.ts';
import { classColourOf, rgbaWord, type Palette } from './palette.ts';
import type { CanvasShape } from './shapes.ts';
import type { Size, Viewport } from './viewport.ts';

export class MaskDrawing {
  readonly #palette: Palette;
  #kept: { key: readonly Shape[]; words: string; canvas: OffscreenCanvas | null } | null = null;

  constructor(palette: Palette) {
    this.#palette = palette;
  }

  /** For another picture: its size may differ where its masks do not. */
  forget(): void {
    this.#kept = null;
  }

  draw(
    context: CanvasRenderingContext2D,
    shapes: readonly CanvasShape[],
    image: Size,
    { x, y, scale }: Viewport,
    fill: number,
  ): void {
    const bitmap = this.#bitmapOf(shapes, image);
    if (!bitmap || fill === 0) return;
    const step = bitmapStep(image);
    context.save();
    context.imageSmoothingEnabled = false;
    context.globalAlpha = Math.min(1, fill * 1.5); // a mask has no inside line to stand out by
    context.drawImage(bitmap, x, y, bitmap.width * step * scale, bitmap.height * step * scale);
    context.restore();
  }

  #bitmapOf(shapes: readonly CanvasShape[], image: Size): OffscreenCanvas | null {
    const masks = shapes.flatMap(({ shape, position }) =>
      shape.kind === 'mask'
        ? [{ shape, rle: shape.rle, word: rgbaWord(classColourOf(this.#palette, position), 1) }]
        : [],
    );
    const words = masks.map(({ word }) => word).join();
    const same =
      this.#kept?.words === words &&
      this.#kept.key.length === masks.length &&
      masks.every(({ shape }, index) => shape === this.#kept?.key[index]);
    if (this.#kept && same) return this.#kept.canvas;
    const key = masks.map(({ shape }) => shape);
    this.#kept = { key, words, canvas: null };
    if (masks.length === 0) return null;
    const step = bitmapStep(image);
    const width = Math.ceil(image.width / step);
    const height = Math.ceil(image.height / step);
    const data = new ImageData(width, height);
    paintMasks(new Uint32Array(data.data.buffer), image, step, masks);
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext('2d')?.putImageData(data, 0, 0);
    this.#kept.canvas = canvas;
    return canvas;
  }
}
