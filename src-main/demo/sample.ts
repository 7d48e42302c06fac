// The sample: a project of generated pictures with a planted shortcut, made from a seed. Asking for it
// again with the same seed opens the one that is there.

import fs from 'node:fs';
import path from 'node:path';
import { PROJECT_FILE } from '../storage/project-store.ts';
import type { Context, Handlers } from '../core/context.ts';
import { importFrom } from '../services/imports.ts';
import type { JobHandle } from '../core/jobs.ts';
import { closeCurrent, createProject, openProject, type OpenProject } from '../core/open-project.ts';
import { adopt, folderNameOf, ownFolder, refuseWhileBusy } from '../services/projects.ts';

export const sampleHandlers: Handlers<'sample.open'> = {
  'sample.open': (context, { seed, parent, ...asked }) => {
    refuseWhileBusy(context);
    const name = asked.name === undefined ? usualName(seed) : folderNameOf(asked.name);
    const within = parent === null ? ownFolder(context) : context.files.resolve(parent);
    const folder = path.join(within, name);
    return context.jobs.start(
      { kind: 'sample', title: `${name} project`, unit: 'pictures', queue: 'import' },
      async (handle) => ({ projectId: (await openSample(context, folder, name, seed, handle)).id }),
    ).id;
  },
};

const usualName = (seed: number): string => (seed === 0 ? 'Sample' : `Sample ${seed}`);

/** Opens the sample in `folder`; makes it first if it is not there, or was never finished. */
async function openSample(
  context: Context,
  folder: string,
  name: string,
  seed: number,
  handle: JobHandle,
): Promise<OpenProject> {
  const project = openOrCreate(context, folder, name);
  if (project.store.images.counts().images > 0) return project;
  const images = path.join(project.folder, 'pictures');
  // Drawing and importing are two halves of one bar, which counts each picture once.
  let drawn = 0;
  const drawing = context.workers.call('training', 'writeSample', { folder: images, seed }, (event) => {
    if (event.kind !== 'progress') return;
    drawn = event.total;
    handle.progress(Math.floor(event.done / 2), event.total, 'drawing pictures');
  });
  handle.signal.addEventListener('abort', () => drawing.control('cancel'), { once: true });
  await drawing.value;
  await importFrom(context, project, images, 'coco', {
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
