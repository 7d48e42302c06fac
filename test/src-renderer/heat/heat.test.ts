// Heat maps as numbers and colours: decoding, the scale, differences, the box of a threshold, the view.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { intersectionOverUnion } from '../../../src-main/contracts/geometry.ts';
import { AppError } from '../../../src-main/contracts/errors.ts';
import { boxFromHeat } from '../../../src-main/engine/measures/box-from-map.ts';
import type { HeatMap } from '../../../src-main/contracts/explanations.ts';
import {
  colourAt,
  differenceAlpha,
  DIVERGING,
  heatAlpha,
  paintDifference,
  paintHeat,
  SEQUENTIAL,
  TOKENS,
} from '../../../src-renderer/heat/heat-colour.ts';
import {
  boxAbove,
  decodeHeat,
  heatAt,
  heatDifference,
  heatHistogram,
  resampleHeat,
} from '../../../src-renderer/heat/heat-values.ts';
import { FIT, panBy, place, zoomAt } from '../../../src-renderer/heat/heat-view.ts';

function wire(widthPx: number, values: number[]): HeatMap {
  const sum = values.reduce((total, value) => total + value, 0) || 1;
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeFloatLE(value / sum, index * 4));
  return {
    widthPx,
    heightPx: values.length / widthPx,
    values: bytes.toString('base64'),
    classId: 1 as HeatMap['classId'],
    scores: [],
    energyInBox: null,
    pointingHit: null,
    regionBox: null,
    measuredBox: null,
  };
}
const heat = (widthPx: number, values: number[]) => decodeHeat(wire(widthPx, values));

describe('decoding', () => {
  it('gives a density that is 1 everywhere when the heat is even', () => {
    expect([...heat(3, [5, 5, 5, 5, 5, 5]).values]).toEqual(
      Array.from({ length: 6 }, () => expect.closeTo(1, 5)),
    );
  });

  it('refuses a map whose values do not fill its size', () => {
    expect(() => decodeHeat({ ...wire(2, [1, 1, 1, 1]), heightPx: 3 })).toThrow(AppError);
  });

  it('ends the scale below a single spike, and at the peak when hardly anything is hot', () => {
    const noisy = Array.from({ length: 400 }, (_, index) => (index === 7 ? 1000 : index < 20 ? 10 : 1));
    const spiked = heat(20, noisy);
    expect(spiked.end / spiked.peak).toBeCloseTo(0.01, 3);
    const lonely = heat(
      20,
      noisy.map((value) => (value === 1000 ? 1 : 0)),
    );
    expect(lonely.end).toBe(lonely.peak);
  });
});

describe('colours', () => {
  it('are those of the tokens, stop by stop', () => {
    const css = readFileSync(new URL('../../../src-renderer/ui/tokens.css', import.meta.url), 'utf8');
    const token = (family: string, index: number) => {
      const hex = new RegExp(`--${family}-${index}: #([0-9a-f]{6})`).exec(css)![1];
      return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
    };
    for (let index = 0; index <= 8; index += 1) {
      expect(colourAt(SEQUENTIAL.inferno, index / 8)).toEqual(token(TOKENS.inferno, index));
      expect(colourAt(SEQUENTIAL.cividis, index / 8)).toEqual(token(TOKENS.cividis, index));
      expect(colourAt(DIVERGING, index / 8)).toEqual(token('div', index));
    }
  });

  it('lie on a straight line between stops and stay at the ends beyond them', () => {
    const [from, to] = SEQUENTIAL.inferno;
    expect(colourAt(SEQUENTIAL.inferno, 1 / 16)).toEqual(from.map((channel, at) => (channel + to[at]) / 2));
    expect(colourAt(SEQUENTIAL.inferno, 7)).toEqual([...SEQUENTIAL.inferno[8]]);
    expect(colourAt(SEQUENTIAL.inferno, -1)).toEqual([...SEQUENTIAL.inferno[0]]);
  });

  it('let the picture through where it is cold and cover it from 0.625 on', () => {
    expect(heatAlpha(0)).toBe(0);
    expect(heatAlpha(0.25)).toBeCloseTo(0.4);
    expect(heatAlpha(0.625)).toBe(1);
    expect(differenceAlpha(-0.25)).toBe(differenceAlpha(0.25));
  });

  it('of a painted map follow its scale, not its own peak', () => {
    const map = heat(2, [0, 1, 2, 4]);
    const pixels = paintHeat(map, map.peak * 2, 'inferno');
    const hottest = [...pixels.slice(12)];
    expect(hottest.slice(0, 3)).toEqual(colourAt(SEQUENTIAL.inferno, 0.5).map(Math.round));
    expect(hottest[3]).toBe(Math.round(255 * 0.8));
    expect(pixels[3]).toBe(0);
  });
});

