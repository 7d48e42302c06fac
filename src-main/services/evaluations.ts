// Measuring a run over one part of the pictures it was started with.

import fs from 'node:fs';
import type { Split } from '../contracts/dataset.ts';
import { AppError } from '../contracts/errors.ts';
import type { ImageId, JobId, RunId } from '../contracts/ids.ts';
import { fgsmEpsilons } from '../engine/measures/index.ts';
import type { Context, Handlers } from './context.ts';
import type { JobHandle } from './job-list.ts';
import { cacheFolderOf, type OpenProject } from './open-project.ts';
import { noteCurrent } from './projects.ts';
import { announce, checkpointOf, modelOf, picturesOf, storedRun } from './run-records.ts';

export const evaluationHandlers: Handlers<
  'evaluations.start' | 'evaluations.summary' | 'evaluations.images'
> = {
  'evaluations.start': (context, { runId, split }) =>
    startEvaluation(context, context.project(), runId, split),
  'evaluations.summary': (context, { runId, split }) =>
    context.project().store.evaluations.summary(runId, split),
  'evaluations.images': (context, { runId, split }) =>
    context.project().store.evaluations.images(runId, split),
};

/** @throws AppError 'not-found' without a finished epoch, 'bad-input' without pictures */
export function startEvaluation(context: Context, project: OpenProject, runId: RunId, split: Split): JobId {
  const run = storedRun(project, runId);
  requireWeights(project, runId);
  const pictures = picturesOf(project, run, project.store.snapshots.load(run.snapshotId), split);
  if (pictures.length === 0)
    throw new AppError('bad-input', `run ${runId} has no ${split} pictures to be evaluated on`);

  const work = async (handle: JobHandle) => {
    handle.progress(0, pictures.length);
    const answer = context.workers.call(
      'training',
      'evaluate',
      {
        model: modelOf(project, run),
        pictures,
        cacheFolder: cacheFolderOf(project),
        fgsmEps: [...fgsmEpsilons],
        seed: run.config.seed,
      },
      (event) => {
        if (event.kind === 'progress') handle.progress(event.done, event.total, event.note);
      },
    );
    handle.signal.addEventListener('abort', () => answer.control('cancel'), { once: true });
    const { measures, confusion, images } = await answer.value;
    if (handle.signal.aborted) throw new AppError('cancelled', 'the evaluation was cancelled');
    const classes = run.trainedOn.classes.map(({ classId, name }) => ({ classId, name }));
    const trueIndex = new Map(pictures.map((picture) => [picture.imageId, picture.classIndex]));
    project.store.evaluations.save(
      {
        runId,
        split,
        images: pictures.length,
        withRegion: pictures.filter((picture) => picture.regions.length > 0).length,
        measures,
        confusion,
        classes,
      },
      images.map(({ predictedIndex, ...image }) => ({
        ...image,
        imageId: image.imageId as ImageId,
        classId: classes[trueIndex.get(image.imageId)!].classId,
        predictedId: classes[predictedIndex].classId,
      })),
    );
    announce(context, runId);
    context.emit('project', { id: project.id, what: 'runs' });
    noteCurrent(context);
    return { runId, split };
  };
  const title = `Evaluation of run ${runId} on ${split} pictures`;
  return context.jobs.start(
    { kind: 'evaluate', title, unit: 'pictures', runId, queue: 'training', first: true },
    work,
  ).id;
}

/** @throws AppError 'not-found' while a run has no finished epoch */
export function requireWeights(project: OpenProject, runId: RunId): void {
  if (!fs.existsSync(checkpointOf(project, runId)))
    throw new AppError('not-found', `run ${runId} has no finished epoch to look at yet`);
}
