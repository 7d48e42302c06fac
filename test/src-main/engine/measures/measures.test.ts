// Closed forms of every measure, and reference values worked out here by other means than the code's.

import { describe, expect, it } from 'vitest';
import { predictedClass, scoresOf } from '../../../../src-main/engine/measures/accuracy.ts';
import {
  boxFromGradient,
  boxFromHeat,
  boxOfMask,
} from '../../../../src-main/engine/measures/box-from-map.ts';
import { confusionOf } from '../../../../src-main/engine/measures/confusion.ts';
import { energyInside, squaredGradient } from '../../../../src-main/engine/measures/energy-in-box.ts';
import { meanOf } from '../../../../src-main/engine/measures/metric-values.ts';
import { boxIou } from '../../../../src-main/engine/measures/localisation.ts';
import { leakage } from '../../../../src-main/engine/measures/feature-leakage.ts';
import { epsilonsOf } from '../../../../src-main/engine/measures/fgsm-curve.ts';
import { shareInCell } from '../../../../src-main/engine/measures/negative-quadrant-heat.ts';
import { logSumExpOf, relativeChange } from '../../../../src-main/engine/measures/noise-robustness.ts';
import { fillWithMean } from '../../../../src-main/engine/measures/pixel-perturbation.ts';
import { drawnHits, pointingHit } from '../../../../src-main/engine/measures/pointing-game.ts';
import { saliencyOf, stretchCrop } from '../../../../src-main/engine/measures/saliency-metric.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/random.ts';

const square = (side: number, fill: (x: number, y: number) => number): Float32Array =>
  Float32Array.from({ length: side * side }, (_, i) => fill(i % side, Math.floor(i / side)));
/** Region: columns 2..5, rows 1..4 of an 8x8 picture. */
const region = square(8, (x, y) => Number(x >= 2 && x <= 5 && y >= 1 && y <= 4));

describe('accuracy and confusion', () => {
  it('takes the first of equal logits', () => {
    expect(predictedClass(Float32Array.of(0, 0, 1, 3, 3, 1), 3, 1)).toBe(0);
    expect(predictedClass(Float32Array.of(0, 0, 1, 3, 3, 1), 3, 0)).toBe(2);
  });
  it('gives softmax scores that sum to one even for huge logits', () => {
    const scores = scoresOf(Float32Array.of(9, 9, 1000, 1000 + Math.log(3)), 2, 1);
    expect(scores[0] + scores[1]).toBeCloseTo(1, 12);
    expect(scores[1]).toBeCloseTo(0.75, 4); // float32 keeps 1000 + log 3 to 6e-5
  });
  it('puts true classes in rows and predicted ones in columns', () => {
    const predicted = { predicted: [1, 1, 0], labels: [0, 1, 0] };
    expect(confusionOf({ ...predicted, trueClasses: [[0], [1], [0]] }, 2)).toEqual([
      [1, 1],
      [0, 1],
    ]);
    // Of several classes each is right; where none is given, the explained one was not found.
    expect(
      confusionOf(
        {
          predicted: [2, 2],
          labels: [1, 1],
          trueClasses: [
            [1, 2],
            [0, 1],
          ],
        },
        3,
      ),
    ).toEqual([
      [0, 0, 0],
      [0, 0, 1],
      [0, 0, 1],
    ]);
  });
});

describe('energy in box', () => {
  it('is the area share of the region on an even map', () => {
    expect(energyInside(new Float32Array(64).fill(0.3), region)).toBeCloseTo(16 / 64, 6);
  });
  it('does not depend on the scale of the map', () => {
    const map = square(8, (x, y) => x * x + y);
    expect(
      energyInside(
        map.map((value) => 8 * value),
        region,
      ),
    ).toBeCloseTo(energyInside(map, region)!, 6);
  });
  it('is one with all heat inside, zero with none, and unknown for an empty map or region', () => {
    expect(energyInside(region, region)).toBe(1);
    expect(
      energyInside(
        region.map((value) => 1 - value),
        region,
      ),
    ).toBe(0);
    expect(energyInside(new Float32Array(64), region)).toBeNull();
    expect(energyInside(region, new Float32Array(64))).toBeNull();
  });
  it('squares and sums the channels of a gradient', () => {
    expect(Array.from(squaredGradient(Float32Array.of(1, -2, 3, 0, 2, 1), 3))).toEqual([
      1 + 9 + 4,
      4 + 0 + 1,
    ]);
  });
});

