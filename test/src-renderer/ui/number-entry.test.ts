// What a number field accepts.

import { expect, test } from 'vitest';
import { rangeText, readNumber, stepNumber, writeNumber } from '../../../src-renderer/ui/number-entry.ts';

test('numbers inside the range are taken, with comma or point', () => {
  expect(readNumber(' 0,5 ', { min: 0, max: 1 })).toEqual({ value: 0.5 });
  expect(readNumber('1e-4', { min: 0 })).toEqual({ value: 1e-4 });
});

test('fractions are taken as people write the size of an attack', () => {
  expect(readNumber('8/255', { min: 0, max: 1 })).toEqual({ value: 8 / 255 });
  expect(readNumber(' 1 / 2 ', {})).toEqual({ value: 0.5 });
  for (const text of ['8/', '/255', '1/0', '1/2/3'])
    expect(readNumber(text, {})).toEqual({ problem: 'a number' });
  expect(readNumber('8/255', { integer: true })).toEqual({ problem: 'a whole number' });
});

test('anything else says what would be accepted', () => {
  expect(readNumber('-4', { min: 0 })).toEqual({ problem: '0 or more' });
  expect(readNumber('200', { min: 1, max: 100 })).toEqual({ problem: '1 to 100' });
  expect(readNumber('', {})).toEqual({ problem: 'a number' });
  expect(readNumber('4.5', { integer: true, min: 1 })).toEqual({ problem: 'a whole number, 1 or more' });
  expect(readNumber('Infinity', {})).toEqual({ problem: 'a number' });
});

test('steps leave no dust and stop at the range', () => {
  expect(stepNumber(0.1, 0.2, {})).toBe(0.3);
  expect(stepNumber(9, 10, { max: 10 })).toBe(10);
});

test('small numbers are written out', () => {
  expect(writeNumber(0.0005)).toBe('0.0005');
  expect(rangeText({ max: 0.001 })).toBe('0.001 or less');
});
