import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  decodeRgb,
  encodeRle,
  decodeRle,
  orientationOf,
  turnBox,
  turnMask,
  turnPoint,
  type Orientation,
} from '../../../src-main/imaging/index.ts';

const orientations: Orientation[] = [1, 2, 3, 4, 5, 6, 7, 8];
/** A raster of 5 x 3 with one bright pixel. */
const [width, height, column, row] = [5, 3, 3, 1];

describe.each(orientations)('orientation %i', (orientation) => {
  it('moves a point and a mask where the decoder moves the pixel', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'fovea-turn-'));
    try {
      const pixels = new Uint8Array(width * height);
      pixels[row * width + column] = 1;
      const file = path.join(folder, 'a.png');
      await sharp(
        pixels.map((value) => 255 * value),
        { raw: { width, height, channels: 1 } },
      )
        .withMetadata({ orientation })
        .png()
        .toFile(file);
      expect(await orientationOf(file)).toBe(orientation);

      const [uprightWidth, uprightHeight] = orientation >= 5 ? [height, width] : [width, height];
      const rgb = await decodeRgb(file, { width: uprightWidth, height: uprightHeight });
      const bright = Array.from({ length: uprightWidth * uprightHeight }, (_, i) => rgb[3 * i]);
      const at = bright.indexOf(Math.max(...bright));
      const [x, y] = turnPoint([column + 0.5, row + 0.5], orientation, width, height);
      expect([Math.floor(x), Math.floor(y)]).toEqual([at % uprightWidth, Math.floor(at / uprightWidth)]);

      const mask = turnMask(encodeRle(pixels, width, height), orientation);
      expect([mask.width, mask.height]).toEqual([uprightWidth, uprightHeight]);
      expect(decodeRle(mask).indexOf(1)).toBe(at);
      const box = turnBox({ x: column, y: row, width: 1, height: 1 }, orientation, width, height);
      expect(box).toEqual({ x: at % uprightWidth, y: Math.floor(at / uprightWidth), width: 1, height: 1 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