describe('pointing game', () => {
  const at = (px: number, py: number) => square(8, (x, y) => Number(x === px && y === py));
  it('hits inside the region and misses outside', () => {
    expect(pointingHit(at(2, 1), region, 8, 0)).toBe(true);
    expect(pointingHit(at(6, 1), region, 8, 0)).toBe(false);
  });
  it('forgives a miss nearer than the margin, not one as far', () => {
    expect(pointingHit(at(7, 1), region, 8, 2)).toBe(false); // two columns off
    expect(pointingHit(at(7, 1), region, 8, 2.01)).toBe(true);
    expect(pointingHit(at(7, 6), region, 8, 2.5)).toBe(false); // sqrt(8) = 2.83 off
    expect(pointingHit(at(7, 6), region, 8, 2.9)).toBe(true);
    // 0.1 of 30 px is just 3 px, though not in floating point.
    const wide = Uint8Array.from({ length: 900 }, (_, i) => Number(i % 30 < 3));
    const spot = (column: number) => Float32Array.from({ length: 900 }, (_, i) => Number(i === 30 + column));
    expect(0.1 * 3 * 10).toBeGreaterThan(3);
    expect(pointingHit(spot(5), wide, 30, 0.1 * 3 * 10)).toBe(false);
    expect(pointingHit(spot(4), wide, 30, 0.1 * 3 * 10)).toBe(true);
  });
  it('takes the first pixel of a flat rim, whichever of its pixels rounding has raised', () => {
    const raised = (px: number, py: number) =>
      square(8, (x, y) => (y < 2 ? 0.7 : 0.1) + (x === px && y === py ? 1e-7 : 0));
    const corner = Uint8Array.from({ length: 64 }, (_, i) => Number(i === 0));
    for (const [x, y] of [
      [0, 0],
      [5, 0],
      [7, 1],
    ])
      expect(pointingHit(raised(x, y), corner, 8, 0)).toBe(true);
  });
  it('takes the first of equal maxima and knows nothing of an empty map', () => {
    const two = square(8, (x, y) => Number((x === 0 && y === 0) || (x === 3 && y === 3)));
    expect(pointingHit(two, region, 8, 0)).toBe(false);
    expect(pointingHit(new Float32Array(64), region, 8, 3)).toBeNull();
  });
});

describe('box from map', () => {
  /** Slow second version of P0 by lists of kept pixels. */
  function reference(gradient: Float32Array, side: number) {
    const absolute = Array.from(gradient, Math.abs);
    const [low, high] = [Math.min(...absolute), Math.max(...absolute)];
    const bytes = Uint8Array.from(absolute.map((value) => (255 * (value - low)) / (high - low)));
    const kept = [];
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const channel = (c: number): number => bytes[c * side * side + y * side + x];
        if (Math.round(0.299 * channel(0) + 0.587 * channel(1) + 0.114 * channel(2)) > 50) kept.push([x, y]);
      }
    const xs = kept.map(([x]) => x);
    const ys = kept.map(([, y]) => y);
    return {
      x: Math.min(...xs),
      y: Math.min(...ys),
      width: Math.max(...xs) - Math.min(...xs) + 1,
      height: Math.max(...ys) - Math.min(...ys) + 1,
    };
  }

  it('agrees with a slow second version on uneven gradients', () => {
    for (let trial = 1; trial <= 5; trial++) {
      const gradient = Float32Array.from({ length: 3 * 144 }, (_, i) => Math.sin(i * trial * 7.77) ** 31);
      expect(boxFromGradient(gradient, 12)).toEqual(reference(gradient, 12));
    }
  });
  it('goes round every kept pixel, not only the largest patch', () => {
    const gradient = new Float32Array(3 * 64);
    for (const pixel of [9, 10, 17, 62]) for (let c = 0; c < 3; c++) gradient[c * 64 + pixel] = -1;
    expect(boxFromGradient(gradient, 8)).toEqual({ x: 1, y: 1, width: 6, height: 7 });
  });
  it('weighs colours by luminance: full blue alone is below the threshold, full red above', () => {
    const blue = new Float32Array(3 * 64);
    blue[2 * 64 + 9] = 1; // gray 29
    expect(boxFromGradient(blue, 8)).toBeNull();
    const red = new Float32Array(3 * 64);
    red[9] = 1; // gray 76
    expect(boxFromGradient(red, 8)).toEqual({ x: 1, y: 1, width: 1, height: 1 });
  });
  it('finds nothing in a flat map', () => {
    expect(boxFromGradient(new Float32Array(192).fill(2), 8)).toBeNull();
    expect(boxFromHeat(new Float32Array(64).fill(2), 8, 0.2)).toBeNull();
  });
  it('shrinks as the threshold of a single map grows', () => {
    const hill = square(9, (x, y) => 10 - Math.abs(x - 4) - Math.abs(y - 4)); // 2 at corners, 10 in the middle
    expect(boxFromHeat(hill, 9, 0.5)).toEqual({ x: 1, y: 1, width: 7, height: 7 });
    expect(boxFromHeat(hill, 9, 0.9)).toEqual({ x: 4, y: 4, width: 1, height: 1 });
  });
  it('reads the box of a mask with its last pixel included', () => {
    expect(boxOfMask(region, 8)).toEqual({ x: 2, y: 1, width: 4, height: 4 });
    expect(boxOfMask(new Float32Array(64), 8)).toBeNull();
  });
});

describe('IoU and localisation', () => {
  it('counts inclusive pixels: [0..9] and [5..14] share 5 of 15 columns', () => {
    const a = { x: 0, y: 0, width: 10, height: 4 };
    expect(boxIou(a, { x: 5, y: 0, width: 10, height: 4 })).toBeCloseTo(5 / 15, 12);
    expect(boxIou(a, { x: 10, y: 0, width: 5, height: 4 })).toBe(0);
    expect(boxIou(null, a)).toBe(0);
    expect(boxIou(a, null)).toBeNull();
  });
  it('averages over what could be measured', () => {
    expect(meanOf([true, false, null, true])).toBeCloseTo(2 / 3, 12);
    expect(meanOf([null])).toBeNull();
  });
});

