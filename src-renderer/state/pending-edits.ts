// What the screen shows before the core has answered: the last known annotations with the sent edits
// applied. Added shapes get negative ids of their own until the core's answer names them.

import type { Annotation, AnnotationId, Edit, ImageId } from '../../src-main/contracts/index.ts';

/** A list of edits of one call. `firstId` is the (negative) id of its first added shape, counting down. */
export interface PendingEdits {
  edits: Edit[];
  firstId: number;
}

export function countAdds(edits: readonly Edit[]): number {
  return edits.filter((edit) => edit.do === 'add').length;
}

export function applyEdits(
  annotations: readonly Annotation[],
  { edits, firstId }: PendingEdits,
  imageId: ImageId,
): Annotation[] {
  let nextId = firstId;
  let result = [...annotations];
  for (const edit of edits) {
    if (edit.do === 'add') {
      result.push({
        id: nextId-- as AnnotationId,
        imageId,
        classId: edit.classId,
        shape: edit.shape,
        origin: 'person',
        hidden: false,
        locked: false,
        isCrowd: false,
        attributes: {},
      });
    } else if (edit.do === 'delete') {
      result = result.filter((annotation) => annotation.id !== edit.id);
    } else {
      const { do: _, id, ...changes } = edit;
      const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
      result = result.map((annotation) => (annotation.id === id ? { ...annotation, ...given } : annotation));
    }
  }
  return result;
}

/** Which ids the core gave to the added shapes of `pending`, in their order. */
export function namedIds(
  before: readonly Annotation[],
  after: readonly Annotation[],
  { edits, firstId }: PendingEdits,
): Map<AnnotationId, AnnotationId> {
  const known = new Set(before.map((annotation) => annotation.id));
  const fresh = after.filter((annotation) => !known.has(annotation.id)).map((annotation) => annotation.id);
  fresh.sort((one, other) => one - other);
  const names = new Map<AnnotationId, AnnotationId>();
  for (let index = 0; index < countAdds(edits); index += 1) {
    const named = fresh[index];
    if (named !== undefined) names.set((firstId - index) as AnnotationId, named);
  }
  return names;
}

/** The same edits with the ids that have become known. */
export function renamed(edits: readonly Edit[], names: ReadonlyMap<AnnotationId, AnnotationId>): Edit[] {
  return edits.map((edit) => (edit.do === 'add' ? edit : { ...edit, id: names.get(edit.id) ?? edit.id }));
}
