import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { issueLine } from '../../../src-main/contracts/issues.ts';

const schema = z.strictObject({
  share: z.number().min(0).lt(1),
  kind: z.enum(['one', 'other']),
  name: z.string().min(1).max(3),
  list: z.array(z.number()).min(2),
  whole: z.int(),
  unique: z.array(z.number()).refine((values) => new Set(values).size === values.length, 'a value is twice'),
});
const right = { share: 0, kind: 'one', name: 'a', list: [1, 2], whole: 1, unique: [] };

describe('what a schema finds wrong', () => {
  it.each<[object, string]>([
    [{ share: -1 }, 'share must be 0 or more'],
    [{ share: 1 }, 'share must be less than 1'],
    [{ share: 'x' }, 'share must be a number'],
    [{ share: undefined }, 'share must be a number, and is missing'],
    [{ kind: 'none' }, 'kind must be one of one, other'],
    [{ name: '' }, 'name must have 1 character or more'],
    [{ name: 'abcd' }, 'name must have 3 characters or less'],
    [{ list: [1] }, 'list must have 2 entries or more'],
    [{ whole: 1.5 }, 'whole must be a whole number'],
    [{ unique: [1, 1] }, 'unique: a value is twice'],
    [{ more: 1 }, 'there is no "more"'],
  ])('%j is told in plain words', (wrong, line) => {
    const { error } = schema.safeParse({ ...right, ...wrong });
    expect(error!.issues.map(issueLine)).toEqual([line]);
  });
});
