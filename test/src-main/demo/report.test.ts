import { describe, expect, it } from 'vitest';
import type { Metric } from '../../../src-main/contracts/metrics.ts';
import { runConfigSchema } from '../../../src-main/contracts/runs.ts';
import { colourOf, overlay, smoothed } from '../../../src-main/imaging/heat-image.ts';
import { reportHtml } from '../../../src-main/demo/report.ts';

describe('a heat map over its picture', () => {
  it('uses the scale of the design from end to end', () => {
    expect(colourOf(0)).toEqual([0x00, 0x00, 0x04]);
    expect(colourOf(0.5)).toEqual([0xbc, 0x37, 0x54]);
    expect(colourOf(1)).toEqual([0xfc, 0xff, 0xa4]);
    expect(colourOf(7)).toEqual(colourOf(1));
  });

  it('leaves a grey picture as it is where there is no heat, and colours it where there is', () => {
    const rgb = new Uint8Array(4 * 4 * 3).fill(120);
    const heat = { heat: Float32Array.of(0, 0, 0, 1), widthPx: 2, heightPx: 2 };
    const drawn = overlay({ rgb, width: 4, height: 4 }, heat, null, 1, 1);
    expect([...drawn.slice(0, 3)]).toEqual([120, 120, 120]);
    expect([...drawn.slice(-3)]).not.toEqual([120, 120, 120]);
    expect([...rgb]).toEqual(new Array(48).fill(120));
  });

  it('outlines the box at its very edge', () => {
    const rgb = new Uint8Array(8 * 8 * 3);
    const heat = { heat: new Float32Array(1), widthPx: 1, heightPx: 1 };
    const drawn = overlay({ rgb, width: 8, height: 8 }, heat, { x: 1, y: 1, width: 2, height: 2 }, 2);
    const white = [...Array(64).keys()].filter((at) => drawn[at * 3] === 255);
    const columns = white.map((at) => at % 8);
    expect([Math.min(...columns), Math.max(...columns), white.length]).toEqual([2, 5, 12]);
  });

  it('keeps its sum, away from the rim, when it is smoothed, and its middle', () => {
    const heat = new Float32Array(15 * 15);
    heat[7 * 15 + 7] = 1;
    const { heat: soft } = smoothed({ heat, widthPx: 15, heightPx: 15 }, 1.25);
    expect(soft.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    expect(soft.indexOf(Math.max(...soft))).toBe(7 * 15 + 7);
    expect(soft[7 * 15 + 6]).toBeCloseTo(soft[6 * 15 + 7], 7);
  });
});

describe('the report', () => {
  const metric = (measure: string, value: number | null, more: Partial<Metric> = {}): Metric => ({
    measure,
    value,
    low: null,
    high: null,
    pictures: 8,
    skipped: 0,
    params: {},
    ...more,
  });
  const metrics = [
    metric('accuracy', 0.625),
    metric('energy-in-box', null, { params: { method: 'gradient-energy' } }),
    metric('pointing-game', 0.5),
    metric('localisation-accuracy', 0.25),
    metric('saliency-metric', 1.5),
    metric('mean-iou', 0.333),
    metric('fgsm', 0.125, { curve: [{ x: 2 / 255, y: 0.125, low: null, high: null }] }),
    metric('outside-blurred', 0.75),
  ];
  const config = runConfigSchema.parse({
    objective: 'standard',
    model: 'resnet8',
    sizePx: 64,
    epochs: 4,
    batch: 8,
    seed: 3,
  });
  const html = reportHtml({
    seed: 3,
    seconds: 123,
    version: '1.2.3',
    runs: [{ title: 'A <b>', number: 1, config, seconds: 60, bestEpoch: 4, metrics }],
    pictures: [
      {
        name: '"><script>.png',
        className: 'cat & dog',
        picture: 'data:,',
        runs: [{ heat: 'data:,', says: 'cat', score: 0.5, correct: false, energyInBox: 0.4 }],
      },
    ],
  });

  it('shows figures in per cent, and a dash where there is none', () => {
    for (const metricValue of ['62.5', '12.5', '75.0 %', '– %', '40.0 %', '0.33', '–'])
      expect(html).toContain(metricValue);
  });

  it('takes names for text, not for HTML', () => {
    expect(html).not.toContain('<script');
    expect(html).not.toContain('A <b>');
    expect(html).toContain('cat &#38; dog');
  });

  it('needs nothing but itself', () => {
    expect(html).not.toMatch(/https?:|src="(?!data:)|<link|@import/);
  });
});
