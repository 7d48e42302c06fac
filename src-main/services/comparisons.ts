// Two runs on the same pictures, and findings that a person saved with a note.

import type { CompareRow } from '../contracts/comparisons.ts';
import { AppError } from '../contracts/errors.ts';
import type { Handlers } from '../core/context.ts';
import { explain } from './explanations.ts';
import { imageOf } from '../core/open-project.ts';
import { evaluatedImages } from './metrics.ts';
import { storedRun } from './run-records.ts';

export const comparisonHandlers: Handlers<
  'comparisons.rows' | 'comparisons.list' | 'comparisons.save' | 'comparisons.delete'
> = {
  /** Pictures that both runs were evaluated on. */
  'comparisons.rows': (context, { runA, runB, split }) => {
    const { store } = context.project();
    const ofB = new Map(evaluatedImages(store, runB, split).map((image) => [image.imageId, image]));
    return evaluatedImages(store, runA, split).flatMap<CompareRow>((a) => {
      const b = ofB.get(a.imageId);
      return b ? [{ imageId: a.imageId, name: a.name, a, b }] : [];
    });
  },
  'comparisons.list': (context) => context.project().store.comparisons.all(),
  'comparisons.save': async (context, { runA, runB, imageId, method, params, classId, versus, note }) => {
    const project = context.project();
    storedRun(project, runA);
    storedRun(project, runB);
    imageOf(project, imageId);
    const energyOf = async (runId: typeof runA) =>
      (await explain(context, { runId, imageId, method, params, target: classId, versus })).energyInBox;
    const energyA = await energyOf(runA);
    const energyB = await energyOf(runB);
    const saved = project.store.comparisons.add({
      runA,
      runB,
      imageId,
      method,
      params,
      classId,
      versusId: versus ?? null,
      note,
      createdAt: Date.now(),
      energyA,
      energyB,
    });
    context.emit('project', { id: project.id, what: 'comparisons' });
    return saved;
  },
  'comparisons.delete': (context, { id }) => {
    const project = context.project();
    if (!project.store.comparisons.remove(id))
      throw new AppError('not-found', `there is no saved comparison ${id}`);
    context.emit('project', { id: project.id, what: 'comparisons' });
    return null;
  },
};
