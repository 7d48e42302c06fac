// The folder that a person chose, seen safely: names are read once, links and `..` never lead out of it,
// and files are read within limits. Every format reads through it.

import { open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import { isImageName } from '../imaging/index.ts';
import { damaged } from './damage.ts';
import { decodeText, glimpse } from './encoding.ts';
import { ImageIndex } from './image-index.ts';

const maxFiles = 2_000_000;
const maxAnnotationBytes = 512 * 1024 * 1024;

export class SourceTree {
  /** Absolute, links resolved. */
  readonly root: string;
  /** The one annotation file that was chosen instead of a folder, from the root; null for a folder. */
  readonly chosenFile: string | null;
  /** Every file from the root, with slashes, in natural order. */
  readonly files: readonly string[];
  /** Links that lead out of the root and so were passed over. */
  readonly outsideLinks: readonly string[];
  /** Files and folders whose names begin with a dot, and so were passed over. */
  readonly hidden: readonly string[];
  /** Folder of the pictures, absolute: the root, unless the person named another. */
  readonly imagesRoot: string;
  readonly #elsewhere: Found | null;
  readonly #read = new Set<string>();
  readonly #known: Set<string>;
  #images: string[] | null = null;
  #index: ImageIndex | null = null;

  private constructor(
    root: string,
    chosenFile: string | null,
    found: Found,
    elsewhere: { root: string; found: Found } | null,
  ) {
    this.root = root;
    this.chosenFile = chosenFile;
    this.files = found.files;
    this.outsideLinks = found.outsideLinks;
    this.hidden = found.hidden;
    this.#known = new Set(found.files);
    this.imagesRoot = elsewhere?.root ?? root;
    this.#elsewhere = elsewhere?.found ?? null;
  }

  /**
   * @param place   a folder, or an annotation file: then its folder (or the one above `annotations`) is the root
   * @param images  folder of the pictures, where they lie elsewhere
   */
  static async open(place: string, signal?: AbortSignal, images: string | null = null): Promise<SourceTree> {
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
    const found: Found = { files: [], outsideLinks: [], hidden: [] };
    await walk(root, '', found, signal);
    found.files.sort(naturalOrder);
    const chosenFile = chosen === null ? null : path.relative(root, chosen).split(path.sep).join('/');
    return new SourceTree(root, chosenFile, found, images === null ? null : await imagesIn(images, signal));
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

  /** @param file  one of `pictures` */
  imageFile(file: string): string {
    return path.join(this.imagesRoot, ...file.split('/'));
  }

  /** Files that lie in the folder of the pictures, where that is another; none otherwise. */
  get filesElsewhere(): readonly string[] {
    return this.#elsewhere?.files ?? [];
  }

  /** Of a mask or another picture that is read as a label. */
  noteRead(file: string): void {
    this.#read.add(file);
  }

  /** Whether the whole of a file was read as labels. */
  wasRead(file: string): boolean {
    return this.#read.has(file);
  }

  /** How many files were read as labels. */
  get filesRead(): number {
    return this.#read.size;
  }

  /** Pictures by their ending, from `imagesRoot`. */
  get images(): readonly string[] {
    return (this.#images ??= (this.#elsewhere?.files ?? this.files).filter(isImageName));
  }

  /**
   * Text of a file: UTF-8, or what its byte order mark says.
   * @throws AppError 'bad-file' when it is too large, not to be read, or no text of that encoding
   */
  async text(file: string, maxBytes = maxAnnotationBytes): Promise<string> {
    return decodeText(await this.bytes(file, maxBytes), file);
  }

  /** @throws AppError 'bad-file' when it is too large or not to be read */
  async bytes(file: string, maxBytes = maxAnnotationBytes): Promise<Uint8Array> {
    const absolute = this.absolute(file);
    try {
      const { size } = await stat(absolute);
      if (size > maxBytes) throw damaged(file, 'its size', `${size} bytes, at most ${maxBytes} are read`);
      const bytes = await readFile(absolute);
      this.#read.add(file);
      return bytes;
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
      return glimpse(buffer.subarray(0, bytesRead));
    } catch {
      return '';
    } finally {
      await handle?.close();
    }
  }

  /** Pictures by the names that labels give them. */
  get index(): ImageIndex {
    return (this.#index ??= new ImageIndex(this.images));
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
}

/** 2 before 10, capitals ignored; ties by code unit, so that the order is the same everywhere. */
function naturalOrder(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}
const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

async function imagesIn(place: string, signal?: AbortSignal): Promise<{ root: string; found: Found }> {
  const found: Found = { files: [], outsideLinks: [], hidden: [] };
  let root: string;
  try {
    root = await realpath(place);
    if (!(await stat(root)).isDirectory()) throw new Error('this is no folder');
  } catch (cause) {
    throw new AppError(
      'not-found',
      `${place} cannot be opened as the folder of the pictures`,
      { file: place },
      cause,
    );
  }
  await walk(root, '', found, signal);
  found.files.sort(naturalOrder);
  return { root, found };
}

interface Found {
  files: string[];
  outsideLinks: string[];
  hidden: string[];
}

/** What systems leave behind, which nobody means to import. */
const systemFiles = new Set(['__MACOSX', '.DS_Store', 'Thumbs.db', 'desktop.ini']);

async function walk(root: string, folder: string, found: Found, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  let entries;
  try {
    entries = await readdir(path.join(root, folder), { withFileTypes: true });
  } catch (cause) {
    throw new AppError('bad-file', `${folder || root} cannot be listed`, { file: folder || root }, cause);
  }
  for (const entry of entries) {
    const file = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (systemFiles.has(entry.name) || entry.name.startsWith('._')) continue;
    if (entry.name.startsWith('.')) {
      found.hidden.push(file);
      continue;
    }
    if (entry.isDirectory()) await walk(root, file, found, signal);
    else if (entry.isFile()) found.files.push(file);
    else if (entry.isSymbolicLink()) {
      // Linked files inside the root are taken; linked folders are not, since they may lead in circles.
      const target = await realpath(path.join(root, file)).catch(() => null);
      if (target === null || !target.startsWith(root + path.sep)) found.outsideLinks.push(file);
      else if ((await stat(target)).isFile()) found.files.push(file);
    }
    if (found.files.length > maxFiles)
      throw new AppError('bad-input', `${root} holds more than ${maxFiles} files`, { file: root });
  }
}
