// An import of a picture that is there already follows its source: what changed there and not here is updated, what
// changed in both is told and left as the person has it, what is gone there is offered for removal.

import type { Annotation } from '../contracts/dataset.ts';
import { boundsOf, intersectionOverUnion, type Box, type Shape } from '../contracts/geometry.ts';
import type { AnnotationId, ClassId } from '../contracts/ids.ts';
import type { ShapeFacts } from '../contracts/imported.ts';
import { keyOf, stateOf, type ImportKey, type LabelsId } from '../storage/import-keys.ts';
import type { FollowedShapes } from '../storage/imports.ts';

/** A shape as the source says it now. */
export interface Incoming {
  key: string;
  state: string;
  said: Pick<Annotation, 'classId' | 'shape' | 'isCrowd' | 'attributes'> & ShapeFacts;
}

interface Plan {
  /** Not known yet: to be added. */
  fresh: Incoming[];
  /** Known by what the source said before: their keys take the place of the old ones. */
  replaced: (Incoming & { annotationId: AnnotationId | null })[];
  /** Carried out when the import is shown. */
  change: FollowedShapes;
  /** What changed in both, for the report. */
  conflicts: string[];
}

/** Least overlap of a shape before and after, to be taken for the same. */
const SAME_IOU = 0.1;
/** Most pairs that are compared; with more, shapes that moved are taken for new ones. */
const MOST_PAIRS = 1_000_000;

/**
 * @param keys      what imports brought for the picture
 * @param own       labels that this import reads, under any name that they had
 * @param incoming  what they say now
 * @param standing  shapes of the picture as they are here
 */
export function follow(
  keys: readonly ImportKey[],
  own: ReadonlySet<LabelsId>,
  incoming: readonly Incoming[],
  standing: () => readonly Annotation[],
  nameOf: (id: ClassId | null) => string | null,
): Plan {
  const plan: Plan = {
    fresh: [],
    replaced: [],
    change: { updates: [], drop: [], gone: [], back: [], links: [] },
    conflicts: [],
  };
  const said = new Set(incoming.map(({ key }) => key));
  const linked = linkOld(keys, standing, nameOf);
  plan.change.links = [...linked].map(([key, { id }]) => ({ key, id }));
  let shapes: Map<AnnotationId, Annotation> | null = null;
  const standingOf = (id: AnnotationId | null) => {
    if (id === null) return undefined;
    shapes ??= new Map(standing().map((shape) => [shape.id, shape]));
    return shapes.get(id);
  };
  const before = keys.map((one) => {
    const shape = linked.get(one.key);
    return shape === undefined
      ? one
      : { ...one, annotationId: shape.id, state: stateOf(shape), bounds: boundsOf(shape.shape) };
  });
  const known = new Set(before.map(({ key }) => key));
  const isOwn = (one: ImportKey) => one.labelsId === null || own.has(one.labelsId);
  // Of what an older version brought and a person has changed since nothing is known but that it was there.
  const left = before.filter((one) => isOwn(one) && one.state !== null && !said.has(one.key));
  plan.change.back = before
    .filter((one) => isOwn(one) && one.goneIn !== 0 && said.has(one.key))
    .map(({ key }) => key);

  const pairs = paired(
    left,
    incoming.filter(({ key }) => !known.has(key)),
  );
  plan.fresh = pairs.fresh;
  for (const [old, now] of pairs.same) {
    const here = standingOf(old.annotationId);
    plan.change.drop.push(old.key);
    plan.replaced.push({ ...now, annotationId: here?.id ?? null });
    if (here === undefined)
      plan.conflicts.push(`${where(now.said.shape)} is changed there and deleted here; it stays deleted`);
    else if (stateOf(here) === old.state)
      plan.change.updates.push({ id: here.id, from: old.state, to: asStored(now.said) });
    else if (stateOf(here) !== now.state)
      plan.conflicts.push(`${where(here.shape)} is changed there and here; it stays as it is here`);
  }
  for (const old of pairs.gone) {
    const here = standingOf(old.annotationId);
    if (here === undefined) plan.change.drop.push(old.key);
    else if (stateOf(here) === old.state) plan.change.gone.push(old.key);
    else {
      // A person's own from now on.
      plan.change.drop.push(old.key);
      plan.conflicts.push(`${where(here.shape)} is deleted there and changed here; it stays as it is here`);
    }
  }
  return plan;
}

const asStored = ({ classId, shape, isCrowd, attributes }: Incoming['said']) => ({
  classId,
  shape,
  isCrowd,
  attributes,
});

/** Shapes that keys of an older version, which name none, were made into and that nobody changed. */
function linkOld(
  keys: readonly ImportKey[],
  standing: () => readonly Annotation[],
  nameOf: (id: ClassId | null) => string | null,
): Map<string, Annotation> {
  const old = new Set(keys.filter(({ state }) => state === null).map(({ key }) => key));
  const found = new Map<string, Annotation>();
  if (old.size === 0) return found;
  const repeats = new Map<string, number>();
  for (const shape of standing()) {
    const key = keyOf(nameOf(shape.classId), { shape: shape.shape });
    const repeat = (repeats.get(key) ?? 0) + 1;
    repeats.set(key, repeat);
    const numbered = repeat === 1 ? key : `${key}#${repeat}`;
    if (old.has(numbered)) found.set(numbered, shape);
  }
  return found;
}

/** What the source said before and what it says now of the same shape: the most overlapping first. */
function paired(before: readonly ImportKey[], now: readonly Incoming[]) {
  const same: [ImportKey & { state: string }, Incoming][] = [];
  const gone = new Set(before as readonly (ImportKey & { state: string })[]);
  const fresh = new Set(now);
  if (before.length * now.length <= MOST_PAIRS) {
    const boxes = now.map(({ said }) => boundsOf(said.shape));
    const candidates = [...gone].flatMap((old) =>
      now
        .map((one, i) => ({ old, one, iou: overlap(old.bounds, boxes[i]) }))
        .filter(({ iou }) => iou > SAME_IOU),
    );
    candidates.sort((a, b) => b.iou - a.iou);
    for (const { old, one } of candidates) {
      if (!gone.has(old) || !fresh.has(one)) continue;
      gone.delete(old);
      fresh.delete(one);
      same.push([old, one]);
    }
  }
  return { same, gone, fresh: [...fresh] };
}

const overlap = (a: Box | null, b: Box | null): number => (a && b ? intersectionOverUnion(a, b) : 0);

function where(shape: Shape): string {
  const box = boundsOf(shape);
  return box === null ? `a ${shape.kind}` : `the ${shape.kind} at ${Math.round(box.x)}, ${Math.round(box.y)}`;
}
