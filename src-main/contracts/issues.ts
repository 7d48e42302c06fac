// What a schema finds wrong, in the words that people read: zod's own are made for programmers.

import type { z } from 'zod';

const kinds: Record<string, string> = {
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  string: 'text',
  array: 'a list',
  object: 'a record',
  record: 'a record',
};

/** "must be 0 or more", to follow a field's name; null where zod's message is a person's own or says all there is. */
export function mustBe(issue: z.core.$ZodIssue): string | null {
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    return `must be ${values.length > 1 ? 'one of ' : ''}${values.join(', ')}`;
  }
  if (issue.code === 'invalid_type')
    return `must be ${kinds[issue.expected] ?? issue.expected}${/received undefined/.test(issue.message) ? ', and is missing' : ''}`;
  if (issue.code === 'too_small') {
    const { minimum, inclusive = true, origin } = issue;
    const what = counted(origin, minimum);
    return what === null
      ? `must be ${inclusive ? `${minimum} or more` : `more than ${minimum}`}`
      : `must have ${minimum} ${what} or more`;
  }
  if (issue.code === 'too_big') {
    const { maximum, inclusive = true, origin } = issue;
    const what = counted(origin, maximum);
    return what === null
      ? `must be ${inclusive ? `${maximum} or less` : `less than ${maximum}`}`
      : `must have ${maximum} ${what} or less`;
  }
  return null;
}

const counted = (origin: string, count: number | bigint): string | null => {
  const what = { string: 'character', array: 'entry', set: 'entry', map: 'entry' }[origin];
  if (what === undefined) return null;
  return Number(count) === 1 ? what : what.replace(/y$/, 'ie') + 's';
};

/** "limit must be 500 or less" */
export function issueLine(issue: z.core.$ZodIssue): string {
  const place = issue.path.join('.');
  const words = mustBe(issue);
  if (words !== null) return place === '' ? `it ${words}` : `${place} ${words}`;
  if (issue.code === 'unrecognized_keys')
    return `there is no ${issue.keys.map((key) => `"${[...issue.path, key].join('.').slice(0, 80)}"`).join(', ')}`;
  return place === '' ? issue.message : `${place}: ${issue.message}`;
}
