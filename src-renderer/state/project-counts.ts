// What the counts of a project become when one picture changes: so an edit is answered with the picture alone, and the
// core need not count a hundred thousand others.

import type {
  Annotation,
  ClassId,
  ImageRecord,
  ProjectCounts,
  ProjectState,
} from '../../src-main/contracts/index.ts';

export interface Labelled {
  image: ImageRecord;
  annotations: readonly Annotation[];
}

/** Both are of the same picture. */
export function withChange(state: ProjectState, before: Labelled, after: Labelled): ProjectState {
  const [was, is] = [countsOf(before.image), countsOf(after.image)];
  const counts = { ...state.counts, bySplit: { ...state.counts.bySplit } };
  for (const key of Object.keys(is) as (keyof typeof is)[]) counts[key] += is[key] - was[key];
  counts.bySplit[before.image.split ?? 'none'] -= 1;
  counts.bySplit[after.image.split ?? 'none'] += 1;

  const drawn = ({ annotations }: Labelled, id: ClassId): number =>
    annotations.filter(({ classId }) => classId === id).length;
  const classes = state.classes.map((record) => ({
    ...record,
    pictures:
      record.pictures +
      Number(after.image.classId === record.id) -
      Number(before.image.classId === record.id),
    annotations: record.annotations + drawn(after, record.id) - drawn(before, record.id),
  }));
  return { ...state, counts, classes };
}

const countsOf = ({
  boxes,
  masks,
  classId,
  missing,
}: ImageRecord): Omit<ProjectCounts, 'images' | 'bySplit'> => ({
  boxes,
  masks,
  annotated: Number(boxes > 0 || masks > 0),
  withBox: Number(boxes > 0),
  withMask: Number(masks > 0),
  unclassed: Number(classId === null),
  missing: Number(missing),
});
