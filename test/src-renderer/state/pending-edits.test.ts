// What the screen shows between an edit and the core's answer.

import { expect, test } from 'vitest';
import type { Annotation, AnnotationId, ClassId, Edit, ImageId } from '../../../src-main/contracts/index.ts';
import { applyEdits, namedIds, renamed } from '../../../src-renderer/state/pending-edits.ts';

const imageId = 1 as ImageId;
const id = (value: number) => value as AnnotationId;
const box = (x: number) => ({ kind: 'box' as const, box: { x, y: 0, width: 5, height: 5 } });
const annotation = (value: number, more: Partial<Annotation> = {}): Annotation => ({
  id: id(value),
  imageId,
  classId: null,
  shape: box(value),
  origin: 'import',
  hidden: false,
  locked: false,
  isCrowd: false,
  attributes: {},
  ...more,
});

test('an added shape is there at once, under an id that no stored one can have', () => {
  const edits: Edit[] = [
    { do: 'add', classId: 2 as ClassId, shape: box(9) },
    { do: 'add', classId: null, shape: box(10) },
  ];
  const after = applyEdits([annotation(1)], { edits, firstId: -3 }, imageId);
  expect(after.map((one) => one.id)).toEqual([1, -3, -4]);
  expect(after[1]).toMatchObject({ classId: 2, origin: 'person', hidden: false, locked: false });
});

test('a change keeps what it does not name', () => {
  const before = [annotation(1, { classId: 4 as ClassId, locked: true })];
  const after = applyEdits(
    before,
    { edits: [{ do: 'change', id: id(1), shape: box(7) }], firstId: -1 },
    imageId,
  );
  expect(after[0]).toMatchObject({ classId: 4, locked: true, shape: box(7) });
  const unclassed = applyEdits(
    before,
    { edits: [{ do: 'change', id: id(1), classId: null }], firstId: -1 },
    imageId,
  );
  expect(unclassed[0]?.classId).toBeNull();
});

test('nothing that was there before is altered in place', () => {
  const before = Object.freeze([Object.freeze(annotation(1)), Object.freeze(annotation(2))]);
  const after = applyEdits(before, { edits: [{ do: 'delete', id: id(1) }], firstId: -1 }, imageId);
  expect(before).toHaveLength(2);
  expect(after.map((one) => one.id)).toEqual([2]);
});

test('edits sent before the answer follow the shape to its new id', () => {
  const sent = { edits: [{ do: 'add', classId: null, shape: box(9) } satisfies Edit], firstId: -1 };
  const names = namedIds([annotation(1)], [annotation(1), annotation(42)], sent);
  expect([...names]).toEqual([[-1, 42]]);
  const later: Edit[] = [
    { do: 'change', id: id(-1), shape: box(3) },
    { do: 'delete', id: id(1) },
  ];
  expect(renamed(later, names)).toEqual([
    { do: 'change', id: 42, shape: box(3) },
    { do: 'delete', id: 1 },
  ]);
});

test('several added shapes are named in the order in which they were added', () => {
  const edits: Edit[] = [5, 6].map((x) => ({ do: 'add', classId: null, shape: box(x) }));
  const names = namedIds([], [annotation(11), annotation(10)], { edits, firstId: -7 });
  expect([...names]).toEqual([
    [-7, 10],
    [-8, 11],
  ]);
});
