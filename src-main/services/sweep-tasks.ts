// A sweep for other machines: written out as tasks that hold all they need, and brought home from whatever they have done.
// Bringing home is the only thing that writes into the project, and does no harm when it is repeated.

import fs from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../contracts/errors.ts';
import type { ImageId, RunId } from '../contracts/ids.ts';
import type { RunConfig } from '../contracts/runs.ts';
import { runOfPoint, sweepPlan, type CollectedTasks } from '../contracts/sweeps.ts';
import type { LabelledImage } from '../contracts/worker-protocol.ts';
import { makeFolder, writeFileWhole, writeFileWholeSync } from '../files/write-file.ts';
import type { StoredSweep } from '../storage/sweeps.ts';
import {
  dataFile,
  imagePath,
  packData,
  planFile,
  readPlan,
  readResult,
  readTask,
  runFolder,
  sha256,
  taskFile,
  taskFolder,
  weightsFile,
  type Plan,
  type Task,
  type TaskData,
  type TaskResult,
} from '../tasks/layout.ts';
import { heldBy, makeLease } from '../tasks/lease.ts';
import type { Context, Handlers } from '../core/context.ts';
import type { JobHandle } from '../core/jobs.ts';
import { runFolderOf, type OpenProject } from '../core/open-project.ts';
import { valuesByKey } from './metrics.ts';
import { groupedImages } from './run-records.ts';
import { sweepStanding } from './sweep-records.ts';
import { keepSweep } from './sweeps.ts';
import { fileOf } from './weights.ts';

export const sweepTaskHandlers: Handlers<'sweeps.plan' | 'sweeps.collect'> = {
  'sweeps.plan': async (context, { config: asked, folder: ref, images }) => {
    const folder = context.files.resolve(ref);
    if (fs.readdirSync(folder).length > 0)
      throw new AppError('conflict', `${path.basename(folder)} is not empty`, {
        file: path.basename(folder),
      });
    if (asked.halving)
      throw new AppError('bad-input', 'tasks do not wait for each other, which halving needs', {
        reason: 'plan without it, or train the sweep here',
      });
    const project = context.project();
    const sweep = await keepSweep(context, asked);
    const title = `Tasks of sweep ${sweep.id}`;
    return context.jobs.start({ kind: 'sweep', title, unit: 'pictures' }, async (handle) => {
      try {
        const plan = await writePlan(context, project, sweep, folder, images, handle);
        project.store.sweeps.setPlan(sweep.id, { id: plan.id, tasks: plan.tasks });
        context.emit('project', { id: project.id, what: 'sweeps' });
        return { sweepId: sweep.id, tasks: plan.tasks };
      } catch (thrown) {
        if (!project.closing.signal.aborted) project.store.sweeps.remove(sweep.id);
        throw thrown;
      }
    }).id;
  },
  'sweeps.collect': (context, { folder: ref }) => {
    const folder = context.files.resolve(ref);
    const project = context.project();
    const plan = readPlan(folder);
    const sweep = project.store.sweeps.all().find((one) => one.plan?.id === plan.id);
    if (!sweep)
      throw new AppError('not-found', `${path.basename(folder)} is no plan of this project`, {
        file: path.basename(folder),
        reason: 'it was written from another one, or its sweep was deleted',
      });
    const title = `Results of sweep ${sweep.id}`;
    return context.jobs.start({ kind: 'sweep', title, unit: 'tasks' }, (handle) =>
      collect(context, project, sweep, { folder, plan }, handle),
    ).id;
  },
};

