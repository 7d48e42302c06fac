// Opaque names for files and folders. A client never sees or sends a path: it gets references from a
// folder listing or a native dialog and hands them back. They hold for one start of the core.

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { FolderListing } from '../contracts/files.ts';
import { AppError } from '../contracts/errors.ts';
import type { FileRef } from '../contracts/ids.ts';
import { PROJECT_FILE } from '../storage/project-store.ts';

/** Entries of one listing; more are counted, not sent. */
const LISTED = 1000;

export interface Files {
  /** A reference to a path that a person chose outside of a listing: in a dialog or on a command line. */
  refer(file: string): FileRef;
  /** Absolute path behind a reference. @throws AppError 'refused', 'not-found' */
  resolve(ref: FileRef): string;
  /** A folder's content, or the allowed roots for null. */
  browse(folder: FileRef | null): FolderListing;
  /** A path as people read it, with ~ for the home folder. */
  shorten(file: string): string;
}

/**
 * Folders that may be listed: home, where the core was started, what is mounted, and those of FOVEA_ROOTS
 * and `further`, which `--root` names. The whole disk only if one of these says so: a service is often started in `/`, and means nothing by it.
 */
export function allowedRoots(
  dataFolder: string,
  further: readonly string[] = [],
  environment: NodeJS.ProcessEnv = process.env,
  startedIn = process.cwd(),
): string[] {
  const named = [...(environment.FOVEA_ROOTS ?? '').split(path.delimiter), ...further].filter(
    path.isAbsolute,
  );
  const mounts =
    process.platform === 'win32'
      ? [...'CDEFGHIJKLMNOPQRSTUVWXYZ'].map((letter) => `${letter}:\\`)
      : ['/media', '/mnt', '/Volumes'];
  const real = (folder: string) => {
    const place = realPath(folder);
    return place !== null && fs.statSync(place).isDirectory() ? [place] : [];
  };
  const own = [os.homedir(), startedIn].flatMap(real).filter((place) => !isWholeDisk(place));
  return [...new Set([...own, ...[dataFolder, ...mounts, ...named].flatMap(real)])];
}

export const isWholeDisk = (folder: string): boolean => path.parse(path.resolve(folder)).root === folder;

/**
 * @param roots  absolute real paths of the folders that may be listed, with all below them
 */
export function openFiles(roots: readonly string[]): Files {
  const paths = new Map<string, { file: string; chosen: boolean }>();
  const refs = new Map<string, FileRef>();
  const home = realPath(os.homedir());

  const inRoots = (real: string) => roots.some((root) => isInside(root, real));
  const remember = (file: string, chosen: boolean): FileRef => {
    const key = `${chosen}:${file}`;
    const known = refs.get(key);
    if (known) return known;
    const ref = randomBytes(12).toString('base64url') as FileRef;
    refs.set(key, ref);
    paths.set(ref, { file, chosen });
    return ref;
  };
  const resolve = (ref: FileRef): string => {
    const entry = paths.get(ref);
    if (!entry) throw new AppError('refused', 'this file was not chosen in this session', { place: 'file' });
    const real = realPath(entry.file);
    if (real === null)
      throw new AppError(
        'not-found',
        // What a person typed may never have been there; they know its path.
        entry.chosen ? `there is no ${entry.file}` : `${path.basename(entry.file)} is not there any more`,
        { file: path.basename(entry.file) },
      );
    // Looked at again: a link may have been put in the folder's place since it was listed.
    if (!entry.chosen && !inRoots(real))
      throw new AppError(
        'refused',
        `${path.basename(entry.file)} leads outside the folders that may be read`,
      );
    return real;
  };
  const shorten = (file: string) =>
    home !== null && home !== path.parse(home).root && isInside(home, file)
      ? path.join('~', path.relative(home, file))
      : file;

  const rootsListing = (): FolderListing => ({
    ref: null,
    label: null,
    parent: null,
    entries: roots.map((root) => ({
      ref: remember(root, false),
      name: shorten(root),
      kind: 'folder',
      sizeBytes: 0,
      project: isProject(root),
    })),
    left: 0,
  });

  return {
    refer: (file) => remember(path.resolve(file), true),
    resolve,
    shorten,
    browse(folder) {
      if (folder === null) return rootsListing();
      const place = resolve(folder);
      // A folder that a person picked in a native dialog may lie anywhere; its neighbours may not be listed.
      if (!inRoots(place) && !paths.get(folder)?.chosen)
        throw new AppError('refused', `${path.basename(place)} is outside the folders that may be listed`);
      const found = readFolder(place).flatMap((entry) => {
        if (entry.name.startsWith('.')) return [];
        const real = entry.isSymbolicLink()
          ? realPath(path.join(place, entry.name))
          : path.join(place, entry.name);
        if (real === null || !inRoots(real)) return [];
        const stat = fs.statSync(real, { throwIfNoEntry: false });
        const kind = stat?.isDirectory() ? 'folder' : stat?.isFile() ? 'file' : null;
        return stat && kind ? [{ name: entry.name, kind, sizeBytes: kind === 'file' ? stat.size : 0 }] : [];
      }) as { name: string; kind: 'folder' | 'file'; sizeBytes: number }[];
      const order = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
      found.sort((a, b) =>
        a.kind === b.kind ? order.compare(a.name, b.name) : a.kind === 'folder' ? -1 : 1,
      );
      const parent = path.dirname(place);
      return {
        ref: remember(place, false),
        label: shorten(place),
        parent: parent !== place && inRoots(parent) ? remember(parent, false) : null,
        entries: found.slice(0, LISTED).map((entry) => ({
          ...entry,
          ref: remember(path.join(place, entry.name), false),
          project: entry.kind === 'folder' && isProject(path.join(place, entry.name)),
        })),
        left: Math.max(0, found.length - LISTED),
      };
    },
  };
}

const isProject = (folder: string): boolean => fs.existsSync(path.join(folder, PROJECT_FILE));

function realPath(file: string): string | null {
  try {
    return fs.realpathSync(file);
  } catch {
    return null;
  }
}

/** Whether `file` is `folder` or lies below it. Both absolute and real. */
export function isInside(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return (
    relative === '' ||
    (!relative.startsWith(`..${path.sep}`) && relative !== '..' && !path.isAbsolute(relative))
  );
}

function readFolder(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new AppError(
      code === 'ENOENT' || code === 'ENOTDIR' ? 'not-found' : 'refused',
      `${path.basename(folder)} cannot be listed`,
      { file: path.basename(folder), reason: code ?? 'unknown' },
      cause,
    );
  }
}
