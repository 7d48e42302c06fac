// The keys of the Annotate screen.

import { expect, test } from 'vitest';
import { commandOf, keyRows, stepOf } from '../../../src-renderer/canvas/key-map.ts';

test('no key means two things', () => {
  const keys = keyRows.flatMap((row) => row.keys);
  expect(new Set(keys).size).toBe(keys.length);
});

test.each([
  ['W', 'box-tool'],
  ['B', 'box-tool'],
  ['V', 'select-tool'],
  ['D', 'next'],
  ['A', 'previous'],
  ['Ctrl D', 'duplicate'],
  ['Ctrl A', 'select-all'],
  ['Ctrl Z', 'undo'],
  ['Ctrl Shift Z', 'redo'],
  ['Del', 'delete'],
  ['3', 'class'],
  ['Alt Shift Up', 'resize'],
  ['Shift D', null],
])('%s is %s', (chord, command) => {
  expect(commandOf(chord)).toBe(command);
});

test('arrows are one pixel, ten with Shift', () => {
  expect(stepOf('Left')).toEqual({ x: -1, y: 0 });
  expect(stepOf('Alt Shift Down')).toEqual({ x: 0, y: 10 });
});
