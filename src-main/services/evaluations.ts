// Measuring a run over one part of the pictures it was started with.

import fs from 'node:fs';
import type { Split } from '../contracts/dataset.ts';
import { AppError } from '../contracts/errors.ts';
import { heatParams, mapParamPrefix } from '../contracts/heat-metrics.ts';
import type { ImageId, JobId, RunId } from '../contracts/ids.ts';
import type { ParamValue } from '../contracts/methods.ts';
import type { DeviceChoice } from '../contracts/devices.ts';
import type { RunConfig } from '../contracts/runs.ts';
import type { EvaluateOutcome, EvaluateSpec, LabelledImage } from '../contracts/worker-protocol.ts';
import { checkMeasureParams, mapAskedFor, measureById, measures } from '../engine/measures/index.ts';
import { checkParams } from '../engine/nn/registry.ts';
import { saliencyById, saliencyInfos } from '../engine/saliency/index.ts';
import { workerForChecks } from './checks.ts';
import { imagesAt } from './compared-images.ts';
import type { Context, Handlers } from '../core/context.ts';
import type { SnapshotPart } from '../storage/snapshots.ts';
import type { JobHandle } from '../core/jobs.ts';
import { cacheFolderOf, type OpenProject } from '../core/open-project.ts';
import { untilWritten } from '../core/until-written.ts';
import { evaluatedImages, evaluationSummary, runMetrics, valuesByKey } from './metrics.ts';
import { noteCurrent } from './projects.ts';
import { announce, checkpointOf, groupedImages, modelOf, storedRun } from './run-records.ts';

export const evaluationHandlers: Handlers<
  | 'evaluations.start'
  | 'evaluations.obstacles'
  | 'evaluations.summary'
  | 'evaluations.images'
  | 'metrics.list'
> = {
  'evaluations.start': async (context, { runId, split, against, ...asked }) => {
    const project = context.project();
    const { config } = storedRun(project, runId);
    const groupBy = asked.groupBy ?? config.groupBy;
    const chosen = chosenMeasures(asked.measures);
    await refuseUnmeasurable(context, chosen, { ...config, groupBy }, against !== undefined);
    if (context.current !== project)
      throw new AppError('conflict', 'the project was closed before its run could be measured');
    const others = against === undefined ? undefined : context.files.resolve(against);
    if (others !== undefined && others === fs.realpathSync(project.folder))
      throw new AppError('bad-input', 'a project cannot be compared with itself', {
        reason: 'name another project or a folder of pictures with --against',
      });
    return startEvaluation(context, project, runId, split, {
      ...asked,
      ...(others !== undefined && { against: others }),
    });
  },
  'evaluations.obstacles': (context, { config, measures, isCompared }) =>
    obstaclesIn(context, checkedMeasures(measures), config, isCompared),
  'evaluations.summary': (context, { runId, split }) =>
    evaluationSummary(context.project().store, runId, split),
  'evaluations.images': (context, { runId, split }) => evaluatedImages(context.project().store, runId, split),
  'metrics.list': (context, { runId, split }) => {
    const project = context.project();
    return runMetrics(project.store, storedRun(project, runId).id, split);
  },
};

interface EvaluationOptions {
  /** The usual ones if absent. Accuracy is always among them. */
  measures?: { id: string; params: Record<string, ParamValue> }[];
  /** Attribute that makes the groups, in place of the run's own. */
  groupBy?: string;
  /** Absolute path of a folder of pictures, or of a project, to compare with. */
  against?: string;
  /** Where it is computed; where the run was trained unless given. */
  device?: DeviceChoice;
}

/** @throws AppError 'not-found' without a finished epoch, 'bad-input' without pictures or for an unknown measure */
export function startEvaluation(
  context: Context,
  project: OpenProject,
  runId: RunId,
  split: Split,
  options: EvaluationOptions = {},
): JobId {
  const run = storedRun(project, runId);
  return startMeasuring(
    context,
    project,
    runId,
    split,
    options,
    ({ metrics, confusion, images }, labelledImages) => {
      const classes = run.trainedOn.classes.map(({ classId, name }) => ({ classId, name }));
      const trueIndex = new Map(labelledImages.map((image) => [image.imageId, image.classIndex]));
      project.store.evaluations.save(
        {
          runId,
          split,
          confusion,
          classes,
          images: labelledImages.length,
          withRegion: labelledImages.filter((image) => image.regions.length > 0).length,
          epoch: run.best?.epoch ?? run.epochsDone,
        },
        images.map(({ predictedIndex, ...image }) => ({
          ...image,
          imageId: image.imageId as ImageId,
          classId: classes[trueIndex.get(image.imageId)!].classId,
          predictedId: classes[predictedIndex].classId,
        })),
        metrics,
      );
      announce(context, runId);
      context.emit('project', { id: project.id, what: 'runs' });
      noteCurrent(context);
    },
  );
}

/**
 * Measures a run of a sweep on the pictures that the sweep set apart to choose by.
 * @throws AppError as startEvaluation does
 */
export function startTuning(
  context: Context,
  project: OpenProject,
  runId: RunId,
  options: EvaluationOptions,
): JobId {
  return startMeasuring(context, project, runId, 'tuning', options, ({ metrics }) =>
    project.store.sweeps.setMetricValues(runId, valuesByKey(metrics)),
  );
}

