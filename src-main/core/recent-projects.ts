// The list of recent projects: where they lie and what was last known of them, so that the first screen
// opens no database. It is read anew each time, since a terminal may have added a project meanwhile.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { ProjectSummary } from '../contracts/projects.ts';
import { contentHashSchema, type ProjectId } from '../contracts/ids.ts';
import { PROJECT_FILE } from '../storage/project-store.ts';
import { readJson, writeJson } from './json-file.ts';

/** A picture that stands for a project while it is closed. */
export interface Face {
  id: number;
  file: string;
  contentHash: string;
  fileFormat: string;
  widthPx: number;
  heightPx: number;
}
export interface RecentProject {
  id: ProjectId;
  folder: string;
  summary: Omit<ProjectSummary, 'id' | 'place' | 'faces' | 'missing'>;
  faces: Face[];
}

const KEPT = 50;

/** A project is known by its folder: a copy is another project. */
export const projectIdOf = (folder: string): ProjectId =>
  createHash('sha256').update(folder).digest('hex').slice(0, 16) as ProjectId;

export interface RecentProjects {
  /** Newest first. */
  all(): RecentProject[];
  byId(id: ProjectId): RecentProject | null;
  /** Puts it in front, or in its place when only its figures are news. */
  put(project: RecentProject): void;
  forget(id: ProjectId): void;
}

const isList = (value: unknown): value is RecentProject[] =>
  Array.isArray(value) &&
  value.every(
    (one) =>
      typeof one?.id === 'string' &&
      typeof one.folder === 'string' &&
      Array.isArray(one.faces) &&
      one.faces.every((face: Face) => contentHashSchema.safeParse(face?.contentHash).success),
  );

export const isMissing = (project: RecentProject): boolean =>
  !fs.existsSync(path.join(project.folder, PROJECT_FILE));

export function openRecentProjects(dataFolder: string): RecentProjects {
  const file = path.join(dataFolder, 'recent.json');
  const all = () =>
    readJson<RecentProject[]>(file, [], isList).sort((a, b) => b.summary.openedAt - a.summary.openedAt);
  return {
    all,
    byId: (id) => all().find((project) => project.id === id) ?? null,
    put: (project) =>
      writeJson(file, [project, ...all().filter((other) => other.id !== project.id)].slice(0, KEPT)),
    forget: (id) =>
      writeJson(
        file,
        all().filter((project) => project.id !== id),
      ),
  };
}
