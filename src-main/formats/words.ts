// Words that formats share: class names, numbers, splits by name, and warnings that are counted, not repeated.

import { CLASS_NAME_MAX, type Split } from '../contracts/dataset.ts';
import type { ImportSink } from './format.ts';
import { damaged } from './damage.ts';
import type { ImageSearch } from './image-index.ts';

/** A class name as the project takes it, or bad-file: a damaged name is a damaged file. */
export function checkedClassName(raw: unknown, file: string, place: string): string {
  if (typeof raw !== 'string' && typeof raw !== 'number')
    throw damaged(file, place, 'a class name is missing or no text');
  const name = String(raw).normalize('NFC').trim();
  if (name === '') throw damaged(file, place, 'the class name is empty');
  if (name.length > CLASS_NAME_MAX)
    throw damaged(
      file,
      place,
      `the class name "${printable(name.slice(0, 24))}…" has ${name.length} characters, at most ${CLASS_NAME_MAX} are allowed`,
    );
  if (/\p{Cc}/u.test(name))
    throw damaged(file, place, `the class name "${printable(name)}" holds a control character`);
  return name;
}

const printable = (text: string) => text.replace(/\p{Cc}/gu, '?');

/** A finite number from text, or bad-file. */
export function numberFrom(text: unknown, file: string, place: string): number {
  const trimmed = typeof text === 'string' ? text.trim() : text;
  const value =
    trimmed === '' ? NaN : typeof trimmed === 'string' || typeof trimmed === 'number' ? Number(trimmed) : NaN;
  if (!Number.isFinite(value))
    throw damaged(file, place, `${JSON.stringify(text)?.slice(0, 40) ?? 'nothing'} is no number`);
  return value;
}

/** Parts as tables of Waterbirds and CelebA number them. */
export const numberedPart: ReadonlyMap<string, Split> = new Map([
  ['0', 'train'],
  ['1', 'selection'],
  ['2', 'test'],
]);

/** What a folder or file name says about its part of the data. */
export type NamedPart = 'train' | 'validation' | 'test';

/** Reads "train", "training", "train2017", "val", "valid", "validation", "dev", "test", "testing" as words. */
export function namedPart(name: string): NamedPart | null {
  for (const word of name.toLowerCase().split(/[^a-z]+/)) {
    if (/^(train|training|trainval)$/.test(word)) return 'train';
    if (/^(val|valid|validation|dev)$/.test(word)) return 'validation';
    if (/^(test|testing)$/.test(word)) return 'test';
  }
  return null;
}

/** Words beside which a part's name is still the name of a part: "seg_train", "training_set". */
const beside = /^(set|seg|data|dataset|images?|imgs?|split|folder|files|part)$/;

/** Of a folder whose whole name says the part, and nothing else that could be a class. */
export function namedPartOfFolder(name: string): NamedPart | null {
  const words = name
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== '');
  const isPart = (word: string) => namedPart(word) !== null;
  return words.some(isPart) && words.every((word) => isPart(word) || beside.test(word))
    ? namedPart(name)
    : null;
}

/**
 * A validation part is what a published set is tested on, so it becomes the test part; where there is a
 * test part too, it serves to select.
 */
export function splitOf(part: NamedPart | null, hasTest: boolean): Split | null {
  if (part === 'validation') return hasTest ? 'selection' : 'test';
  return part;
}

/** Warnings of one kind that would come in thousands: the first place is named, the rest counted. */
export class CountedWarning {
  readonly #code: string;
  readonly #file: string;
  #first = '';
  #count = 0;

  constructor(code: string, file: string) {
    this.#code = code;
    this.#file = file;
  }

  add(place: string): void {
    if (this.#count++ === 0) this.#first = place;
  }

  /** @param what  completes "3 …": "annotations of pictures that the file does not list" */
  report(sink: ImportSink, what: string): void {
    if (this.#count > 0)
      sink.warn({
        code: this.#code,
        file: this.#file,
        message: `${this.#count} ${what}; the first at ${this.#first}`,
      });
  }
}

/** The picture that an annotation names is not taken: says so. */
export function warnOfImage(
  sink: ImportSink,
  search: Exclude<ImageSearch, { file: string }>,
  file: string,
  place: string,
  name: string,
): void {
  const shown = name.length > 120 ? `${name.slice(0, 120)}…` : name;
  const because = (): string => {
    switch (search.problem) {
      case 'outside-folder':
        return `"${shown}" leads outside the folder; the picture is left out`;
      case 'missing-picture':
        return `there is no picture "${shown}"; its annotations are left out`;
      case 'ambiguous-picture': {
        const [first, second] = search.candidates;
        const more = search.candidates.length > 2 ? ` or ${search.candidates.length - 2} more` : '';
        return `"${shown}" may be ${first} or ${second}${more}; its annotations are left out`;
      }
    }
  };
  sink.warn({ code: search.problem, file, message: `${place}: ${because()}` });
}