describe('saliency metric', () => {
  it('is zero for the whole picture and a sure model, and bounded below', () => {
    expect(saliencyOf(1, 1)).toBe(0);
    expect(saliencyOf(0.001, 1)).toBeCloseTo(Math.log(0.05), 12);
    expect(saliencyOf(0.25, 0.5)).toBeCloseTo(Math.log(0.5), 12);
  });
  it('leaves the picture as it is when the crop is the whole', () => {
    const image = Float32Array.from({ length: 48 }, (_, i) => Math.sin(i));
    const out = new Float32Array(48);
    stretchCrop(image, 4, { x: 0, y: 0, width: 4, height: 4 }, out);
    expect(out).toEqual(image);
  });
  it('stretches a 2x2 crop to 4x4 with the weights of half-pixel centres', () => {
    const image = new Float32Array(48);
    [image[5], image[6], image[9], image[10]] = [0, 1, 2, 3];
    const out = new Float32Array(48);
    stretchCrop(image, 4, { x: 1, y: 1, width: 2, height: 2 }, out);
    const steps = [0, 0.25, 0.75, 1];
    for (let y = 0; y < 4; y++)
      for (let x = 0; x < 4; x++) expect(out[4 * y + x]).toBeCloseTo(steps[x] + 2 * steps[y], 6);
  });
});

describe('stochastic pointing game', () => {
  const draws = (map: Float32Array, margin: number, count = 4000) =>
    drawnHits(map, region, 8, margin, count, randomFromSeed(3));
  it('comes to the share of the heat inside, with a margin to that of a larger region', () => {
    const map = square(8, (x, y) => 1 + x + 2 * y);
    expect(draws(map, 0)).toBeCloseTo(energyInside(map, region)!, 1);
    const wider = square(8, (x, y) => Number(x >= 1 && x <= 6 && y >= 0 && y <= 5));
    expect(draws(map, 1.5)).toBeCloseTo(energyInside(map, wider)!, 1);
  });
  it('never draws a pixel without heat, and has no value for an empty map or region', () => {
    expect(draws(region, 0, 500)).toBe(1);
    expect(
      draws(
        region.map((value) => 1 - value),
        0,
        500,
      ),
    ).toBe(0);
    expect(draws(new Float32Array(64), 0)).toBeNull();
    expect(drawnHits(region, new Float32Array(64), 8, 0, 5, randomFromSeed(3))).toBeNull();
  });
});

describe('heat in a quadrant', () => {
  it('is a quarter of an even map, also where the side is odd', () => {
    for (const side of [4, 5])
      for (const cell of [0, 1, 2, 3])
        expect(shareInCell(new Float32Array(side * side).fill(2), side, cell)).toBeCloseTo(0.25, 12);
  });
  it('is all of it where all of it lies there', () => {
    const lowerLeft = square(4, (x, y) => Number(x < 2 && y >= 2));
    expect([0, 1, 2, 3].map((cell) => shareInCell(lowerLeft, 4, cell))).toEqual([0, 0, 1, 0]);
    expect(shareInCell(new Float32Array(16), 4, 0)).toBeNull();
  });
});

it('feature leakage is the norm of what lies outside', () => {
  const map = square(8, (x, y) => (x === 0 && y === 0 ? 3 : x === 7 && y === 7 ? -4 : region[8 * y + x]));
  expect(leakage(map, region, 'l1')).toBe(7);
  expect(leakage(map, region, 'l2')).toBe(5);
});

it('pixels are filled with the mean of those kept, channel by channel', () => {
  const image = Float32Array.of(1, 2, 9, 0, 4, 7, 5, 5, 5);
  fillWithMean(image, Uint32Array.of(2));
  expect(Array.from(image)).toEqual([1, 2, 1.5, 0, 4, 2, 5, 5, 5]);
});

it('changes are taken by the length of what was there', () => {
  const rows = Float32Array.of(9, 9, 3, 4, 0, 0);
  const others = Float32Array.of(9, 9, 3, 9, 1, 0);
  expect(relativeChange(others, rows, 1, 2)).toBe(1);
  expect(relativeChange(others, rows, 0, 2)).toBe(0);
  expect(relativeChange(others, rows, 2, 2)).toBeNull();
  expect(logSumExpOf(Float32Array.of(7, 7, 900, 900), 2, 1)).toBeCloseTo(900 + Math.log(2), 4);
});

it('epsilons double up to the largest, or rise evenly', () => {
  const usual = epsilonsOf({ largest: 8 / 255, points: 4, spacing: 'doubling' });
  expect(usual).toEqual([0, 1 / 255, 2 / 255, 4 / 255, 8 / 255]);
  expect(epsilonsOf({ largest: 0.2, points: 2, spacing: 'even' })).toEqual([0, 0.1, 0.2]);
});
