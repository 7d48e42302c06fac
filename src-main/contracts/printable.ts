// Text from outside (names of files, words in them) as it may be shown: in a terminal, where control
// characters move the cursor, rename the window or hide what was said, and in messages of the window.

/** C0, DEL, C1, line separators, and what turns or hides the text around it. */
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;
/** Halves of a surrogate pair that stand alone, which no encoding can hold. */
const HALF = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Longer than any message of ours; a system allows 255 bytes for a name, a file can claim any number. */
const PRINTED_CHARACTERS = 1000;
/** What is kept of the start of a text that is cut; the rest is its end, where messages give the reason. */
const START_SHARE = 0.6;

/** Hidden characters as escapes (`\u001b`), line breaks as spaces, and the middle left out of what is too long. */
export function printable(text: string, most = PRINTED_CHARACTERS): string {
  return escapeHidden(cut(text, most).replace(/\s*[\r\n]+\s*/g, ' '));
}

/** Only the escapes, for text that must stay whole: a line of JSON still means the same. */
export const escapeHidden = (text: string): string =>
  text
    .replace(HIDDEN, (hidden) => `\\u${hidden.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(HALF, (half) => `\\u${half.charCodeAt(0).toString(16)}`);

function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const start = Math.floor(most * START_SHARE);
  const end = text.length - (most - start);
  return `${text.slice(0, start)} … (${end - start} characters left out) … ${text.slice(end)}`;
}
