// What the values of a picture of labels stand for: by a table of colours or numbers beside it, or as Pascal VOC has them.

import type { LabelImage } from '../imaging/index.ts';
import { readCsv } from './csv.ts';
import type { SourceTree } from './source.ts';
import { checkedClassName } from './words.ts';
import { damaged } from './damage.ts';

/** Null for what is no object: background, void. Undefined for what no table knows. */
type ClassOfValue = (value: number) => string | null | undefined;

const pascal =
  'aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep sofa train tvmonitor'.split(
    ' ',
  );

/** Colour of an index in Pascal VOC: its bits spread over the three channels, from the top. */
export function pascalColour(index: number): number {
  let [red, green, blue] = [0, 0, 0];
  for (let bit = 7, rest = index; bit >= 0; bit--, rest >>= 3) {
    red |= (rest & 1) << bit;
    green |= ((rest >> 1) & 1) << bit;
    blue |= ((rest >> 2) & 1) << bit;
  }
  return (red << 16) | (green << 8) | blue;
}

export interface LabelTable {
  byColour: ReadonlyMap<number, string | null>;
  byIndex: ReadonlyMap<number, string | null>;
}

const isNothing = (name: string) =>
  /^(background|_background_|__ignore__|void|unlabell?ed|ignore|ignored)$/i.test(name);
const named = (name: string) => (isNothing(name) ? null : name);

/** labelmap.txt (`name:r,g,b:parts:actions`), class_dict.csv (name, r, g, b) or a list of names; null without any. */
export async function readLabelTable(source: SourceTree): Promise<LabelTable | null> {
  const byColour = new Map<number, string | null>();
  const byIndex = new Map<number, string | null>();
  const map = source.files.find((file) => /(^|\/)labelmap\.txt$/i.test(file));
  const table = source.files.find((file) => /(^|\/)(class_dict|colou?rs|classes|_classes)\.csv$/i.test(file));
  const list = source.files.find((file) => /(^|\/)(classes|labels|class_names)\.txt$/i.test(file));
  const colour = (parts: readonly string[], file: string, place: string): number => {
    const [red, green, blue] = parts.map(Number);
    if (![red, green, blue].every((one) => Number.isInteger(one) && one >= 0 && one <= 255))
      throw damaged(file, place, `"${parts.join(',').slice(0, 40)}" is no colour`);
    return (red << 16) | (green << 8) | blue;
  };
  if (map !== undefined) {
    let index = 0;
    for (const { text, number } of await source.lines(map)) {
      if (text.startsWith('#')) continue;
      const [name, rgb = ''] = text.split(':');
      const place = `line ${number}`;
      const className = named(checkedClassName(name, map, place));
      byIndex.set(index++, className);
      if (rgb !== '') byColour.set(colour(rgb.split(','), map, place), className);
    }
  } else if (table !== undefined) {
    const { columns, rows } = await readCsv(source, table);
    const at = (...names: string[]) => columns.findIndex((column) => names.includes(column.toLowerCase()));
    const columnsOfColour = [at('r', 'red'), at('g', 'green'), at('b', 'blue')];
    const [nameAt, valueAt] = [Math.max(0, at('name', 'class')), at('value', 'index', 'id', 'pixel value')];
    rows.forEach(({ fields, place }, i) => {
      const className = named(checkedClassName(fields[nameAt], table, place));
      byIndex.set(valueAt < 0 ? i : Number(fields[valueAt]), className);
      if (!columnsOfColour.includes(-1))
        byColour.set(
          colour(
            columnsOfColour.map((column) => fields[column]),
            table,
            place,
          ),
          className,
        );
    });
  } else if (list !== undefined) {
    const lines = await source.lines(list);
    // Where no line says background, the first class is 1.
    const offset = lines.some(({ text }) => isNothing(text)) ? 0 : 1;
    lines.forEach(({ text, number }, i) =>
      byIndex.set(i + offset, named(checkedClassName(text, list, `line ${number}`))),
    );
  }
  return byColour.size + byIndex.size > 0 ? { byColour, byIndex } : null;
}

/** @param isPascal  whether a picture without a table is of Pascal VOC, whose classes are known */
export function classOfValues(image: LabelImage, table: LabelTable | null, isPascal: boolean): ClassOfValue {
  const { areColours, palette } = image;
  const ofColour = (colour: number): string | null | undefined => {
    if (colour === 0 || colour === pascalColour(255)) return table?.byColour.get(colour) ?? null;
    const known = table?.byColour.get(colour);
    if (known !== undefined || !isPascal || table !== null) return known;
    const index = pascal.findIndex((_, i) => pascalColour(i + 1) === colour);
    return index < 0 ? undefined : pascal[index];
  };
  if (areColours) return ofColour;
  return (index) => {
    const known =
      palette !== null && table !== null && table.byColour.size > 0
        ? ofColour(palette[index] ?? -1)
        : undefined;
    if (known !== undefined) return known;
    const byIndex = table?.byIndex.get(index);
    if (byIndex !== undefined) return byIndex;
    if (index === 0 || index === 255) return null;
    return isPascal && table === null ? pascal[index - 1] : undefined;
  };
}
