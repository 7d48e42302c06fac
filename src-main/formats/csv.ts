// Tables of comma-separated values with a header line, as small as the sets that are published so need: quotes
// round a field, doubled inside it; no line breaks inside fields.

import { damaged } from './damage.ts';
import type { SourceTree } from './source.ts';

interface CsvTable {
  /** Trimmed, in order. */
  columns: string[];
  rows: { fields: string[]; place: string }[];
}

/** @throws AppError 'bad-file' for an empty table, or a row with more or fewer fields than the header */
export async function readCsv(source: SourceTree, file: string): Promise<CsvTable> {
  const [header, ...lines] = await source.lines(file);
  if (!header) throw damaged(file, 'line 1', 'the table is empty');
  const columns = fieldsOf(header.text);
  const rows = lines.map(({ text, number }) => {
    const fields = fieldsOf(text);
    const place = `line ${number}`;
    if (fields.length !== columns.length)
      throw damaged(file, place, `${fields.length} fields, expected ${columns.length}`);
    return { fields, place };
  });
  return { columns, rows };
}

/** Place of a column. @throws AppError 'bad-file' if it is missing */
export function columnOf({ columns }: CsvTable, name: string, file: string): number {
  const at = columns.indexOf(name);
  if (at < 0) throw damaged(file, 'line 1', `the column ${name} is missing`);
  return at;
}

/** A comma in front makes every field begin with one. */
export const fieldsOf = (line: string): string[] =>
  [...`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    (quoted?.replaceAll('""', '"') ?? plain).trim(),
  );
