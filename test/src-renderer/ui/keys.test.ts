// Key presses as chords.

import { expect, test } from 'vitest';
import { chordOf, type KeyPress } from '../../../src-renderer/ui/keys.ts';

const press = (key: string, code: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  code,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...more,
});

test.each([
  [press('w', 'KeyW'), 'W'],
  [press('W', 'KeyW'), 'W'], // Caps Lock
  [press('Z', 'KeyZ', { ctrlKey: true, shiftKey: true }), 'Ctrl Shift Z'],
  [press('z', 'KeyZ', { metaKey: true }), 'Ctrl Z'],
  [press(' ', 'Space'), 'Space'],
  [press('ArrowLeft', 'ArrowLeft', { altKey: true, shiftKey: true }), 'Alt Shift Left'],
  [press('?', 'Minus', { shiftKey: true }), '?'],
  [press('+', 'Equal', { shiftKey: true }), '+'],
  [press('+', 'Digit1', { shiftKey: true }), '+'], // Swiss
  [press('&', 'Digit1'), '1'], // French: digits need Shift
  [press('1', 'Digit1', { shiftKey: true }), '1'],
  [press('7', 'Numpad7'), '7'],
  [press('Delete', 'Delete'), 'Del'],
  [press('F6', 'F6', { shiftKey: true }), 'Shift F6'],
])('%o is %s', (event, chord) => {
  expect(chordOf(event)).toBe(chord);
});
