// Where a tooltip goes.

import { expect, test } from 'vitest';
import { tipPlace } from '../../../src-renderer/ui/tooltip.ts';

const view = { width: 1000, height: 600 };
const tip = { width: 100, height: 26 };

test('under its control, in the middle', () => {
  expect(tipPlace({ left: 200, top: 100, bottom: 130, width: 40 }, tip, view)).toEqual({
    left: 170,
    top: 136,
  });
});

test('above where there is no room below', () => {
  expect(tipPlace({ left: 200, top: 560, bottom: 590, width: 40 }, tip, view).top).toBe(560 - 6 - 26);
});

test('never beyond the window', () => {
  expect(tipPlace({ left: 0, top: 0, bottom: 20, width: 20 }, tip, view).left).toBe(4);
  expect(tipPlace({ left: 980, top: 0, bottom: 20, width: 20 }, tip, view).left).toBe(896);
});
