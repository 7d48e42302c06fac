// A project while it is open: its database, its folders, and the plain facts that many use cases need.

import fs from 'node:fs';
import path from 'node:path';
import type { ProjectState } from '../contracts/projects.ts';
import type { Annotation, ImageRecord } from '../contracts/dataset.ts';
import { AppError, toErrorRecord } from '../contracts/errors.ts';
import type { Shape } from '../contracts/geometry.ts';
import type { ClassId, ImageId, JobId, ProjectId, RunId, SweepId } from '../contracts/ids.ts';
import type { Control } from '../contracts/worker-protocol.ts';
import { makeFolder, PRIVATE } from '../files/write-file.ts';
import { storageError } from '../storage/database.ts';
import {
  openProjectStore,
  PROJECT_FILE,
  readProjectStore,
  type ProjectStore,
} from '../storage/project-store.ts';
import type { StoredImage } from '../storage/images.ts';
import { projectIdOf } from './recent-projects.ts';

export interface OpenProject {
  id: ProjectId;
  /** Absolute, real. */
  folder: string;
  store: ProjectStore;
  openedAt: number;
  /** What was found wrong with its database. */
  damage: string | null;
  /** Aborted when the project closes. */
  closing: AbortController;
  /** Done just before it closes. */
  beforeClosing: (() => void)[];
  /** How a run that is being trained is reached; of this process, so a restart empties it with the processes. */
  training: Map<RunId, (control: Control) => void>;
  /** Jobs of sweeps that go on; of this process too. */
  sweeping: Map<SweepId, JobId>;
}

/**
 * Makes the folder and an empty project in it.
 * @param shared  others may look into it, as far as the umask lets them; its owner alone otherwise
 * @throws AppError 'conflict' if something is there already
 */
export function createProject(folder: string, name: string, shared = false): OpenProject {
  makeFolder(folder, shared ? 0o777 : PRIVATE);
  if (fs.readdirSync(folder).length > 0)
    throw new AppError('conflict', `${path.basename(folder)} exists already and is not empty`, {
      file: path.basename(folder),
    });
  if (!shared) closeToOthers(folder);
  const project = open(folder);
  closedUnless(project, () =>
    project.store.transaction(() => {
      project.store.settings.set('name', name);
      project.store.settings.set('createdAt', Date.now());
    }),
  );
  return project;
}

/** An empty folder that a person made for it. */
function closeToOthers(folder: string): void {
  try {
    fs.chmodSync(folder, fs.statSync(folder).mode & PRIVATE);
  } catch {
    // Of another owner, or on a disk without permissions: it is as private as that is.
  }
}

/** @throws AppError 'not-found' if the folder holds no project, and what openProjectStore throws */
export function openProject(folder: string, isReadOnly = false): OpenProject {
  if (!fs.existsSync(path.join(folder, PROJECT_FILE)))
    throw new AppError('not-found', `${path.basename(folder)} is no Fovea project`, {
      file: path.basename(folder),
      reason: `it holds no ${PROJECT_FILE}`,
    });
  const project = open(folder, isReadOnly);
  if (!isReadOnly) closedUnless(project, () => project.store.runs.interruptAll());
  return project;
}

/** Does the first work on a project that was just opened. @throws AppError naming the project, which is closed again */
export function closedUnless<T>(project: OpenProject, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    project.store.close();
    const error = storageError(thrown);
    // Nothing but what the file holds can be wrong here.
    const { code, message, detail } =
      error instanceof AppError ? error : { ...toErrorRecord(error), code: 'bad-file' as const };
    throw new AppError(
      code,
      `${path.basename(project.folder)} cannot be opened: ${message}`,
      { file: PROJECT_FILE, ...detail },
      thrown,
    );
  }
}

function open(folder: string, isReadOnly = false): OpenProject {
  const real = fs.realpathSync(folder);
  return {
    id: projectIdOf(real),
    folder: real,
    store: isReadOnly ? readProjectStore(real) : openProjectStore(real),
    openedAt: Date.now(),
    damage: null,
    closing: new AbortController(),
    beforeClosing: [],
    training: new Map(),
    sweeping: new Map(),
  };
}

/** Closes the open project, if any. */
export function closeCurrent(context: { current: OpenProject | null }): void {
  const project = context.current;
  if (!project) return;
  try {
    for (const act of project.beforeClosing) act();
  } finally {
    context.current = null;
    project.closing.abort();
    project.store.close();
  }
}

export function nameOf({ store, folder }: OpenProject): string {
  const name: unknown = store.settings.get('name');
  return typeof name === 'string' ? name : path.basename(folder);
}
export const cacheFolderOf = (project: OpenProject): string => path.join(project.folder, 'cache');
export const runFolderOf = (project: Pick<OpenProject, 'folder'>, run: RunId): string =>
  path.join(project.folder, 'runs', String(run));

export function stateOf(project: OpenProject, place: string): ProjectState {
  const { store } = project;
  const last = store.settings.get('lastImageId');
  return {
    id: project.id,
    name: nameOf(project),
    place,
    classes: store.classes.all(),
    counts: store.images.counts(),
    attributes: store.attributes.names(),
    lastImageId: last !== null && store.images.byId(last) ? (last as ImageId) : null,
    isReadOnly: store.isReadOnly,
    damage: project.damage,
  };
}

/** @throws AppError 'not-found' */
export function imageOf(project: OpenProject, id: ImageId): StoredImage {
  const image = project.store.images.byId(id);
  if (!image) throw new AppError('not-found', `there is no picture ${id} in this project`);
  return image;
}

/** What clients see of a picture. */
export const recordOf = (image: StoredImage): ImageRecord => {
  const { id, name, widthPx, heightPx, classId, split, boxes, masks, missing } = image;
  return { id, name, widthPx, heightPx, classId, split, boxes, masks, missing };
};

/** The region a picture is to be judged by: shapes of these classes, and those without class. */
export const regionsOf = (
  classIds: readonly (ClassId | null)[],
  annotations: readonly Pick<Annotation, 'classId' | 'shape'>[],
): Shape[] =>
  annotations
    .filter(({ classId }) => classId === null || classIds.includes(classId))
    .map(({ shape }) => shape);
