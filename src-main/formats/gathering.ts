// Pictures as labels name them: each once, with all that any label said of it.

import { ATTRIBUTE_MAX } from '../contracts/dataset.ts';
import type { ImportedImage, ImportSink } from './format.ts';
import type { RecordPlace } from '../contracts/imported.ts';
import { folderOf } from './paths.ts';
import type { SourceTree } from './source.ts';
import { CountedWarning, warnOfImage } from './words.ts';

export class Gathering {
  readonly #source: SourceTree;
  readonly #sink: ImportSink;
  readonly #images = new Map<string, ImportedImage>();
  readonly #several = new CountedWarning('several-classes', '');
  readonly #classed = new Set<ImportedImage>();

  constructor(source: SourceTree, sink: ImportSink) {
    this.#source = source;
    this.#sink = sink;
  }

  /**
   * The picture that a label means; null, and said, where there is none or more than one may be meant.
   * @param bases  folders in which the name may lie, tried in order
   */
  find(name: string, bases: readonly string[], recordPlace: RecordPlace, hint = ''): ImportedImage | null {
    this.#sink.signal.throwIfAborted();
    const found = this.#source.index.find(name, bases, hint);
    if ('file' in found) return this.at(found.file, recordPlace);
    warnOfImage(this.#sink, found, recordPlace.file, recordPlace.place, name);
    return null;
  }

  /** @param file  of a picture, from the root */
  at(file: string, recordPlace: RecordPlace): ImportedImage {
    const known = this.#images.get(file);
    if (known) return known;
    const image: ImportedImage = {
      file: this.#source.imageFile(file),
      relativePath: file,
      className: null,
      split: null,
      annotations: [],
      declaredSize: null,
      recordPlace,
    };
    this.#images.set(file, image);
    return image;
  }

  /** Class of a whole picture. One that is given two has none. */
  classify(image: ImportedImage, className: string, place: string): void {
    if (this.#classed.has(image) && image.className !== className) {
      this.#several.add(place);
      image.className = null;
    } else image.className = className;
    this.#classed.add(image);
  }

  /** Pictures that lie in a folder with one that is known: nothing is drawn on them yet. */
  addBeside(): void {
    const folders = new Set([...this.#images.keys()].map(folderOf));
    for (const file of this.#source.images)
      if (folders.has(folderOf(file))) this.at(file, { file, place: 'the picture' });
  }

  *[Symbol.iterator](): Generator<ImportedImage> {
    yield* this.#images.values();
  }

  handOn(): void {
    this.#several.report(
      this.#sink,
      'labels contradict another of their picture, which so has no class of its own',
    );
    for (const image of this.#images.values()) this.#sink.image(image);
  }
}

/** What a file says of a picture's size; null where it is none. */
export function sizeGiven(width: unknown, height: unknown): ImportedImage['declaredSize'] {
  const [widthPx, heightPx] = [Number(width), Number(height)];
  return widthPx > 0 && heightPx > 0 && Number.isFinite(widthPx * heightPx) ? { widthPx, heightPx } : null;
}

/** Values of a picture's attributes as text; what is no plain value is left out. */
export function plainAttributes(values: Iterable<readonly [string, unknown]>): Record<string, string> {
  const plain: [string, string][] = [];
  for (const [name, value] of values)
    if (name !== '' && ['string', 'number', 'boolean'].includes(typeof value))
      plain.push([name.slice(0, ATTRIBUTE_MAX), String(value).slice(0, ATTRIBUTE_MAX)]);
  return Object.fromEntries(plain);
}

export function addAttributes(image: ImportedImage, attributes: Record<string, string>): void {
  if (Object.keys(attributes).length > 0) image.attributes = { ...image.attributes, ...attributes };
}
