// When the heat map that is shown may stay until the next one is there.

import { expect, test } from 'vitest';
import type { ImageId, RunId } from '../../../src-main/contracts/ids.ts';
import { subjectOf } from '../../../src-renderer/heat/explained.svelte.ts';
import type { ExplainRequest } from '../../../src-renderer/heat/heat-maps.ts';

const shown: ExplainRequest = {
  project: 'a',
  runId: 1 as RunId,
  imageId: 1 as ImageId,
  method: 'grad-cam',
  params: { k: 1 },
  target: 'true',
  eps: 0,
};

test('a parameter that is moved keeps the last map until the next', () => {
  expect(subjectOf({ ...shown, params: { k: 2 } })).toBe(subjectOf(shown));
  expect(subjectOf({ ...shown, eps: 2 / 255, attack: 'pgd' })).toBe(
    subjectOf({ ...shown, eps: 1 / 255, attack: 'pgd' }),
  );
});

test.each<Partial<ExplainRequest>>([
  { method: 'input-gradient' },
  { imageId: 2 as ImageId },
  { runId: 2 as RunId },
  { target: 'predicted' },
  { eps: 1 / 255, attack: 'pgd' },
])('never is a map of something else shown under %o', (change) => {
  expect(subjectOf({ ...shown, ...change })).not.toBe(subjectOf(shown));
});
