// Which files of a source a format would read: told by how they begin, since endings say little. The beginnings are kept,
// because every format asks for the same ones.

import type { SourceTree } from './source.ts';
import { folderOf } from './paths.ts';

/** Bytes of a beginning, of which a text of plain letters has as many. */
export const HEAD_LETTERS = 4000;
/** Of all beginnings together. */
const MOST_KEPT = 20_000;
/** Looked at in a folder whose files are all alike, when they are only counted. */
const SAMPLED = 40;

const kept = new WeakMap<SourceTree, Map<string, Promise<string>>>();

/** The first bytes of a file as text; empty if it cannot be read. */
export function headOf(source: SourceTree, file: string): Promise<string> {
  const heads = kept.get(source) ?? new Map<string, Promise<string>>();
  kept.set(source, heads);
  const known = heads.get(file);
  if (known) return known;
  const head = source.head(file, HEAD_LETTERS);
  if (heads.size < MOST_KEPT) heads.set(file, head);
  return head;
}

type Likeness = (head: string, file: string) => boolean;

/** Files of that ending that begin as the format's own do. Where one file was chosen, only that. */
export async function filesLike(source: SourceTree, ending: RegExp, isLike: Likeness): Promise<string[]> {
  const found: string[] = [];
  for (const file of ofEnding(source, ending)) if (isLike(await headOf(source, file), file)) found.push(file);
  return found;
}

/** As `filesLike`, for detecting: of folders whose files all answer alike a few are looked at. */
export async function likelyFiles(source: SourceTree, ending: RegExp, isLike: Likeness): Promise<string[]> {
  const byFolder = new Map<string, string[]>();
  for (const file of ofEnding(source, ending)) {
    const folder = folderOf(file);
    const beside = byFolder.get(folder);
    if (beside) beside.push(file);
    else byFolder.set(folder, [file]);
  }
  const found: string[] = [];
  for (const files of byFolder.values()) {
    const answers: boolean[] = [];
    for (const [i, file] of files.entries()) {
      const areAlike = i === SAMPLED && answers.every((answer) => answer === answers[0]);
      if (areAlike) {
        if (answers[0]) found.push(...files.slice(i));
        break;
      }
      answers.push(isLike(await headOf(source, file), file));
      if (answers[i]) found.push(file);
    }
  }
  return found;
}

const ofEnding = (source: SourceTree, ending: RegExp): readonly string[] =>
  source.chosenFile === null
    ? source.files.filter((file) => ending.test(file))
    : ending.test(source.chosenFile)
      ? [source.chosenFile]
      : [];

/** "labels/a.txt", or "3 files, the first labels/a.txt". */
export const shownFiles = (files: readonly string[]): string =>
  files.length === 1 ? files[0] : `${files.length} files, the first ${files[0]}`;
