import { describe, expect, it } from 'vitest';
import type { Job } from '../../../src-main/contracts/jobs.ts';
import type { ParamField } from '../../../src-main/contracts/methods.ts';
import { readSet } from '../../../src-main/cli/set-values.ts';
import { barOf, clock, table } from '../../../src-main/cli/terminal.ts';

describe('the progress bar', () => {
  const job = { title: 'Run 1', done: 0, total: 0, note: 'starting', secondsLeft: null } as Job;

  it('shows share, what is going on and the time left', () => {
    const bar = barOf({ ...job, done: 3, total: 12, note: 'epoch 3 of 12', secondsLeft: 75.4 });
    expect(bar).toBe('Run 1  ██████──────────────────  25 %  epoch 3 of 12, 1:15 left');
  });

  it('claims no share while the whole is unknown', () => {
    expect(barOf(job)).not.toContain('%');
  });
});

describe('a clock', () => {
  it.each([
    [0, '0:00'],
    [9.6, '0:10'],
    [75, '1:15'],
    [600, '10:00'],
    [4000, '1:06:40'],
  ])('reads %d seconds as %s', (seconds, reading) => expect(clock(seconds)).toBe(reading));
});

describe('a table', () => {
  it('aligns words left and figures right', () => {
    expect(
      table([
        ['run', 'accuracy'],
        ['standard', '9 %'],
      ]),
    ).toEqual(['run       accuracy', 'standard       9 %']);
  });
});

describe('--set', () => {
  const field = (name: string, kind: ParamField['kind'], choices?: string[]): ParamField => ({
    name,
    title: name,
    help: name,
    kind,
    default: 0,
    main: false,
    ...(choices && { choices }),
  });
  const fields = [
    field('lambda', 'number'),
    field('epochs', 'integer'),
    field('flip', 'boolean'),
    field('outside', 'choice', ['none', 'swap']),
  ];

  it('reads each value as its field says', () => {
    expect(readSet(['lambda=1e-3', 'epochs=4', 'flip=false', 'outside=swap'], fields, 'mine')).toEqual({
      lambda: 0.001,
      epochs: 4,
      flip: false,
      outside: 'swap',
    });
  });

  it.each([
    ['nope=1', /no parameter "nope".*/],
    ['lambda', /needs a value/],
    ['lambda=', /a number/],
    ['epochs=1.5', /a whole number/],
    ['flip=yes', /true or false/],
    ['outside=blurry', /one of none, swap/],
    ['__proto__=1', /no parameter/],
  ])('refuses %s', (text, says) => expect(() => readSet([text], fields, 'mine')).toThrow(says));

  it('says of a method without parameters that it has none', () =>
    expect(() => readSet(['k=1'], [], 'accuracy')).toThrow('accuracy has no parameters'));
});
