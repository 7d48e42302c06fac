import { describe, expect, it } from 'vitest';
import { fieldFor, isYes, yesLike } from '../../../../src-renderer/features/annotate/attribute-fields.ts';

describe('the field of an attribute', () => {
  it.each([
    ['yes', [], 'yes-no'],
    ['no', ['yes', 'no'], 'yes-no'],
    ['True', ['False'], 'yes-no'],
    ['1', ['0', '1'], 'yes-no'],
    ['1', ['1'], 'number'],
    ['3', ['0', '1', '12.5'], 'number'],
    ['rain', ['rain', 'sun'], 'choice'],
    ['rain', ['rain', '3'], 'choice'],
    ['', ['rain', 'sun'], 'choice'],
    ['rain', ['rain'], 'text'],
    ['', [], 'text'],
    ['n7', Array.from({ length: 31 }, (_, i) => `n${i}`), 'text'],
  ] as const)('of %j among %j is %s', (value, known, field) => {
    expect(fieldFor(value, known)).toBe(field);
  });

  it('keeps the words in which yes and no are said', () => {
    expect(yesLike(false, 'True', [])).toBe('False');
    expect(yesLike(true, '0', ['0', '1'])).toBe('1');
    expect(yesLike(true, '', [])).toBe('yes');
    expect([isYes('true'), isYes('0')]).toEqual([true, false]);
  });
});
