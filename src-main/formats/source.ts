// The folder that a person chose, seen safely: names are read once, links and `..` never lead out of it,
// and files are read within limits. Every format reads through it.

import { open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import { isPictureName } from '../imaging/index.ts';

const maxFiles = 2_000_000;
export const maxAnnotationBytes = 512 * 1024 * 1024;

export class SourceTree {
  /** Absolute, links resolved. */
  readonly root: string;
  /** The one annotation file that was chosen instead of a folder, from the root; null for a folder. */
  readonly chosenFile: string | null;
  /** Every file from the root, with slashes, in natural order. */
  readonly files: readonly string[];
  /** Links that lead out of the root and so were passed over. */
  readonly outsideLinks: readonly string[];
  readonly #known: Set<string>;
  #pictures: string[] | null = null;
  #byName: Map<string, string[]> | null = null;
  #byStem: Map<string, string[]> | null = null;

  private constructor(root: string, chosenFile: string | null, files: string[], outsideLinks: string[]) {
    this.root = root;
    this.chosenFile = chosenFile;
    this.files = files;
    this.outsideLinks = outsideLinks;
    this.#known = new Set(files);
  }

  /** @param place  a folder, or an annotation file: then its folder (or the one above `annotations`) is the root */
  static async open(place: string, signal?: AbortSignal): Promise<SourceTree> {
    let root: string;
    let chosen: string | null = null;
    try {
      root = await realpath(place);
      if ((await stat(root)).isFile()) {
        chosen = root;
        root = path.dirname(root);
        if (/^annotations?$/i.test(path.basename(root))) root = path.dirname(root);
      }
    } catch (cause) {
      throw new AppError('not-found', `${place} cannot be opened`, { file: place }, cause);
    }
    const files: string[] = [];
    const outsideLinks: string[] = [];
    await walk(root, '', files, outsideLinks, signal);
    files.sort(naturalOrder);
    const chosenFile = chosen === null ? null : path.relative(root, chosen).split(path.sep).join('/');
    return new SourceTree(root, chosenFile, files, outsideLinks);
  }

  /** @throws AppError 'bad-input' for a file */
  static async openFolder(place: string, signal?: AbortSignal): Promise<SourceTree> {
    const isFile = (await stat(place).catch(() => null))?.isFile() ?? false;
    if (isFile) throw new AppError('bad-input', `${path.basename(place)} is no folder`, { file: place });
    return SourceTree.open(place, signal);
  }

  has(file: string): boolean {
    return this.#known.has(file);
  }

  absolute(file: string): string {
    return path.join(this.root, ...file.split('/'));
  }

  /** Pictures by their ending. */
  get pictures(): readonly string[] {
    return (this.#pictures ??= this.files.filter(isPictureName));
  }

  /** Pictures whose file name (without folders, capitals ignored) is this. */
  picturesNamed(name: string): readonly string[] {
    if (this.#byName === null) {
      this.#byName = new Map();
      for (const file of this.pictures) {
        const key = baseName(file).toLowerCase();
        const list = this.#byName.get(key);
        if (list) list.push(file);
        else this.#byName.set(key, [file]);
      }
    }
    return this.#byName.get(name.toLowerCase()) ?? [];
  }

  /** UTF-8 text of a file, byte order mark removed. Throws bad-file when it is too large or not to be read. */
  async text(file: string, maxBytes = maxAnnotationBytes): Promise<string> {
    const absolute = this.absolute(file);
    try {
      const { size } = await stat(absolute);
      if (size > maxBytes) throw damaged(file, 'its size', `${size} bytes, at most ${maxBytes} are read`);
      const text = await readFile(absolute, 'utf8');
      return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    } catch (thrown) {
      if (thrown instanceof AppError) throw thrown;
      throw damaged(file, 'the file', (thrown as Error).message, thrown);
    }
  }

  /** The first bytes of a file as text; an empty text if it cannot be read. For recognising only. */
  async head(file: string, bytes: number): Promise<string> {
    let handle;
    try {
      handle = await open(this.absolute(file), 'r');
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
      return buffer.toString('utf8', 0, bytesRead).replace(/^\ufeff/, '');
    } catch {
      return '';
    } finally {
      await handle?.close();
    }
  }

  /** Pictures whose name without ending is this. */
  picturesWithStem(stem: string): readonly string[] {
    if (this.#byStem === null) {
      this.#byStem = new Map();
      for (const file of this.pictures) {
        const list = this.#byStem.get(stemOf(file));
        if (list) list.push(file);
        else this.#byStem.set(stemOf(file), [file]);
      }
    }
    return this.#byStem.get(stem) ?? [];
  }

  /** Folder ('' for the root) of the file of that name nearest to the root; null if there is none. */
  folderWith(name: string): string | null {
    const matches = this.files.filter((file) => file === name || file.endsWith(`/${name}`));
    if (matches.length === 0) return null;
    const nearest = matches.reduce((best, file) => (file.length < best.length ? file : best));
    return nearest.slice(0, Math.max(0, nearest.length - name.length - 1));
  }

  /** Lines that are not empty, with their 1-based numbers. */
  async lines(file: string): Promise<{ text: string; number: number }[]> {
    const text = await this.text(file);
    return text
      .split(/\r\n|\n|\r/)
      .map((line, i) => ({ text: line.trim(), number: i + 1 }))
      .filter((line) => line.text !== '');
  }

  /**
   * The file that an annotation names, or why it is not taken.
   * @param name    as written: may hold backslashes, be absolute on another machine, or lead outside
   * @param bases   folders from the root in which it may lie, tried in order ('' is the root)
   * @param hint    word that decides between pictures of one name in several folders
   */
  findPicture(name: string, bases: readonly string[], hint = ''): PictureSearch {
    const wanted = name.replaceAll('\\', '/');
    const isAbsolute = wanted.startsWith('/') || /^[a-z]:\//i.test(wanted);
    if (!isAbsolute) {
      const places = bases.map((base) => path.posix.normalize(path.posix.join(base, wanted)));
      for (const place of places) if (this.has(place) && isPictureName(place)) return { file: place };
      if (wanted.split('/').includes('..')) return { problem: 'outside-folder' };
    }
    // Otherwise by its name anywhere below the root, the longest common ending first, then the hint.
    const candidates = this.picturesNamed(baseName(wanted));
    if (candidates.length === 0) return { problem: 'missing-picture' };
    const score = (file: string) =>
      commonEnding(file, wanted) + (hint !== '' && file.includes(hint) ? 0.5 : 0);
    return { file: candidates.reduce((best, file) => (score(file) > score(best) ? file : best)) };
  }
}

export type PictureSearch = { file: string } | { problem: 'outside-folder' | 'missing-picture' };

export const baseName = (file: string) => file.slice(file.lastIndexOf('/') + 1);
export const folderOf = (file: string) => file.slice(0, Math.max(0, file.lastIndexOf('/')));
export const stemOf = (file: string) => baseName(file).replace(/\.[^.]*$/, '');

/** An annotation file that cannot be trusted: the import ends, nothing of it is kept. */
export function damaged(file: string, place: string, reason: string, cause?: unknown): AppError {
  return new AppError('bad-file', `${file}, ${place}: ${reason}`, { file, place, reason }, cause);
}

/** 2 before 10, capitals ignored; ties by code unit, so that the order is the same everywhere. */
function naturalOrder(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}
const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** How many path parts agree, counted from the end. */
function commonEnding(a: string, b: string): number {
  const left = a.split('/').reverse();
  const right = b.split('/').reverse();
  let common = 0;
  while (common < Math.min(left.length, right.length) && left[common] === right[common]) common++;
  return common;
}

async function walk(
  root: string,
  folder: string,
  files: string[],
  outsideLinks: string[],
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  let entries;
  try {
    entries = await readdir(path.join(root, folder), { withFileTypes: true });
  } catch (cause) {
    throw new AppError('bad-file', `${folder || root} cannot be listed`, { file: folder || root }, cause);
  }
  for (const entry of entries) {
    if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
    const file = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) await walk(root, file, files, outsideLinks, signal);
    else if (entry.isFile()) files.push(file);
    else if (entry.isSymbolicLink()) {
      // Linked files inside the root are taken; linked folders are not, since they may lead in circles.
      const target = await realpath(path.join(root, file)).catch(() => null);
      if (target === null || !target.startsWith(root + path.sep)) outsideLinks.push(file);
      else if ((await stat(target)).isFile()) files.push(file);
    }
    if (files.length > maxFiles)
      throw new AppError('bad-input', `${root} holds more than ${maxFiles} files`, { file: root });
  }
}
