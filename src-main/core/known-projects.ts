// Which projects this data folder has opened or made, and the places outside their own folders that the person
// let each of them use. A project from elsewhere may name any folder of the disk; it gets none unasked.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { ProjectId } from '../contracts/ids.ts';
import { printable } from '../contracts/printable.ts';
import { PROJECT_FILE } from '../storage/project-store.ts';
import { isInside } from './file-refs.ts';
import { readJson, writeJson } from './json-file.ts';
import type { OpenProject } from './open-project.ts';

/** Far more than anybody opens; the oldest is asked for anew. */
const KEPT = 2000;
/** Places named in a message; more are counted. */
const NAMED = 12;

export interface KnownProjects {
  /** Places that it may use; null if it was never opened here. */
  placesOf(id: ProjectId): readonly string[] | null;
  put(id: ProjectId, places: readonly string[]): void;
}

const isList = (value: unknown): value is { id: ProjectId; places: string[] }[] =>
  Array.isArray(value) && value.every((one) => typeof one?.id === 'string' && Array.isArray(one.places));

export function openKnownProjects(dataFolder: string): KnownProjects {
  const file = path.join(dataFolder, 'known-projects.json');
  const all = () => readJson(file, [], isList);
  const placesOf = (id: ProjectId) => all().find((one) => one.id === id)?.places ?? null;
  return {
    placesOf,
    put(id, places) {
      const before = placesOf(id);
      if (before !== null && places.every((place) => before.includes(place)))
        if (before.length === places.length) return;
      writeJson(file, [{ id, places }, ...all().filter((one) => one.id !== id)].slice(0, KEPT));
    },
  };
}

/** Folders outside the project's own from which its pictures come. */
export const rootsOutside = ({ folder, store }: OpenProject): string[] =>
  store.sources
    .all()
    .map(({ root }) => root)
    .filter((root) => !isInside(folder, realOr(root)));

/**
 * Links in a project's folder that lead out of it, as `cache → /home/person`: what Fovea writes would land there.
 * @throws AppError 'refused' if the database itself is one
 */
export async function linksOutside(folder: string): Promise<string[]> {
  const found: string[] = [];
  const folders = [folder];
  // One folder after the other: a project may lie among a million pictures.
  for (let within = folders.pop(); within !== undefined; within = folders.pop())
    for (const entry of await fs.promises.readdir(within, { withFileTypes: true })) {
      const link = path.join(within, entry.name);
      if (entry.isDirectory()) folders.push(link);
      if (!entry.isSymbolicLink()) continue;
      const target = path.resolve(within, await fs.promises.readlink(link));
      if (isInside(folder, realOr(target))) continue;
      const name = path.relative(folder, link);
      if (name.startsWith(PROJECT_FILE) || name === 'project.lock')
        throw new AppError(
          'refused',
          `${name} of ${path.basename(folder)} is a link out of the project's folder`,
          { file: name },
        );
      found.push(`${name} → ${target}`);
    }
  return found.sort();
}

/**
 * Lets through what the person has seen and confirmed.
 * @param confirm  of an earlier refusal: says that these very places were shown
 * @throws AppError 'refused' with `confirm` and `places` in its detail
 */
export function refuseUnconfirmed(
  name: string,
  places: readonly string[],
  confirm: string | undefined,
): void {
  const mark = createHash('sha256').update(JSON.stringify(places)).digest('hex').slice(0, 32);
  if (places.length === 0 || confirm === mark) return;
  const shown = places.slice(0, NAMED).map((place) => printable(place, 200));
  if (places.length > NAMED) shown.push(`… and ${places.length - NAMED} more`);
  throw new AppError('refused', `${printable(name, 200)} uses places outside its own folder`, {
    reason: 'it was not made or opened here before, so they must be confirmed',
    places: shown.join('\n'),
    confirm: mark,
  });
}

function realOr(place: string): string {
  try {
    return fs.realpathSync(place);
  } catch {
    return path.resolve(place);
  }
}