function startMeasuring(
  context: Context,
  project: OpenProject,
  runId: RunId,
  split: SnapshotPart,
  options: EvaluationOptions,
  keep: (outcome: EvaluateOutcome, images: readonly LabelledImage[]) => void,
): JobId {
  const run = storedRun(project, runId);
  requireWeights(project, runId);
  const { images, groups } = groupedImages(
    project,
    run,
    project.store.snapshots.load(run.snapshotId),
    split,
    options.groupBy ?? run.config.groupBy,
  );
  if (images.length === 0)
    throw new AppError('bad-input', `run ${runId} has no ${split} pictures to be evaluated on`);
  const measures = chosenMeasures(options.measures);

  const work = async (handle: JobHandle) => {
    handle.progress(0, images.length);
    const { device } = options;
    const { id } = await context.devices.choose(device ?? 'auto', device === undefined ? run.device : '');
    const answer = context.workers.call(
      'training',
      'evaluate',
      {
        device: id,
        model: modelOf(project, run),
        images,
        groups,
        measures,
        cacheFolder: cacheFolderOf(project),
        against:
          options.against === undefined
            ? []
            : await imagesAt(context.workers, options.against, handle.signal),
        seed: run.config.seed,
      },
      (event) => {
        if (event.kind === 'progress') handle.progress(event.done, event.total, event.note);
      },
    );
    handle.signal.addEventListener('abort', () => answer.control('cancel'), { once: true });
    const outcome = await answer.value;
    if (handle.signal.aborted) throw new AppError('cancelled', 'the evaluation was cancelled');
    // Its time is not to be lost for a disk that is full for a while.
    await untilWritten(
      () => keep(outcome, images),
      AbortSignal.any([handle.signal, project.closing.signal]),
      (error) =>
        handle.progress(
          images.length,
          images.length,
          error ? `${error.message}; it is tried again` : 'written',
        ),
    );
    return { runId, split };
  };
  const title = `Evaluation of run ${runId} on ${split} pictures`;
  return context.jobs.start(
    { kind: 'evaluate', title, unit: 'pictures', runId, queue: 'training', first: true },
    work,
  ).id;
}

/** With defaults filled in; accuracy first, since every table shows it. */
export function chosenMeasures(asked: EvaluationOptions['measures']): EvaluateSpec['measures'] {
  const wanted = asked ?? measures.filter(({ isUsual }) => isUsual).map(({ id }) => ({ id, params: {} }));
  const all = wanted.some(({ id }) => id === accuracyId)
    ? wanted
    : [{ id: accuracyId, params: {} }, ...wanted];
  return checkedMeasures(all);
}

const checkedMeasures = (asked: NonNullable<EvaluationOptions['measures']>): EvaluateSpec['measures'] =>
  asked.map(({ id, params }) => ({ id, params: inOneWay(checkMeasureParams(measureById(id), params)) }));

/** Parameters that ask for a heat map, in one way of several that mean the same. @throws AppError 'bad-input' */
function inOneWay(params: Record<string, ParamValue>): Record<string, ParamValue> {
  const map = mapAskedFor(params);
  if (!map) return params;
  const others = Object.entries(params).filter(
    ([name]) => name !== 'method' && !name.startsWith(mapParamPrefix),
  );
  const saliency = saliencyInfos().find(({ id }) => id === map.method)!;
  const checked = checkParams(saliencyById(map.method), map.params ?? {}) as Record<string, ParamValue>;
  return { ...Object.fromEntries(others), ...heatParams(saliency, checked) };
}
const accuracyId = 'accuracy';

type RunToMeasure = Pick<RunConfig, 'model' | 'sizePx' | 'settings' | 'groupBy'>;

/**
 * What keeps measures from being taken of such a run, known before anything is computed.
 * @param isCompared  whether pictures to compare with are named
 * @returns  for each measure, its parameters checked: why it cannot be taken; null where it can
 */
async function obstaclesIn(
  context: Context,
  measures: EvaluateSpec['measures'],
  { model, sizePx, settings, groupBy }: RunToMeasure,
  isCompared: boolean,
): Promise<(string | null)[]> {
  const inNetwork = await workerForChecks(context)('obstacles', {
    config: { model, sizePx, settings },
    measures,
  });
  return measures.map(({ id }, index) => {
    const { needs } = measureById(id);
    if (needs.includes('groups') && groupBy === undefined)
      return 'it needs groups: name their attribute with --group-by';
    if (needs.includes('against') && !isCompared)
      return 'it needs pictures to compare with: `fovea evaluate --against`';
    return inNetwork[index];
  });
}

/** @throws AppError 'bad-input' naming the measure and what keeps it from being taken */
export async function refuseUnmeasurable(
  context: Context,
  chosen: EvaluateSpec['measures'],
  run: RunToMeasure,
  isCompared = false,
): Promise<void> {
  const reasons = await obstaclesIn(context, chosen, run, isCompared);
  for (const [index, { id }] of chosen.entries())
    if (reasons[index] !== null)
      throw new AppError('bad-input', `${id} cannot be measured`, { place: id, reason: reasons[index] });
}

/** @throws AppError 'not-found' while a run has no finished epoch */
export function requireWeights(project: OpenProject, runId: RunId): void {
  if (!fs.existsSync(checkpointOf(project, runId)))
    throw new AppError('not-found', `run ${runId} has no finished epoch to look at yet`);
}
