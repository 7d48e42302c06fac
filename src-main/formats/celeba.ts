// CelebA (Liu et al. 2015): list_attr_celeba (.txt of the authors, .csv of mirrors) with forty attributes of 1 or -1 a
// picture, list_eval_partition with 0 train, 1 validation, 2 test. The class is the hair, as in work on groups (Sagawa
// et al. 2020: Blond_Hair, grouped by Male); every other attribute comes along as yes or no.

import type { Split } from '../contracts/dataset.ts';
import { readCsv } from './csv.ts';
import type { Format, ImportSink } from './format.ts';
import { damaged } from './damage.ts';
import type { SourceTree } from './source.ts';
import { numberedPart, warnOfImage } from './words.ts';

const classAttribute = 'Blond_Hair';

export const celeba: Format = {
  id: 'celeba',
  title: 'CelebA (class: blond hair)',

  async detect(source) {
    const list = fileOf(source, 'list_attr_celeba');
    return Promise.resolve(
      list === null ? { score: 0, reason: 'no list_attr_celeba' } : { score: 0.95, reason: list },
    );
  },

  async read(source, sink) {
    const file = fileOf(source, 'list_attr_celeba');
    if (file === null) throw damaged('list_attr_celeba', 'the file', 'it is missing');
    const { names, rows } = await readList(source, file, sink.warn);
    const hair = names.indexOf(classAttribute);
    if (hair < 0) throw damaged(file, 'the header', `there is no attribute ${classAttribute}`);
    const partFile = fileOf(source, 'list_eval_partition');
    const splits = partFile === null ? new Map<string, Split>() : await readParts(source, partFile);
    const bases = [
      'img_align_celeba',
      'img_align_celeba/img_align_celeba',
      'Img/img_align_celeba',
      'images',
      '',
    ];
    for (const { name, values, place } of rows) {
      sink.signal.throwIfAborted();
      const found = source.index.find(name, bases);
      if ('problem' in found) {
        warnOfImage(sink, found, file, place, name);
        continue;
      }
      const isTrue = values.map((value) => {
        if (value === '1') return true;
        if (value === '-1' || value === '0') return false;
        throw damaged(file, place, `${value.slice(0, 20)} is neither 1 nor -1`);
      });
      sink.image({
        file: source.imageFile(found.file),
        relativePath: found.file,
        className: isTrue[hair] ? 'blond' : 'not blond',
        split: splits.get(name) ?? null,
        annotations: [],
        declaredSize: null,
        attributes: Object.fromEntries(
          names.flatMap((attribute, i) => (i === hair ? [] : [[attribute, isTrue[i] ? 'yes' : 'no']])),
        ),
        recordPlace: { file, place },
      });
    }
  },
};

const fileOf = (source: SourceTree, stem: string): string | null =>
  source.files.find((file) => new RegExp(`(^|/)${stem}\\.(txt|csv)$`).test(file)) ?? null;

interface AttributeList {
  names: string[];
  rows: { name: string; values: string[]; place: string }[];
}

/** The authors' list has a count, then the names; a row is a file name and its values, between blanks. */
async function readList(source: SourceTree, file: string, warn: ImportSink['warn']): Promise<AttributeList> {
  if (file.endsWith('.csv')) {
    const { columns, rows } = await readCsv(source, file);
    return {
      names: columns.slice(1),
      rows: rows.map(({ fields: [name, ...values], place }) => ({ name, values, place })),
    };
  }
  const [count, header, ...lines] = await source.lines(file);
  if (!header) throw damaged(file, 'line 2', 'the names of the attributes are missing');
  const names = header.text.split(/\s+/);
  const rows = lines.map(({ text, number }) => {
    const [name, ...values] = text.split(/\s+/);
    const place = `line ${number}`;
    if (values.length !== names.length)
      throw damaged(file, place, `${values.length} values, expected ${names.length}`);
    return { name, values, place };
  });
  if (Number(count.text) !== rows.length)
    warn({
      code: 'other-count',
      file,
      message: `line 1: it says ${count.text.slice(0, 20)} pictures, and ${rows.length} are listed`,
    });
  return { names, rows };
}

async function readParts(source: SourceTree, file: string): Promise<Map<string, Split>> {
  const pairs = file.endsWith('.csv')
    ? (await readCsv(source, file)).rows
    : (await source.lines(file)).map(({ text, number }) => ({
        fields: text.split(/\s+/),
        place: `line ${number}`,
      }));
  return new Map(
    pairs.map(({ fields: [name, part], place }) => {
      const split = numberedPart.get(part);
      if (split === undefined) throw damaged(file, place, `${part?.slice(0, 20)} is no part: 0, 1 or 2`);
      return [name, split];
    }),
  );
}
