// Making, opening and closing projects, and the list of recent ones. One project is open at a time.

import fs from 'node:fs';
import path from 'node:path';
import type { FileRef } from '../contracts/ids.ts';
import type { ProjectState, ProjectSummary } from '../contracts/projects.ts';
import { AppError, toErrorRecord } from '../contracts/errors.ts';
import type { Context, Handlers } from '../core/context.ts';
import { linksOutside, refuseUnconfirmed, rootsOutside } from '../core/known-projects.ts';
import {
  closeCurrent,
  closedUnless,
  createProject,
  nameOf,
  openProject,
  stateOf,
  type OpenProject,
} from '../core/open-project.ts';
import { backUpBeforeMigration, lookAfter } from '../core/upkeep.ts';
import { removeLeftIn } from '../files/write-file.ts';
import { backupsOf } from '../storage/backups.ts';
import { storageError } from '../storage/database.ts';
import { PROJECT_FILE } from '../storage/project-store.ts';
import { isMissing, projectIdOf, type RecentProject } from '../core/recent-projects.ts';
import { tidyImports } from './import-writing.ts';
import { summaryOf as runTitleOf } from './run-records.ts';

export const projectHandlers: Handlers<
  | 'projects.recent'
  | 'projects.create'
  | 'projects.open'
  | 'projects.backups'
  | 'projects.restore'
  | 'projects.close'
  | 'projects.forget'
  | 'projects.discard'
  | 'projects.current'
  | 'projects.seen'
  | 'projects.relink'
> = {
  'projects.recent': (context) => {
    noteCurrent(context);
    return context.recent.all().map((project) => summaryFor(context, project));
  },
  'projects.create': (context, { name, parent, shared }) => {
    const folder = path.join(
      parent === null ? ownFolder(context) : context.files.resolve(parent),
      folderNameOf(name),
    );
    refuseWhileBusy(context);
    return adopt(context, createProject(folder, name, shared));
  },
  'projects.open': async (context, { readOnly, confirm, ...which }) => {
    const folder = folderOf(context, which);
    const isOpen = () => context.current?.folder === folder && context.current.store.isReadOnly === readOnly;
    if (isOpen()) return currentState(context);
    refuseWhileBusy(context);
    if (!readOnly) {
      await backUpBeforeMigration(context, folder);
      if (isOpen()) return currentState(context); // asked for twice
      refuseWhileBusy(context);
    }
    // Of the project that is open: to be read only from now on, or to be written again.
    if (context.current?.folder === folder) closeCurrent(context);
    return adoptConfirmed(context, folder, { confirm, readOnly });
  },
  'projects.backups': (context, { project }) => backupsOf(folderOf(context, project)),
  'projects.restore': async (context, { project, backup }) => {
    const folder = folderOf(context, project);
    refuseWhileBusy(context);
    if (context.current?.folder === folder) closeCurrent(context);
    await context.workers.callAlone('restoreDatabase', { folder, name: backup }, RESTORE_LIMIT_MS);
    refuseWhileBusy(context);
    return adoptConfirmed(context, folder);
  },
  'projects.close': (context) => {
    refuseWhileBusy(context);
    closeCurrent(context);
    return null;
  },
  'projects.forget': (context, { id }) => {
    if (context.current?.id === id)
      throw new AppError('conflict', `${nameOf(context.current)} is open`, { reason: 'close it first' });
    context.recent.forget(id);
    return null;
  },
  'projects.discard': (context, { id }) => {
    discard(context, id);
    return null;
  },
  'projects.current': (context) => (context.current ? currentState(context) : null),
  'projects.seen': (context, { imageId }) => {
    context.project().store.settings.set('lastImageId', imageId);
    return null;
  },
  'projects.relink': async (context, { folder }) => relink(context, context.files.resolve(folder)),
};

interface Opening {
  confirm?: string | undefined;
  readOnly?: boolean;
}

async function adoptConfirmed(
  context: Context,
  folder: string,
  opening: Opening = {},
): Promise<ProjectState> {
  const project = await openConfirmed(context, folder, opening);
  try {
    // Work may have begun meanwhile.
    refuseWhileBusy(context);
  } catch (thrown) {
    project.store.close();
    throw thrown;
  }
  return adopt(context, project);
}

