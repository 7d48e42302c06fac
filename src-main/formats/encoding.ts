// Text of annotation files, in whatever encoding they say they are: by the byte order mark, by what an XML declaration
// names, else UTF-8, which is checked. What is not valid is refused with its first bad byte; a class name never holds a
// replacement character.

import { isUtf8 } from 'node:buffer';
import { damaged } from './damage.ts';

/**
 * @param declared  encoding that the text itself names, null if it names none
 * @throws AppError 'bad-file' naming the first byte that the encoding does not know, or the unknown encoding
 */
export function decodeText(bytes: Uint8Array, file: string, declared: string | null = null): string {
  const encoding = encodingOf(bytes) ?? declared?.toLowerCase() ?? 'utf-8';
  if (encoding === 'utf-8' || encoding === 'utf8') {
    if (!isUtf8(bytes))
      throw damaged(file, `byte ${firstBadByte(bytes)}`, 'the text is no valid UTF-8; save it as UTF-8');
    return withoutMark(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  }
  let decoder: InstanceType<typeof TextDecoder>;
  try {
    decoder = new TextDecoder(encoding, { fatal: true });
  } catch (cause) {
    throw damaged(file, 'line 1', `the encoding "${encoding.slice(0, 40)}" is not known`, cause);
  }
  try {
    return withoutMark(decoder.decode(bytes));
  } catch (cause) {
    throw damaged(file, `byte ${firstBadByteIn(bytes, encoding)}`, `the text is no valid ${encoding}`, cause);
  }
}

/** Of an XML file: its declaration counts where there is no byte order mark. */
export const decodeXml = (bytes: Uint8Array, file: string): string =>
  decodeText(
    bytes,
    file,
    /^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']/.exec(
      Buffer.from(bytes.subarray(0, 400)).toString('latin1'),
    )?.[1] ?? null,
  );

/** For recognising a file by its first bytes, which may end within a character. */
export const glimpse = (bytes: Uint8Array): string =>
  withoutMark(new TextDecoder(encodingOf(bytes) ?? 'utf-8').decode(bytes));

const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);

/** By the byte order mark; UTF-16 without one by the zero bytes that plain Latin letters leave. Null otherwise. */
function encodingOf(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | null {
  const [a, b, c, d] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  if (bytes.length < 4) return null;
  if (a !== 0 && b === 0 && c !== 0 && d === 0) return 'utf-16le';
  if (a === 0 && b !== 0 && c === 0 && d !== 0) return 'utf-16be';
  return null;
}

/** Where the first character begins that is none, counted from 0. */
function firstBadByte(bytes: Uint8Array): number {
  let [low, high] = [0, bytes.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (wholeCharacters(bytes.subarray(0, middle)) !== null) low = middle;
    else high = middle - 1;
  }
  return wholeCharacters(bytes.subarray(0, low))!;
}

/** How many bytes are whole characters where at most an unfinished one follows; null where anything else does. */
function wholeCharacters(bytes: Uint8Array): number | null {
  for (let cut = 0; cut <= Math.min(3, bytes.length); cut++) {
    const end = bytes.length - cut;
    if (isUtf8(bytes.subarray(0, end)))
      return cut === 0 || startsCharacter(bytes.subarray(end), cut) ? end : null;
  }
  return null;
}

/** Whether these bytes can begin a character that has more. */
function startsCharacter(rest: Uint8Array, length: number): boolean {
  const [lead] = rest;
  const needed = lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  return needed > length && lead <= 0xf4 && rest.subarray(1).every((byte) => (byte & 0xc0) === 0x80);
}

function firstBadByteIn(bytes: Uint8Array, encoding: string): number {
  const decoder = new TextDecoder(encoding, { fatal: true });
  for (let at = 0; at < bytes.length; at++)
    try {
      decoder.decode(bytes.subarray(at, at + 1), { stream: true });
    } catch {
      return at;
    }
  return bytes.length;
}
