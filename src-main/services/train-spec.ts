// What the training process is told of a run: its configuration, and the pictures as its snapshot has them.

import path from 'node:path';
import type { LabelledImage, TrainSpec } from '../contracts/worker-protocol.ts';
import type { StoredRun } from '../storage/runs.ts';
import type { Snapshot } from '../storage/snapshots.ts';
import type { Context } from '../core/context.ts';
import { cacheFolderOf, runFolderOf, type OpenProject } from '../core/open-project.ts';
import { groupedImages, imagesOf, type SeenBy } from './run-records.ts';
import { fileOf } from './weights.ts';

/** Pictures whose heat maps are redrawn after each epoch. */
const PINNED = 4;

/** @param goesOn  from its checkpoint, where there is one */
export function specOf(
  context: Context,
  project: OpenProject,
  run: SeenBy & Pick<StoredRun, 'id'>,
  snapshot: Snapshot,
  goesOn: boolean,
): TrainSpec {
  const selection = imagesOf(project, run, snapshot, 'selection', 'all');
  const { groupBy } = run.config;
  const { images: train, groups } = groupedImages(project, run, snapshot, 'train', groupBy, 'all');
  const runFolder = runFolderOf(project, run.id);
  return {
    runId: run.id,
    config: run.config,
    params: run.config.params,
    classes: run.trainedOn.classes.map(({ name }) => name),
    groups,
    train,
    selection,
    cacheFolder: cacheFolderOf(project),
    runFolder,
    resume: goesOn,
    pinned: pinnedOf(selection),
    ...(run.config.start && { startFile: fileOf(context, run.config.start.sha256) }),
    autotuneFile: path.join(context.options.dataFolder, 'convolution-forms.json'),
  };
}

/** Pictures with a region, of as many classes as there are. */
function pinnedOf(images: readonly LabelledImage[]): number[] {
  const withRegion = images.filter((image) => image.regions.length > 0);
  const groups = [...Map.groupBy(withRegion, (image) => image.classIndex).values()];
  const chosen: number[] = [];
  for (let round = 0; chosen.length < Math.min(PINNED, withRegion.length); round++)
    for (const group of groups) if (group[round] && chosen.length < PINNED) chosen.push(group[round].imageId);
  return chosen;
}
