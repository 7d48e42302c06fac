// Projects: the recent ones, and the state of the open one.

import { z } from 'zod';
import { none, reads, writesApp, writesProject } from './call.ts';
import type { ClassRecord, Split } from './dataset.ts';
import { fileRefSchema, imageIdSchema, projectIdSchema, type ImageId, type ProjectId } from './ids.ts';

export interface ProjectSummary {
  id: ProjectId;
  name: string;
  /** Where it lies, for people; shortened with ~. */
  place: string;
  openedAt: number;
  images: number;
  annotated: number;
  boxes: number;
  runs: number;
  lastRun: {
    number: number;
    title: string;
    accuracy: number | null;
    energyInBox: number | null;
    /** What both were measured on; absent in what an earlier version kept. */
    split?: 'selection' | 'test';
  } | null;
  /** Pictures to show as its face, at most five. Thumbnails are reachable while the project is open or not. */
  faces: ImageId[];
  missing: boolean;
}

export interface ProjectState {
  id: ProjectId;
  name: string;
  place: string;
  classes: ClassRecord[];
  counts: ProjectCounts;
  /** Attributes that pictures came with, by which they can be put into groups. */
  attributes: string[];
  /** Where the person was. */
  lastImageId: ImageId | null;
  /** Open to be looked at: nothing can be changed. */
  isReadOnly: boolean;
  /** What is wrong with its database, as SQLite says it; null while nothing is known to be. */
  damage: string | null;
}

/** A copy of a project's database. */
export interface ProjectBackup {
  name: string;
  at: number;
  sizeBytes: number;
}

/** A project by the list of recent ones, or by its folder. */
const which = z.union([z.object({ id: projectIdSchema }), z.object({ folder: fileRefSchema })]);

export interface ProjectCounts {
  images: number;
  annotated: number;
  boxes: number;
  masks: number;
  /** Pictures with a box, and with a mask. */
  withBox: number;
  withMask: number;
  unclassed: number;
  missing: number;
  bySplit: Record<Split | 'none', number>;
}

const confirmSchema = z.string().max(64).optional();

export const projectCalls = {
  'projects.recent': reads<ProjectSummary[]>()(none),
  /** Makes a folder `name` for the project inside `parent` (null: the app's own projects folder) and opens it. */
  'projects.create': writesApp<ProjectState>()(
    z.object({
      name: z.string().trim().min(1).max(100),
      parent: fileRefSchema.nullable().default(null),
      /** Other people of the machine may read it, as far as its settings let them. */
      shared: z.boolean().default(false),
    }),
  ),
  /**
   * A project that was not made or opened here before and uses places outside its folder is refused, with the `places`
   * and a mark `confirm` in the error's detail; the mark given back says that the person has seen and confirmed them.
   */
  'projects.open': writesApp<ProjectState>()(
    z.union([
      z.object({ id: projectIdSchema, readOnly: z.boolean().default(false), confirm: confirmSchema }),
      z.object({ folder: fileRefSchema, readOnly: z.boolean().default(false), confirm: confirmSchema }),
    ]),
  ),
  /** Copies of a project's database, newest first. */
  'projects.backups': reads<ProjectBackup[]>()(z.object({ project: which })),
  /** Puts a copy in the place of the database, which is kept among the copies, and opens the project. */
  'projects.restore': writesApp<ProjectState>()(z.object({ project: which, backup: z.string().max(200) })),
  'projects.close': writesApp<null>()(none),
  /** Removes it from the list; nothing is deleted. */
  'projects.forget': writesApp<null>()(z.object({ id: projectIdSchema })),
  /** Closes the open project and deletes it, if nothing ever came into it: one made for an import that was cancelled. */
  'projects.discard': writesApp<null>()(z.object({ id: projectIdSchema })),
  /** The open project; null when none is. */
  'projects.current': reads<ProjectState | null>()(none),
  'projects.seen': writesProject<null>()(z.object({ imageId: imageIdSchema })),
  /** Pictures that lie elsewhere now: the old folder of the project is looked for in `folder`. */
  'projects.relink': writesProject<{ found: number; missing: number }>()(z.object({ folder: fileRefSchema })),
};