async function writePlan(
  context: Context,
  project: OpenProject,
  sweep: StoredSweep,
  folder: string,
  how: 'copy' | 'link',
  handle: JobHandle,
): Promise<Plan> {
  const { config, trainedOn } = sweep;
  const positions = sweepPlan(config);
  const configs = positions.map((_, position) => taskConfig(sweep, position));
  const data = dataOf(project, sweep, configs[0]);
  await writeImages(data, folder, how, handle);
  for (const hash of new Set(configs.flatMap(({ start }) => start?.sha256 ?? []))) {
    makeFolder(path.join(folder, 'weights'));
    await fs.promises.copyFile(fileOf(context, hash), weightsFile(folder, hash));
  }
  const below: TaskData = {
    classes: trainedOn.classes.map(({ name }) => name),
    groups: data.groups,
    train: data.train.map(withoutPlace),
    selection: data.selection.map(withoutPlace),
    tuning: data.tuning.map(withoutPlace),
    test: data.test.map(withoutPlace),
  };
  const packed = packData(below);
  makeFolder(path.join(folder, 'data'));
  await writeFileWhole(dataFile(folder, packed.hash), [packed.bytes]);
  const plan: Plan = {
    version: 1,
    id: crypto.randomUUID(),
    tasks: positions.length,
    codeVersion: context.options.version,
  };
  for (const [position, run] of configs.entries()) {
    const number = position + 1;
    const task: Task = {
      version: 1,
      plan: plan.id,
      task: number,
      position,
      config: run,
      data: packed.hash,
      measures: config.measures,
    };
    makeFolder(taskFolder(folder, number));
    fs.writeFileSync(taskFile(folder, number), JSON.stringify(task, null, 1));
    makeLease(taskFolder(folder, number));
    if (handle.signal.aborted) throw new AppError('cancelled', 'the plan was cancelled');
  }
  // Last: a folder without it is no plan.
  writeFileWholeSync(planFile(folder), JSON.stringify(plan, null, 1));
  return plan;
}

/** The same wherever it is trained: what is fastest differs from machine to machine. */
function taskConfig({ config }: StoredSweep, position: number): RunConfig {
  const { point, seed } = sweepPlan(config)[position];
  const run = runOfPoint(config, config.points[point], seed);
  const settings = run.algorithms ? run.settings : { ...run.settings, convolutions: 'rules' as const };
  return { ...run, settings, device: run.device === 'auto' ? 'cpu' : run.device };
}

/** As the training process and the two evaluations of a sweep's run are given them. */
function dataOf(project: OpenProject, sweep: StoredSweep, config: RunConfig): Omit<TaskData, 'classes'> {
  const seenBy = { config, trainedOn: sweep.trainedOn };
  const snapshot = project.store.snapshots.load(sweep.snapshotId);
  const part = (split: 'train' | 'selection' | 'tuning' | 'test', of: 'one' | 'all') =>
    groupedImages(project, seenBy, snapshot, split, config.groupBy, of);
  const train = part('train', 'all');
  return {
    groups: train.groups,
    train: train.images,
    // Validation takes no groups.
    selection: groupedImages(project, seenBy, snapshot, 'selection', undefined, 'all').images,
    tuning: part('tuning', 'one').images,
    test: part('test', 'one').images,
  };
}

const withoutPlace = (image: LabelledImage): LabelledImage => ({
  ...image,
  file: imagePath(image.contentHash),
});

