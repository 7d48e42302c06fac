import { describe, expect, it } from 'vitest';
import { escapeHidden, printable } from '../../../src-main/contracts/printable.ts';

describe('text from outside, as it is shown', () => {
  it('holds no character that a terminal obeys, and says which it was', () => {
    expect(printable('a\u001b[2Jb\u0007c\u009b31md\u007f')).toBe('a\\u001b[2Jb\\u0007c\\u009b31md\\u007f');
    expect(printable('\u001b]0;title\u0007')).not.toMatch(/\p{Cc}/u);
  });

  it('does not turn around or hide what stands beside it', () => {
    expect(printable('photo\u202egnp.exe')).toBe('photo\\u202egnp.exe');
    expect(printable('a\u200bb\u2066c\ufeff')).toBe('a\\u200bb\\u2066c\\ufeff');
  });

  it('is one line', () => {
    expect(printable('one\n  two\r\nthree\u2028four')).toBe('one two three\\u2028four');
  });

  it('keeps its start and its end when it is cut, so that the reason stays', () => {
    const shown = printable(`${'x'.repeat(100_000)}: the file is empty`);
    expect(shown.length).toBeLessThan(1100);
    expect(shown).toMatch(/^x+ … \(\d+ characters left out\) … x+: the file is empty$/);
  });

  it('stays as it is if it is a name like any other, of any script', () => {
    for (const name of ['Müller 3.png', '写真-1.jpg', 'צילום.png', '😀.webp', '👨‍👩‍👧.png', 'e\u0301té (2).png'])
      expect(printable(name)).toBe(name);
  });

  it('is still the same JSON when only escaped', () => {
    const object = { name: 'a\u001b\u009b\u202e\u2028b', half: '\ud800' };
    const line = escapeHidden(JSON.stringify(object));
    expect(JSON.parse(line)).toEqual(object);
    expect(line).not.toMatch(/[\u007f-\u009f\u2028\u202e]/);
  });
});
