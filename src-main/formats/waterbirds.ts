// Waterbirds (Sagawa et al. 2020, "Distributionally robust neural networks for group shifts"): birds pasted onto land
// or water. One table, metadata.csv: img_filename, y (0 landbird, 1 waterbird), split (0 train, 1 validation, 2 test),
// place (0 land, 1 water). Sets built alike have other attribute columns; every further column is taken as one.

import { ATTRIBUTE_MAX } from '../contracts/dataset.ts';
import { columnOf, fieldsOf, readCsv } from './csv.ts';
import type { Format } from './format.ts';
import { damaged } from './damage.ts';
import { checkedClassName, numberedPart, warnOfImage } from './words.ts';

const table = 'metadata.csv';
const known = ['img_id', 'img_filename', 'y', 'split', 'place_filename'];
/** The published set's numbers in words; others stay as they are written. */
const classNames = new Map([
  ['0', 'landbird'],
  ['1', 'waterbird'],
]);
const places = new Map([
  ['0', 'land'],
  ['1', 'water'],
]);

export const waterbirds: Format = {
  id: 'waterbirds',
  title: 'Waterbirds',

  async detect(source) {
    const file = tableOf(source.folderWith(table));
    if (file === null) return { score: 0, reason: `no ${table}` };
    const head = await source.head(file, 1000);
    const columns = fieldsOf(head.split(/\r\n|\n|\r/)[0]);
    const missing = ['img_filename', 'y', 'split'].filter((name) => !columns.includes(name));
    if (missing.length === 0) return { score: 0.95, reason: `${file} with img_filename, y and split` };
    // Taken for a damaged one, so that reading says what is missing, not for folders of pictures without classes.
    return { score: missing.length === 1 ? 0.9 : 0, reason: `${file} lacks ${missing.join(' and ')}` };
  },

  async read(source, sink) {
    const base = source.folderWith(table) ?? '';
    const file = tableOf(base)!;
    const content = await readCsv(source, file);
    const at = (name: string): number => columnOf(content, name, file);
    const [nameAt, classAt, splitAt] = [at('img_filename'), at('y'), at('split')];
    const attributes = content.columns.flatMap((name, i) =>
      name === '' || known.includes(name) ? [] : [{ name, i }],
    );
    const isWaterbirds = content.columns.includes('place');
    for (const { fields, place } of content.rows) {
      sink.signal.throwIfAborted();
      const split = numberedPart.get(fields[splitAt]);
      if (split === undefined)
        throw damaged(file, place, `${fields[splitAt].slice(0, 20)} is no split: 0, 1 or 2`);
      const found = source.index.find(fields[nameAt], [base]);
      if ('problem' in found) {
        warnOfImage(sink, found, file, place, fields[nameAt]);
        continue;
      }
      const y = fields[classAt];
      if (isWaterbirds && !/^\d+$/.test(y))
        throw damaged(file, place, `${y.slice(0, 20) || 'an empty y'} is no class: a whole number`);
      sink.image({
        file: source.imageFile(found.file),
        relativePath: found.file,
        className: checkedClassName((isWaterbirds && classNames.get(y)) || y, file, place),
        split,
        annotations: [],
        declaredSize: null,
        attributes: Object.fromEntries(
          attributes.map(({ name, i }) => [
            name.slice(0, ATTRIBUTE_MAX),
            (name === 'place' ? (places.get(fields[i]) ?? fields[i]) : fields[i]).slice(0, ATTRIBUTE_MAX),
          ]),
        ),
        recordPlace: { file, place },
      });
    }
  },
};

const tableOf = (base: string | null): string | null =>
  base === null ? null : base === '' ? table : `${base}/${table}`;
