// A small share of the bench `fuzz-annotations`: damaged files are read or refused in words, and nothing crashes.

import { expect, it } from 'vitest';
import { mutatedAnnotations } from './mutated-annotations.ts';
import { countBy, exampleSet, folderOf } from './reading.ts';

it('reads or refuses 390 damaged files of all formats, each refusal naming file and place', async () => {
  const outcomes = [];
  for await (const outcome of mutatedAnnotations(3, 390, folderOf({}), exampleSet())) outcomes.push(outcome);
  expect(outcomes.filter(({ result }) => result === 'crash').map(({ reason }) => reason)).toEqual([]);
  const counts = countBy(outcomes, ({ result }) => result);
  expect(counts.read).toBeGreaterThan(50);
  expect(counts.refused).toBeGreaterThan(50);
});
