// What lay in a source and was not taken: so that an import can say it, and say "nothing was left out" only if it is true.

import path from 'node:path';
import type { ImportWarning, LeftOut } from '../contracts/imports.ts';
import { isImageName } from '../imaging/index.ts';
import type { SourceTree } from './source.ts';

/** Endings of pictures that no decoder here reads. */
const undecodable = new Set(
  [
    'heic',
    'heif',
    'dng',
    'raw',
    'cr2',
    'cr3',
    'nef',
    'arw',
    'orf',
    'rw2',
    'raf',
    'psd',
    'svg',
    'eps',
    'ai',
  ].concat(['jxl', 'jp2', 'j2k', 'exr', 'hdr', 'nii', 'svs', 'ndpi', 'czi', 'tga', 'ico']),
);
const videos = new Set(['mp4', 'mov', 'avi', 'mkv', 'webm', 'm4v', 'mpg', 'mpeg', 'wmv', '3gp']);
const archives = new Set(['zip', 'tar', 'gz', 'tgz', 'bz2', 'xz', '7z', 'rar', 'zst']);
/** Endings in which annotations are kept: what was not read of them may hold labels. */
const annotationEndings = new Set([
  'json',
  'jsonl',
  'ndjson',
  'xml',
  'txt',
  'csv',
  'tsv',
  'yaml',
  'yml',
  'mat',
  'parquet',
]);

/** Named for each reason; the rest is counted. */
const MOST_EXAMPLES = 5;

class LeftOutList {
  readonly #reasons = new Map<string, LeftOut>();

  add(reason: string, example: string): void {
    const entry = this.#reasons.get(reason) ?? { reason, count: 0, examples: [] };
    entry.count += 1;
    if (entry.examples.length < MOST_EXAMPLES) entry.examples.push(example);
    this.#reasons.set(reason, entry);
  }

  all(): LeftOut[] {
    return [...this.#reasons.values()];
  }
}

/** @param listed  pictures that were handed on, by their path from the root */
export function leftOutOf(source: SourceTree, listed: ReadonlySet<string>): LeftOut[] {
  const left = new LeftOutList();
  const isElsewhere = source.imagesRoot !== source.root;
  for (const file of source.files) {
    if ((!isElsewhere && listed.has(file)) || source.wasRead(file)) continue;
    left.add(reasonFor(file), file);
  }
  for (const file of source.filesElsewhere) if (!listed.has(file)) left.add(reasonFor(file), file);
  for (const link of source.outsideLinks) left.add('links that lead out of the folder', link);
  for (const hidden of source.hidden) left.add('hidden files and folders', hidden);
  return left.all();
}

function reasonFor(file: string): string {
  const ending = path.extname(file).slice(1).toLowerCase();
  if (isImageName(file)) return 'pictures that the annotations do not list';
  if (undecodable.has(ending)) return `.${ending} pictures, which cannot be decoded here`;
  if (videos.has(ending)) return `.${ending} videos`;
  if (archives.has(ending)) return `.${ending} archives, which are not looked into`;
  if (annotationEndings.has(ending))
    return `.${ending} files that this format does not read; they may hold labels`;
  return ending === '' ? 'files without an ending' : `.${ending} files, of a kind that is not known`;
}

/** Warnings that say that something was left out, by what they mean. */
const reasons: Record<string, string> = {
  'bad-picture': 'pictures that cannot be read',
  'missing-picture': 'labels of pictures that are not there',
  'ambiguous-picture': 'labels that may mean several pictures',
  'outside-folder': 'labels of pictures outside the folder',
  'dropped-box': 'shapes without area, or outside their picture',
  'size-differs': 'shapes drawn for a picture of another size',
  'too-many-points': 'pictures whose shapes have too many points',
  'unknown-picture': 'annotations of pictures that no list names',
  'unknown-file': 'annotation files that are not understood',
  'dropped-shape': 'shapes of a kind that has no area: points, lines, key points',
  'bad-mask': 'masks that cannot be read',
  'first-page': 'pages and frames after the first',
  'first-channels': 'channels after the first three',
  'changed-in-both': 'changes in the source of what was changed here, too',
  copy: 'copies of an annotation file',
};

/** What the warnings of an import say was left out. */
export function leftOutByWarnings(warnings: readonly ImportWarning[]): LeftOut[] {
  const left = new LeftOutList();
  for (const { code, file, message } of warnings) {
    const reason = reasons[code];
    if (reason !== undefined) left.add(reason, file === '' ? message : `${file}: ${message}`);
  }
  return left.all();
}