/** @throws AppError 'refused' for a project from elsewhere that uses places which the person has not confirmed */
async function openConfirmed(
  context: Context,
  folder: string,
  { confirm, readOnly = false }: Opening,
): Promise<OpenProject> {
  const id = projectIdOf(folder);
  // One of the list was opened here before there was a note of places.
  const known = context.known.placesOf(id) ?? (context.recent.byId(id) ? 'all' : null);
  // Any folder can be asked for, the home folder too: only a project is searched.
  const isProject = fs.existsSync(path.join(folder, PROJECT_FILE));
  const links = known === null && isProject ? await linksOutside(folder) : [];
  const project = openProject(folder, readOnly);
  try {
    const roots = closedUnless(project, () => rootsOutside(project)).filter(
      (root) => known !== 'all' && !known?.includes(root),
    );
    refuseUnconfirmed(nameOf(project), [...roots, ...links], confirm);
    return project;
  } catch (thrown) {
    project.store.close();
    throw thrown;
  }
}

/** State of the open project, for answers. */
export function currentState(context: Context): ProjectState {
  const project = context.project();
  return stateOf(project, context.files.shorten(project.folder));
}

/**
 * Makes a just opened project the current one; the one before stays open unless this one can be read.
 * @throws AppError naming the project, which is closed again
 */
export function adopt(context: Context, project: OpenProject): ProjectState {
  const state = closedUnless(project, () => {
    summaryNow(project);
    return stateOf(project, context.files.shorten(project.folder));
  });
  closeCurrent(context);
  context.current = project;
  noteCurrent(context);
  // Its figures stay in the list of recent ones.
  project.beforeClosing.push(() => noteCurrent(context));
  if (!project.store.isReadOnly) {
    tidyRuns(project);
    inBackground(project, lookForFiles(context, project));
    inBackground(project, tidyImports(project));
  }
  inBackground(project, lookAfter(context, project));
  return state;
}

/** Removes checkpoints that a killed process was writing: the run may never write one again. */
function tidyRuns({ folder }: OpenProject): void {
  const runs = path.join(folder, 'runs');
  for (const name of fs.existsSync(runs) ? fs.readdirSync(runs) : []) removeLeftIn(path.join(runs, name));
}

/** What goes wrong behind the scenes is told in the log and ends nothing; a project that closes is no trouble. */
function inBackground(project: OpenProject, work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    if (!project.closing.signal.aborted) console.error(error);
  });
}

/** What a project without content has: the database with the files beside it, and what can be made anew. */
const EMPTY_PROJECT = [PROJECT_FILE, `${PROJECT_FILE}-wal`, `${PROJECT_FILE}-shm`, 'project.lock', 'cache'];

/** @throws AppError 'conflict' if it is not open, at work, or has content of any kind: nothing that may matter is deleted */
function discard(context: Context, id: OpenProject['id']): void {
  const project = context.current;
  if (project?.id !== id) throw new AppError('conflict', 'only the open project can be discarded');
  refuseWhileBusy(context);
  const { store, folder } = project;
  if (store.images.counts().images > 0 || store.classes.all().length > 0 || store.runs.all().length > 0)
    throw new AppError('conflict', `${nameOf(project)} is not empty`, { reason: 'it is left as it is' });
  closeCurrent(context);
  context.recent.forget(id);
  for (const file of EMPTY_PROJECT) fs.rmSync(path.join(folder, file), { force: true, recursive: true });
  // What else lies there is not the project's, and stays with its folder.
  if (fs.readdirSync(folder).length === 0) fs.rmdirSync(folder);
}

/** @throws AppError 'conflict' while work on the open project is going on */
export function refuseWhileBusy(context: Context): void {
  const [busy] = context.jobs.active();
  if (busy && context.current)
    throw new AppError('conflict', `${nameOf(context.current)} is at work: ${busy.title}`, {
      reason: 'wait for it, or cancel it',
    });
}

/** Writes what the list of recent projects says of the open one. The list is a convenience: no work fails for it. */
export function noteCurrent(context: Context): void {
  const project = context.current;
  if (!project) return;
  try {
    context.known.put(project.id, rootsOutside(project));
    context.recent.put(summaryNow(project));
  } catch (thrown) {
    console.error(`the list of projects: ${toErrorRecord(storageError(thrown)).message}`);
  }
}

