// Names of files and folders that an export writes: such as every file system takes, no two alike, and read back as what
// they stand for.

import path from 'node:path';

/** Of a name in the usual file systems. */
export const MOST_NAME_BYTES = 255;

/** What file systems refuse in names is written as in addresses; so are names that end in a dot or a space. */
export const encodedName = (name: string): string =>
  name.replace(/[%/\\:*?"<>|\p{Cc}]|[. ]$|^\./gu, (sign) => encodedSign(sign));

const encodedSign = (sign: string): string =>
  [...new TextEncoder().encode(sign)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');

/** A name that means something else is kept apart by writing its first letter as in addresses, too. */
export function distinctName(name: string): string {
  const [first] = name;
  return encodedSign(first) + encodedName(name.slice(first.length));
}

/** A name that this app encoded, or another's as it is. */
export function decodedName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/**
 * The names, made unique by a number: compared without capitals and however letters are composed, since some file
 * systems do. A stem serves one picture only; what would be too long for a file is shortened.
 * @param mostBytes  that a name may have
 */
export function uniqueNames(names: readonly string[], mostBytes = MOST_NAME_BYTES): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const ending = path.extname(name);
    const stem = name.slice(0, name.length - ending.length);
    for (let n = 1; ; n++) {
      const number = n === 1 ? '' : `-${n}`;
      const candidate = shortened(stem, mostBytes - Buffer.byteLength(ending) - number.length) + number;
      const key = candidate.normalize('NFC').toLowerCase();
      if (!taken.has(key)) {
        taken.add(key);
        return candidate + ending;
      }
    }
  });
}

/** The longest beginning of so many bytes, in whole letters. */
function shortened(text: string, mostBytes: number): string {
  if (Buffer.byteLength(text) <= mostBytes) return text;
  let kept = '';
  let bytes = 0;
  for (const letter of text) {
    bytes += Buffer.byteLength(letter);
    if (bytes > mostBytes) break;
    kept += letter;
  }
  return kept;
}
