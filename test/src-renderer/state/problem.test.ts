// Errors in words.

import { expect, test } from 'vitest';
import { AppError } from '../../../src-main/contracts/errors.ts';
import { problemOf } from '../../../src-renderer/state/problem.ts';

test('file, place and reason are told', () => {
  const error = new AppError('bad-file', 'Import stopped', {
    file: 'a.xml',
    place: 'line 31',
    reason: 'xmax is beyond the picture',
  });
  expect(problemOf(error)).toEqual({
    message: 'Import stopped',
    where: 'a.xml, line 31',
    reason: 'xmax is beyond the picture',
  });
});

test('what the message says already is not said twice', () => {
  const error = new AppError('bad-file', 'a.xml is empty', { file: 'a.xml', reason: 'empty' });
  expect(problemOf(error)).toEqual({ message: 'a.xml is empty' });
});

test('a stranger is shown by its message', () => {
  expect(problemOf(new TypeError('x is not a function'))).toEqual({ message: 'x is not a function' });
});

test('the record that a failed job carries is told like the error that it was', () => {
  const error = new AppError('bad-file', 'Import stopped', { file: 'a.xml', reason: 'the file is empty' });
  expect(problemOf(error.toRecord())).toEqual(problemOf(error));
  expect(problemOf(structuredClone(error.toRecord())).reason).toBe('the file is empty');
});