function summaryNow(project: OpenProject): RecentProject {
  const { store } = project;
  const counts = store.images.counts();
  const runs = store.runs.all();
  const lastRun = runs.find((run) => run.state === 'done') ?? runs[0];
  const faces = store.images.faces().map(({ id, file, contentHash, fileFormat, widthPx, heightPx }) => ({
    id,
    file,
    contentHash,
    fileFormat,
    widthPx,
    heightPx,
  }));
  return {
    id: project.id,
    folder: project.folder,
    faces,
    summary: {
      name: nameOf(project),
      openedAt: project.openedAt,
      images: counts.images,
      annotated: counts.annotated,
      boxes: counts.boxes,
      runs: runs.length,
      lastRun: lastRun ? runTitleOf(store, lastRun) : null,
    },
  };
}

function summaryFor(context: Context, project: RecentProject): ProjectSummary {
  return {
    id: project.id,
    place: context.files.shorten(project.folder),
    faces: project.faces.map((face) => face.id as ProjectSummary['faces'][number]),
    missing: isMissing(project),
    ...project.summary,
  };
}

/** For a database of any size on a slow disk. */
const RESTORE_LIMIT_MS = 10 * 60_000;

const folderOf = (context: Context, which: { id: RecentProject['id'] } | { folder: FileRef }): string =>
  'id' in which ? recentFolder(context, which.id) : context.files.resolve(which.folder);

function recentFolder(context: Context, id: RecentProject['id']): string {
  const project = context.recent.byId(id);
  if (!project) throw new AppError('not-found', 'this project is not in the list any more');
  if (isMissing(project))
    throw new AppError('not-found', `${project.summary.name} is not where it was`, {
      file: context.files.shorten(project.folder),
      reason: 'the folder was moved or deleted',
    });
  return fs.realpathSync(project.folder);
}

/** Where projects are made unless a person says where. */
export const ownFolder = ({ options }: Context): string => path.join(options.dataFolder, 'projects');

/** The project's name as a folder's. @throws AppError 'bad-input' for what no system takes */
export function folderNameOf(name: string): string {
  if (/[/\\:*?"<>|\p{Cc}]/u.test(name) || /^\.+$/.test(name) || name.endsWith('.'))
    throw new AppError('bad-input', `"${name}" cannot be the name of a folder`, {
      reason: 'a name has none of / \\ : * ? " < > | and does not end with a dot',
    });
  return name;
}

/** Files that are looked at side by side. */
const AT_ONCE = 64;

/** Notes which pictures are where they should be; goes on in the background while the project is open. */
export async function lookForFiles(context: Context, project: OpenProject): Promise<number> {
  const { images } = project.store;
  let missing = 0;
  let changed = false;
  let last = 0;
  for (;;) {
    // Lets the call that opened the project be answered first.
    await new Promise((resolve) => setImmediate(resolve));
    if (project.closing.signal.aborted) return missing;
    const some = images.after(last, AT_ONCE);
    if (some.length === 0) break;
    last = some[some.length - 1].id;
    const there = await Promise.all(some.map((image) => isReadable(image.file)));
    if (project.closing.signal.aborted) return missing;
    missing += there.filter((isThere) => !isThere).length;
    const news = some.filter((image, index) => image.missing === there[index]);
    if (news.length === 0) continue;
    await project.store.whenFree(() => {
      if (project.closing.signal.aborted) return;
      project.store.transaction(() => news.forEach((image) => images.setMissing(image.id, !image.missing)));
    });
    changed = true;
  }
  if (changed) context.emit('project', { id: project.id, what: 'images' });
  return missing;
}

const isReadable = (file: string): Promise<boolean> =>
  fs.promises.access(file, fs.constants.R_OK).then(
    () => true,
    () => false,
  );

/** Files tried before a folder is taken for a moved source. */
const TRIED = 50;

async function relink(context: Context, folder: string): Promise<{ found: number; missing: number }> {
  const project = context.project();
  const { images, sources } = project.store;
  const all = images.all();
  const before = all.filter((image) => !fs.existsSync(image.file)).length;
  for (const source of sources.all()) {
    const own = all.filter((image) => image.sourceId === source.id);
    const tried = own.slice(0, TRIED);
    // The folder itself may be the moved source, or the one that holds it.
    const places = [source.root, folder, path.join(folder, path.basename(source.root))].map((root) => ({
      root,
      hits: tried.filter((image) => fs.existsSync(path.join(root, image.relativePath))).length,
    }));
    const best = places.reduce((a, b) => (b.hits > a.hits ? b : a));
    if (best.root === source.root || sources.byRoot(best.root)) continue;
    sources.move(source.id, fs.realpathSync(best.root));
  }
  const missing = await lookForFiles(context, project);
  return { found: Math.max(0, before - missing), missing };
}
