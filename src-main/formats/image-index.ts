// Which picture a label means. Names are written on other machines: with backslashes, drive letters, `..`, per-cent
// signs, another ending, another normal form of the same letters. A label is matched by its whole path, then by the one
// picture whose path ends as it does, then by the one of its name; where two fit alike none is taken.

import { baseName, folderOf, stemOf } from './paths.ts';

export type ImageSearch =
  | { file: string }
  | { problem: 'outside-folder' | 'missing-picture' }
  | { problem: 'ambiguous-picture'; candidates: readonly string[] };

/** Equal names have equal keys, however their letters are composed and whatever their capitals. */
export const nameKey = (name: string): string => name.normalize('NFC').toLowerCase();

export class ImageIndex {
  readonly #byPath = new Map<string, string[]>();
  readonly #byName = new Map<string, string[]>();
  readonly #byStem = new Map<string, string[]>();

  /** @param images  from the root, as they are written on disk */
  constructor(images: readonly string[]) {
    const add = (map: Map<string, string[]>, key: string, file: string) => {
      const list = map.get(key);
      if (list) list.push(file);
      else map.set(key, [file]);
    };
    for (const file of images) {
      add(this.#byPath, nameKey(file), file);
      add(this.#byName, nameKey(baseName(file)), file);
      add(this.#byStem, nameKey(stemOf(file)), file);
    }
  }

  /** Pictures whose name without ending is this. */
  withStem(stem: string): readonly string[] {
    return this.#byStem.get(nameKey(stem)) ?? [];
  }

  /**
   * @param name   as written
   * @param bases  folders from the root in which it may lie, tried in order ('' is the root)
   * @param hint   part of a path that decides between pictures that fit alike
   */
  find(name: string, bases: readonly string[], hint = ''): ImageSearch {
    let closest: ImageSearch = { problem: 'missing-picture' };
    for (const written of spellings(name)) {
      const found = this.#findWritten(written, bases, hint);
      if ('file' in found) return found;
      if (found.problem !== 'missing-picture') closest = found;
    }
    return closest;
  }

  /** The picture at exactly this place, by any spelling of its name; null if there is none. */
  at(place: string): string | null {
    const found = this.#byPath.get(nameKey(place)) ?? [];
    return found.find((file) => file === place) ?? (found.length === 1 ? found[0] : null);
  }

  #findWritten(written: string, bases: readonly string[], hint: string): ImageSearch {
    const slashes = written.replaceAll('\\', '/');
    const isAbsolute = slashes.startsWith('/') || /^[a-z]:\//i.test(slashes);
    const parts = slashes
      .replace(/^[a-z]:/i, '')
      .split('/')
      .filter((part) => part !== '' && part !== '.');
    if (!isAbsolute)
      for (const base of bases) {
        const place = resolved(base, parts);
        const file = place === null ? null : this.at(place);
        if (file !== null) return { file };
      }
    // What stands behind the last `..` is the end of the path on any machine.
    const ending = parts.slice(parts.lastIndexOf('..') + 1);
    const none = {
      problem: parts.includes('..') ? ('outside-folder' as const) : ('missing-picture' as const),
    };
    const last = ending.at(-1);
    if (last === undefined) return none;
    const candidates = [
      this.#byName.get(nameKey(last)) ?? [],
      this.withStem(last),
      this.withStem(stemOf(last)),
    ].find((list) => list.length > 0);
    return candidates === undefined ? none : closestTo(ending, candidates, hint);
  }
}

/** The name as it stands, and as an address would write it. */
function spellings(name: string): string[] {
  if (!/%[0-9a-f]{2}/i.test(name)) return [name];
  try {
    return [name, decodeURIComponent(name)];
  } catch {
    return [name];
  }
}

/** The path from the root; null if it leads out of it. */
function resolved(base: string, parts: readonly string[]): string | null {
  const path = base === '' ? [] : base.split('/');
  for (const part of parts) {
    if (part !== '..') path.push(part);
    else if (path.pop() === undefined) return null;
  }
  return path.join('/');
}

/** The candidate whose folders agree with those written the furthest, from the end. @param candidates at least one */
function closestTo(ending: readonly string[], candidates: readonly string[], hint: string): ImageSearch {
  const wanted = ending.slice(0, -1).map(nameKey).reverse();
  const agreeing = (file: string): number => {
    const folders = folderOf(file).split('/').map(nameKey).reverse();
    let count = 0;
    while (count < Math.min(wanted.length, folders.length) && wanted[count] === folders[count]) count++;
    return count;
  };
  const furthest = Math.max(...candidates.map(agreeing));
  let best = candidates.filter((file) => agreeing(file) === furthest);
  if (best.length > 1 && hint !== '') {
    const hinted = best.filter((file) => file.includes(hint));
    if (hinted.length > 0) best = hinted;
  }
  return best.length === 1 ? { file: best[0] } : { problem: 'ambiguous-picture', candidates: best };
}