describe('a difference', () => {
  it('is orange where B has more, blue where A has more, and clear where both agree', () => {
    const { values } = heatDifference(heat(2, [4, 0, 1, 3]), heat(2, [0, 4, 1, 3]), 2, 2);
    expect(Math.sign(values[0])).toBe(-1);
    expect(Math.sign(values[1])).toBe(1);
    expect(values[2]).toBe(0);
    const pixels = paintDifference(values);
    expect(pixels[2]).toBeGreaterThan(pixels[0]); // blue over red
    expect(pixels[4]).toBeGreaterThan(pixels[6]); // red over blue
    expect(pixels[11]).toBe(0);
  });

  it('of two maps on one scale lies in -1..1 with the common peak as the unit', () => {
    const a = heat(2, [8, 1, 1, 0]);
    const b = heat(2, [0, 1, 1, 1]);
    const peak = Math.max(a.peak, b.peak);
    const { values } = heatDifference(a, b, peak, peak);
    expect(values[0]).toBe(-1);
    expect(Math.max(...values)).toBeLessThan(1);
  });

  it('compares a coarse map with a fine one without inventing heat', () => {
    const even = heatDifference(heat(2, [1, 1, 1, 1]), heat(4, new Array(16).fill(1)), 1, 1);
    expect(even.widthPx).toBe(4);
    for (const value of even.values) expect(value).toBeCloseTo(0, 5);
  });
});

describe('resampling', () => {
  it('keeps the mean density and the corner cells', () => {
    const coarse = heat(2, [4, 0, 0, 0]);
    const fine = resampleHeat(coarse, 8, 8);
    expect(fine.values[0]).toBeCloseTo(coarse.values[0], 5);
    const mean = fine.values.reduce((sum, value) => sum + value, 0) / 64;
    expect(mean).toBeCloseTo(1, 5);
  });
});

describe('the box of a threshold', () => {
  // prettier-ignore
  const map = heat(5, [
    0, 0, 0, 0, 0,
    0, 5, 9, 0, 0,
    0, 0, 5, 0, 2,
    0, 0, 0, 0, 0,
  ]);

  it('goes round all spots above it, in pixels of the picture', () => {
    expect(boxAbove(map, 0.5, 50, 40)).toEqual({ x: 10, y: 10, width: 20, height: 20 });
    expect(boxAbove(map, 0.2, 50, 40)).toEqual({ x: 10, y: 10, width: 40, height: 20 });
  });

  it('shrinks as the threshold rises and is missing for a flat map', () => {
    expect(boxAbove(map, 0.9, 5, 4)).toEqual({ x: 2, y: 1, width: 1, height: 1 });
    expect(boxAbove(heat(2, [1, 1, 1, 1]), 0.5, 10, 10)).toBeNull();
    expect(boxAbove(heat(2, [0, 0, 0, 0]), 0.5, 10, 10)).toBeNull();
  });

  it('is the box that the engine cuts from the same map', () => {
    const values = Array.from({ length: 144 }, (_, index) => 1 + ((index * 7919) % 101));
    const noisy = heat(12, values);
    for (const threshold of [0.1, 0.5, 0.97])
      expect(boxAbove(noisy, threshold, 12, 12)).toEqual(
        boxFromHeat(Float32Array.from(values), 12, threshold),
      );
  });

  it('agrees with a drawn box by its intersection over union', () => {
    const box = boxAbove(map, 0.5, 50, 40)!;
    expect(intersectionOverUnion(box, { x: 10, y: 10, width: 20, height: 20 })).toBe(1);
    expect(intersectionOverUnion(box, { x: 20, y: 10, width: 20, height: 20 })).toBeCloseTo(1 / 3);
    expect(intersectionOverUnion(box, { x: 40, y: 30, width: 5, height: 5 })).toBe(0);
  });
});

describe('read-outs', () => {
  it('find the cell under a place and hold the rim', () => {
    const map = heat(2, [1, 2, 3, 4]);
    expect(heatAt(map, 0.1, 0.9)).toBeCloseTo(1.2);
    expect(heatAt(map, 1, 1)).toBeCloseTo(1.6);
  });

  it('count every cell once, the peak in the last bin', () => {
    const counts = heatHistogram(heat(2, [0, 1, 2, 4]), 4);
    expect(counts).toEqual([1, 1, 1, 1]);
    expect(heatHistogram(heat(1, [0]), 4)).toEqual([0, 0, 0, 0]);
  });
});

describe('the view', () => {
  const pane = { width: 400, height: 300 };
  const image = { width: 200, height: 100 };

  it('fits the picture with its margin', () => {
    const placed = place(FIT, pane, image, 20);
    expect(placed.scale).toBeCloseTo(1.8);
    expect(placed.left).toBeCloseTo(20);
  });

  it('keeps what lies under the pointer in its place while zooming', () => {
    const pointer = { x: 310, y: 170 };
    const under = (view: typeof FIT) => {
      const { left, top, scale } = place(view, pane, image, 20);
      return [(pointer.x - left) / scale, (pointer.y - top) / scale];
    };
    const closer = zoomAt(FIT, 3, pointer, pane, image, 20);
    expect(closer.zoom).toBe(3);
    expect(under(closer)[0]).toBeCloseTo(under(FIT)[0]);
    expect(under(closer)[1]).toBeCloseTo(under(FIT)[1]);
  });

  it('never zooms out beyond fitting, and cannot lose the picture', () => {
    expect(zoomAt({ zoom: 2, centreX: 0.9, centreY: 0.1 }, 0.1, { x: 0, y: 0 }, pane, image, 20)).toEqual(
      FIT,
    );
    const far = panBy({ zoom: 4, centreX: 0.5, centreY: 0.5 }, 1e6, -1e6, pane, image, 20);
    expect(far).toEqual({ zoom: 4, centreX: 0, centreY: 1 });
    expect(panBy(FIT, 50, 50, pane, image, 20)).toEqual(FIT);
  });
});
