// Numbers as people read them.

import { expect, test } from 'vitest';
import {
  ago,
  bytes,
  count,
  counted,
  duration,
  middle,
  percent,
  sentence,
} from '../../../src-renderer/ui/format.ts';

test('counts, shares and sizes', () => {
  expect(count(1184)).toBe('1,184');
  expect(counted(1, 'box', 'boxes')).toBe('1 box');
  expect(counted(2, 'box', 'boxes')).toBe('2 boxes');
  expect(percent(0.876)).toBe('87.6 %');
  expect(percent(null)).toBe('–');
  expect(bytes(940)).toBe('940 B');
  expect(bytes(5_240_000)).toBe('5.2 MB');
});

test.each([
  [0.2, '1 s'],
  [8, '8 s'],
  [60, '1 min'],
  [1080, '18 min'],
  [4200, '1 h 10 min'],
  [7200, '2 h'],
  [260_000, '3 days'],
])('%d seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test('times become coarser the longer they are past', () => {
  const now = new Date(2026, 10, 18, 12, 0).getTime();
  expect(ago(now - 20_000, now)).toBe('just now');
  expect(ago(now - 12 * 60_000, now)).toBe('12 min ago');
  expect(ago(new Date(2026, 10, 18, 9, 0).getTime(), now)).toBe('3 h ago');
  expect(ago(new Date(2026, 10, 17, 23, 0).getTime(), now)).toBe('yesterday');
  expect(ago(new Date(2026, 10, 16, 9, 0).getTime(), now)).toBe('Mon 16 Nov');
  expect(ago(new Date(2026, 10, 2, 9, 0).getTime(), now)).toBe('2 Nov');
  expect(ago(new Date(2024, 1, 2, 9, 0).getTime(), now)).toBe('2 Feb 2024');
});

test('a note becomes the start of a line', () => {
  expect(sentence('drawing pictures')).toBe('Drawing pictures');
  expect(sentence('')).toBe('');
});

test('a long name keeps both ends', () => {
  expect(middle('short.jpg', 18)).toBe('short.jpg');
  const shown = middle('american_bulldog_105.jpg', 18);
  expect(shown).toHaveLength(18);
  expect(shown.startsWith('american')).toBe(true);
  expect(shown.endsWith('105.jpg')).toBe(true);
});
