// A run's network as a file for other programs: what the file says of its origin, and on which pictures it is checked.

import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { JobId, RunId } from '../contracts/ids.ts';
import type { ExportOutcome, ModelFormat, LabelledImage } from '../contracts/worker-protocol.ts';
import { sha256Of } from '../engine/data/weights-file.ts';
import type { StoredRun } from '../storage/runs.ts';
import type { Context, Handlers } from '../core/context.ts';
import { requireWeights } from './evaluations.ts';
import type { JobHandle } from '../core/jobs.ts';
import { cacheFolderOf, nameOf, type OpenProject } from '../core/open-project.ts';
import { checkpointOf, modelOf, imagesOf, storedRun } from './run-records.ts';

export const modelExportHandlers: Handlers<'exports.model'> = {
  'exports.model': (context, { runId, format, folder, name }) =>
    startExport(context, runId, format, path.join(context.files.resolve(folder), name)),
};

/** On so many pictures an exported file is compared with the app. */
const CHECKED = 32;

function startExport(context: Context, runId: RunId, format: ModelFormat, out: string): JobId {
  const project = context.project();
  const run = storedRun(project, runId);
  requireWeights(project, runId);
  const name = path.basename(out);
  if (path.extname(name) !== `.${format}`)
    throw new AppError('bad-input', `${name} would hold ${format} under another name`, {
      file: name,
      reason: `let the name end in .${format}, or choose the other format`,
    });
  if (fs.existsSync(out))
    throw new AppError('conflict', `${name} is there already`, { file: name, reason: 'choose another name' });
  return context.jobs.start(
    { kind: 'export', title: `Export of run ${runId} as ${name}`, unit: 'pictures', runId },
    async (handle) => ({
      runId,
      format,
      file: context.files.shorten(out),
      ...(await writeModel(context, project, run, { format, out }, handle)),
    }),
  ).id;
}

/** Writes the network of a run to a file, as the work of a job. @throws AppError 'cancelled' */
export async function writeModel(
  context: Context,
  project: OpenProject,
  run: StoredRun,
  { format, out }: { format: ModelFormat; out: string },
  handle: JobHandle,
): Promise<ExportOutcome> {
  const answer = context.workers.call(
    'interactive',
    'exportModel',
    {
      format,
      out,
      model: modelOf(project, run),
      metadata: await originOf(context, project, run),
      images: checkedImages(project, run),
      cacheFolder: cacheFolderOf(project),
    },
    (event) => {
      if (event.kind === 'progress') handle.progress(event.done, event.total, event.note);
    },
  );
  handle.signal.addEventListener('abort', () => answer.control('cancel'), { once: true });
  const outcome = await answer.value;
  if (handle.signal.aborted) throw new AppError('cancelled', 'the export was cancelled');
  return outcome;
}

/** All that is needed to know, years later, what made the file. */
async function originOf(
  context: Context,
  project: OpenProject,
  run: StoredRun,
): Promise<Record<string, string>> {
  const { objective, params, seed, sizePx, settings, start } = run.config;
  return {
    producer: `Fovea ${context.options.version}`,
    project: nameOf(project),
    run: String(run.id),
    epoch: String(run.best?.epoch ?? run.epochsDone),
    trainedAt: new Date(run.createdAt).toISOString(),
    objective,
    parameters: JSON.stringify(params),
    settings: JSON.stringify(settings),
    seed: String(seed),
    sizePx: String(sizePx),
    startedFrom: start ? `${start.name} ${start.sha256}` : 'scratch',
    snapshot: String(run.snapshotId),
    checkpointSha256: await sha256Of(checkpointOf(project, run.id)),
  };
}

/** Spread over the part that was kept for measuring, or over what there is. */
function checkedImages(project: OpenProject, run: StoredRun): LabelledImage[] {
  const snapshot = project.store.snapshots.load(run.snapshotId);
  const parts = (['test', 'selection', 'train'] as const).map((split) =>
    imagesOf(project, run, snapshot, split),
  );
  const images = parts.find((part) => part.length >= CHECKED) ?? parts.flat();
  const count = Math.min(CHECKED, images.length);
  return Array.from({ length: count }, (_, i) => images[Math.floor((i * images.length) / count)]);
}