/** Each content once, under its hash; checked by whoever decodes it. */
async function writeImages(
  { train, selection, tuning, test }: Omit<TaskData, 'classes'>,
  folder: string,
  how: 'copy' | 'link',
  handle: JobHandle,
): Promise<void> {
  const all = [...train, ...selection, ...tuning, ...test];
  const files = [...new Map(all.map(({ contentHash, file }) => [contentHash, file]))];
  for (const prefix of new Set(files.map(([hash]) => hash.slice(0, 2))))
    makeFolder(path.join(folder, 'images', prefix));
  let next = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    while (next < files.length) {
      if (handle.signal.aborted) throw new AppError('cancelled', 'the plan was cancelled');
      const [hash, file] = files[next++];
      const target = path.join(folder, imagePath(hash));
      const isLinked =
        how === 'link' &&
        (await fs.promises.link(file, target).then(
          () => true,
          () => false, // another disk: a copy does
        ));
      if (!isLinked) await fs.promises.copyFile(file, target, fs.constants.COPYFILE_FICLONE);
      handle.progress(++done, files.length);
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

async function collect(
  context: Context,
  project: OpenProject,
  sweep: StoredSweep,
  { folder, plan }: { folder: string; plan: Plan },
  handle: JobHandle,
): Promise<CollectedTasks> {
  const { store } = project;
  const known = sweepStanding(store, sweep).runs;
  const { images } = groupedImages(
    project,
    { config: taskConfig(sweep, 0), trainedOn: sweep.trainedOn },
    store.snapshots.load(sweep.snapshotId),
    'test',
    undefined,
  );
  const pictures = new Map(images.map((image) => [image.imageId, image]));
  const refused: CollectedTasks['refused'] = [];
  const running: CollectedTasks['running'] = [];
  let collected = 0;
  let missing = 0;
  for (let task = 1; task <= plan.tasks; task++) {
    if (handle.signal.aborted) throw new AppError('cancelled', 'collecting was cancelled');
    const before = known.get(task - 1);
    if (before && (before.figures !== null || before.run.state === 'failed')) continue;
    try {
      const result = readResult(folder, plan, task);
      if (result) {
        await bringHome(project, sweep, { folder, task, result, pictures }, before?.runId);
        collected += 1;
      } else {
        const holder = heldBy(taskFolder(folder, task));
        if (holder === null) missing += 1;
        else running.push({ task, by: holder });
      }
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== 'bad-file') throw thrown;
      refused.push({ task, message: thrown.message });
    }
    handle.progress(task, plan.tasks);
  }
  if (collected > 0) {
    context.emit('project', { id: project.id, what: 'runs' });
    context.emit('project', { id: project.id, what: 'sweeps' });
  }
  return { sweepId: sweep.id, tasks: plan.tasks, collected, missing, running, refused };
}

/** Files first, then rows and the folder's name together. @throws AppError 'bad-file' for a file that is not the result's */
async function bringHome(
  project: OpenProject,
  sweep: StoredSweep,
  {
    folder,
    task,
    result,
    pictures,
  }: { folder: string; task: number; result: TaskResult; pictures: ReadonlyMap<number, LabelledImage> },
  known: RunId | undefined,
): Promise<void> {
  const { store } = project;
  const { outcome, device, seconds, best, warnings } = result;
  const position = task - 1;
  const config = taskConfig(sweep, position);
  if (!isDeepStrictEqual(readTask(folder, task).task.config, config))
    throw new AppError('bad-file', `task ${task}: it was trained otherwise than the sweep says`, {
      file: path.relative(folder, taskFile(folder, task)),
    });
  const classes = sweep.trainedOn.classes.map(({ classId, name }) => ({ classId, name }));
  const here = path.join(project.folder, 'runs', `.task-${task}`);
  fs.rmSync(here, { recursive: true, force: true });
  makeFolder(here);
  if (outcome.state === 'done') {
    for (const [name, hash] of Object.entries(outcome.files)) {
      const file = path.join(runFolder(folder, task), name);
      const bytes = await fs.promises.readFile(file).catch(() => null);
      if (bytes === null || sha256(bytes) !== hash)
        throw new AppError('bad-file', `task ${task}: ${name} is not the one of its result`, { file: name });
      fs.writeFileSync(path.join(here, name), bytes);
    }
    const strange = outcome.test.images.find(
      ({ imageId, predictedIndex }) => !pictures.has(imageId) || predictedIndex >= classes.length,
    );
    if (strange)
      throw new AppError(
        'bad-file',
        `task ${task}: its result is of pictures or classes that the sweep does not have`,
      );
  }
  const log = result.epochs.map((one) => ({ ...one, picturesPerSecond: one.picturesPerSecond ?? 0 }));
  store.transaction(() => {
    const id = known ?? store.runs.add(config, sweep.trainedOn, sweep.snapshotId, result.codeVersion);
    if (known === undefined) store.sweeps.addRun(sweep.id, position, id);
    store.epochMetrics.replace(id, log);
    store.runs.setProgress(id, best);
    store.runs.setOutcome(id, device, seconds);
    for (const warning of warnings) store.runs.warn(id, warning);
    if (outcome.state === 'failed') store.runs.setState(id, 'failed', outcome.error);
    else {
      store.runs.setState(id, 'done');
      const { metrics, confusion, images } = outcome.test;
      store.evaluations.save(
        {
          runId: id,
          split: 'test',
          confusion,
          classes,
          images: images.length,
          withRegion: [...pictures.values()].filter(({ regions }) => regions.length > 0).length,
          epoch: best?.epoch ?? log.length,
        },
        images.map(({ predictedIndex, ...image }) => ({
          ...image,
          imageId: image.imageId as ImageId,
          classId: classes[pictures.get(image.imageId)!.classIndex].classId,
          predictedId: classes[predictedIndex].classId,
        })),
        metrics,
      );
      store.sweeps.setTest(id, valuesByKey(metrics));
      store.sweeps.setMetricValues(id, valuesByKey(outcome.tuning));
    }
    const target = runFolderOf(project, id);
    fs.rmSync(target, { recursive: true, force: true });
    fs.renameSync(here, target);
  });
}
