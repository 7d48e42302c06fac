// What names the classes and parts of YOLO labels: data.yaml, or classes.txt, obj.names and the like of older tools.

import { parse as parseYaml } from 'yaml';
import { headOf } from './candidates.ts';
import { damaged } from './damage.ts';
import { isRecord } from './json.ts';
import { folderOf } from './paths.ts';
import type { SourceTree } from './source.ts';
import { checkedClassName, type NamedPart } from './words.ts';

/** Names of classes, and parts, of the labels in and below a folder. */
export interface LabelSet {
  /** Of the file that says so. */
  folder: string;
  file: string;
  names: ReadonlyMap<number, string> | null;
  /** Of each part, the pictures' folders or lists as they are written. */
  parts: Map<NamedPart, string[]>;
  /** `path` of a data.yaml. */
  base: string;
  /** Numbers of a line after those of its box that say where key points are. */
  keyPointNumbers: number;
}

export async function configsOf(source: SourceTree): Promise<string[]> {
  const found: string[] = [];
  for (const file of source.files)
    if (/\.ya?ml$/i.test(file) && /^\s*(names|nc|train|val)\s*:/m.test(await headOf(source, file)))
      found.push(file);
  return found;
}

export async function readConfigs(source: SourceTree): Promise<LabelSet[]> {
  const sets: LabelSet[] = [];
  for (const file of await configsOf(source)) {
    const set = await readYaml(source, file);
    if (set !== null) sets.push(set);
  }
  for (const file of source.files) {
    if (!/(^|\/)(classes\.txt|_darknet\.labels|[^/]*\.names)$/i.test(file)) continue;
    const names = (await source.lines(file)).map(({ text, number }): [number, string] => [
      number - 1,
      checkedClassName(text, file, `line ${number}`),
    ]);
    sets.push({
      folder: folderOf(file),
      file,
      names: new Map(names),
      parts: new Map(),
      base: '',
      keyPointNumbers: 0,
    });
  }
  return sets;
}

const MOST_YAML_BYTES = 16 * 1024 * 1024;

async function readYaml(source: SourceTree, file: string): Promise<LabelSet | null> {
  const text = await source.text(file, MOST_YAML_BYTES);
  let content: unknown;
  try {
    // A few anchors are common; a bomb of them is refused by the parser.
    content = parseYaml(text, { maxAliasCount: 100 });
  } catch (cause) {
    const { message } = cause as Error;
    const line = /line (\d+)/.exec(message)?.[1] ?? '1';
    throw damaged(
      file,
      `line ${line}`,
      `this is no valid YAML: ${message.split('\n')[0].slice(0, 160)}`,
      cause,
    );
  }
  if (!isRecord(content)) return null;
  const { names: given, path: base } = content;
  const names = namesIn(given, file);
  const parts = new Map<NamedPart, string[]>();
  for (const [key, part] of [
    ['train', 'train'],
    ['val', 'validation'],
    ['valid', 'validation'],
    ['test', 'test'],
  ] as const) {
    const value = content[key];
    const entries = Array.isArray(value) ? value : [value];
    const places = entries.filter((entry): entry is string => typeof entry === 'string' && entry !== '');
    if (places.length > 0) parts.set(part, places);
  }
  if (names === null && parts.size === 0) return null;
  return {
    folder: folderOf(file),
    file,
    names,
    parts,
    base: typeof base === 'string' ? base : '',
    keyPointNumbers: keyPointNumbersIn(content.kpt_shape),
  };
}

/** kpt_shape: how many key points, and how many numbers each has. */
const keyPointNumbersIn = (shape: unknown): number => {
  if (!Array.isArray(shape)) return 0;
  const [count, size] = shape.map(Number);
  return Number.isInteger(count * size) && count * size > 0 ? count * size : 0;
};

function namesIn(given: unknown, file: string): Map<number, string> | null {
  if (given === undefined || given === null) return null;
  if (typeof given !== 'object')
    throw damaged(file, 'names', 'this is neither a list nor a map of class names');
  const entries: [string, unknown][] = Array.isArray(given)
    ? given.map((name, i): [string, unknown] => [String(i), name])
    : Object.entries(given);
  return new Map(
    entries.map(([key, name]) => {
      if (!/^\d+$/.test(key))
        throw damaged(file, `names.${key.slice(0, 40)}`, 'a class number is no whole number');
      return [
        Number(key),
        checkedClassName(typeof name === 'boolean' ? String(name) : name, file, `names[${key}]`),
      ];
    }),
  );
}

/** The names nearest above a label; else those of the only file that gives any. */
export function nearest(sets: readonly LabelSet[], label: string): LabelSet | null {
  const named = sets.filter(({ names }) => names !== null);
  const above = named.filter(({ folder }) => folder === '' || label.startsWith(`${folder}/`));
  if (above.length > 0)
    return above.reduce((best, set) => (set.folder.length > best.folder.length ? set : best));
  return named.length === 1 ? named[0] : null;
}
