// Annotation files in JSON: parsed whole, and damage told by line and column.

import { damaged } from './damage.ts';
import type { SourceTree } from './source.ts';

export async function readJson(source: SourceTree, file: string): Promise<unknown> {
  const text = await source.text(file);
  if (text.trim() === '') throw damaged(file, 'line 1', 'the file is empty');
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const message = (cause as Error).message;
    const position = /position (\d+)/.exec(message);
    const truncated = /end of JSON|Unterminated/i.test(message);
    const at = position ? Number(position[1]) : text.length;
    throw damaged(
      file,
      placeIn(text, at),
      truncated ? 'the JSON ends too early; the file is cut short' : 'this is no valid JSON',
      cause,
    );
  }
}

/** "line 3, column 14" of a place in a text. */
function placeIn(text: string, at: number): string {
  const before = text.slice(0, at);
  const lastBreak = before.lastIndexOf('\n');
  return `line ${before.split('\n').length}, column ${at - lastBreak}`;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
