// The sample: a project of generated pictures with a planted shortcut, made from a seed. Asking for it
// again with the same seed opens the one that is there.

import fs from 'node:fs';
import path from 'node:path';
import { writeSample } from '../imaging/sample/index.ts';
import { PROJECT_FILE } from '../storage/project-store.ts';
import type { Context, Handlers } from '../core/context.ts';
import { importFrom } from './imports.ts';
import type { JobHandle } from '../core/jobs.ts';
import { createProject, openProject, type OpenProject } from '../core/open-project.ts';
import { adopt, closeCurrent, refuseWhileBusy } from './projects.ts';

export const sampleHandlers: Handlers<'sample.open'> = {
  'sample.open': (context, { seed }) => {
    refuseWhileBusy(context);
    const name = seed === 0 ? 'Sample' : `Sample ${seed}`;
    const folder = path.join(context.options.dataFolder, 'projects', name);
    return context.jobs.start(
      { kind: 'sample', title: `${name} project`, unit: 'pictures', queue: 'import' },
      async (handle) => ({ projectId: (await openSample(context, folder, name, seed, handle)).id }),
    ).id;
  },
};

/** Opens the sample in `folder`; makes it first if it is not there, or was never finished. */
export async function openSample(
  context: Context,
  folder: string,
  name: string,
  seed: number,
  handle: JobHandle,
): Promise<OpenProject> {
  const project = openOrCreate(context, folder, name);
  if (project.store.images.counts().images > 0) return project;
  const pictures = path.join(project.folder, 'pictures');
  const { signal } = handle;
  // Drawing and importing are two halves of one bar, which counts each picture once.
  let drawn = 0;
  await writeSample(pictures, {
    seed,
    signal,
    onProgress(done, total) {
      drawn = total;
      handle.progress(Math.floor(done / 2), total, 'drawing pictures');
    },
  });
  await importFrom(context, project, pictures, 'coco', {
    ...handle,
    progress: (done, _total, note) =>
      handle.progress(note === 'writing' ? drawn : Math.floor((drawn + done) / 2), drawn, note),
  });
  return project;
}

function openOrCreate(context: Context, folder: string, name: string): OpenProject {
  const { current } = context;
  if (current && fs.existsSync(folder) && current.folder === fs.realpathSync(folder)) return current;
  // Before the other is opened, so that a project that cannot be opened leaves none half open.
  closeCurrent(context);
  const project = fs.existsSync(path.join(folder, PROJECT_FILE))
    ? openProject(folder)
    : createProject(folder, name);
  adopt(context, project);
  return project;
}
