// The layout of Caltech-UCSD Birds 200-2011 (Wah et al., technical report CNS-TR-2011-001): tables keyed by
// picture number. Boxes are x, y, width, height in continuous pixels from the upper left corner.

import type { Split } from '../contracts/dataset.ts';
import type { Format, ImportedAnnotation } from './format.ts';
import { damaged } from './damage.ts';
import type { SourceTree } from './source.ts';
import { checkedClassName, CountedWarning, numberFrom, warnOfImage } from './words.ts';

export const cub: Format = {
  id: 'cub',
  title: 'CUB-200-2011',

  async detect(source) {
    const base = source.folderWith('image_class_labels.txt');
    const tables = ['images.txt', 'classes.txt', 'bounding_boxes.txt'];
    return base !== null && tables.every((table) => source.has(at(base, table)))
      ? { score: 0.95, reason: `${at(base, 'image_class_labels.txt')} and its tables` }
      : { score: 0, reason: 'no image_class_labels.txt with its tables' };
  },

  async read(source, sink) {
    const base = source.folderWith('image_class_labels.txt') ?? '';
    const classes = await readTable(source, at(base, 'classes.txt'), 1);
    const labels = await readTable(source, at(base, 'image_class_labels.txt'), 1);
    const boxes = await readTable(source, at(base, 'bounding_boxes.txt'), 4);
    const splitFile = at(base, 'train_test_split.txt');
    const splits = source.has(splitFile) ? await readTable(source, splitFile, 1) : new Map<string, Row>();
    const images = await readTable(source, at(base, 'images.txt'), 1);
    const used = new Set<string>();
    for (const [id, row] of images) {
      sink.signal.throwIfAborted();
      const file = at(base, 'images.txt');
      const found = source.index.find(row.fields[0], [at(base, 'images')]);
      if ('problem' in found) {
        warnOfImage(sink, found, file, row.place, row.fields[0]);
        continue;
      }
      const label = labels.get(id);
      if (!label) throw damaged(at(base, 'image_class_labels.txt'), `picture ${id}`, 'it has no class');
      const named = classes.get(label.fields[0]);
      if (!named)
        throw damaged(
          at(base, 'image_class_labels.txt'),
          label.place,
          `class ${label.fields[0].slice(0, 20)} is not in classes.txt`,
        );
      const className = nameOf(named.fields[0], at(base, 'classes.txt'), named.place);
      used.add(className);
      const box = boxes.get(id);
      sink.image({
        file: source.imageFile(found.file),
        relativePath: found.file,
        className,
        split: splitOfFlag(splits.get(id), splitFile),
        annotations: box ? [boxOf(box, className, at(base, 'bounding_boxes.txt'))] : [],
        declaredSize: null,
        // Of the box, since that is what a warning will be about.
        recordPlace: box
          ? { file: at(base, 'bounding_boxes.txt'), place: box.place }
          : { file, place: row.place },
      });
    }
    const strays = new CountedWarning('unknown-picture', at(base, 'bounding_boxes.txt'));
    for (const [id, row] of boxes) if (!images.has(id)) strays.add(row.place);
    strays.report(sink, 'boxes of pictures that images.txt does not list are left out');
    if (used.size < classes.size)
      sink.warn({
        code: 'unused-classes',
        file: at(base, 'classes.txt'),
        message: `${classes.size} classes are listed, ${used.size} have pictures; the rest is not imported`,
      });
  },
};

const at = (base: string, file: string) => (base === '' ? file : `${base}/${file}`);

interface Row {
  fields: string[];
  place: string;
}

/** Rows of an id and `count` more fields, separated by blanks. */
async function readTable(source: SourceTree, file: string, count: number): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>();
  for (const { text, number } of await source.lines(file)) {
    const place = `line ${number}`;
    const [id, ...fields] = text.split(/\s+/);
    if (!/^\d+$/.test(id)) throw damaged(file, place, `"${id.slice(0, 20)}" is no number of a record`);
    if (fields.length !== count)
      throw damaged(file, place, `${fields.length + 1} fields, expected ${count + 1}`);
    if (rows.has(id)) throw damaged(file, place, `record ${id} is given twice`);
    rows.set(id, { fields, place });
  }
  return rows;
}

/** 001.Black_footed_Albatross → Black footed Albatross. */
function nameOf(written: string, file: string, place: string): string {
  return checkedClassName(written.replace(/^\d+\./, '').replaceAll('_', ' '), file, place);
}

function splitOfFlag(row: Row | undefined, file: string): Split | null {
  if (!row) return null;
  if (row.fields[0] === '1') return 'train';
  if (row.fields[0] === '0') return 'test';
  throw damaged(file, row.place, `${row.fields[0].slice(0, 20)} is neither 1 (train) nor 0 (test)`);
}

function boxOf(row: Row, className: string, file: string): ImportedAnnotation {
  const [x, y, width, height] = row.fields.map((field, i) =>
    numberFrom(field, file, `${row.place}, field ${i + 2}`),
  );
  return {
    className,
    shape: { kind: 'box', box: { x, y, width: Math.max(0, width), height: Math.max(0, height) } },
    place: row.place,
  };
}
