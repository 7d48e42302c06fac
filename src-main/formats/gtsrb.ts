// The German Traffic Sign Recognition Benchmark (Stallkamp et al. 2011): a table of each class, semicolons between its
// fields, or the one table a part of its copies on Kaggle. The box of a sign has continuous edges: the margins that the
// authors left are equal on both sides so.

import { filesLike, likelyFiles } from './candidates.ts';
import { fieldsOf } from './csv.ts';
import { damaged } from './damage.ts';
import type { Format, ImportedImage } from './format.ts';
import { Gathering, sizeGiven } from './gathering.ts';
import { folderOf } from './paths.ts';
import { checkedClassName, namedPart, numberFrom, splitOf, type NamedPart } from './words.ts';

export const gtsrb: Format = {
  id: 'gtsrb',
  title: 'GTSRB',

  async detect(source) {
    const files = await likelyFiles(source, /\.csv$/i, isGtsrb);
    return files.length > 0
      ? { score: 0.95, reason: `${files[0]} lists the boxes of traffic signs`, files: files.length }
      : { score: 0, reason: 'no table of traffic signs' };
  },

  async read(source, sink) {
    const gathering = new Gathering(source, sink);
    const parts = new Map<ImportedImage, NamedPart>();
    for (const file of await filesLike(source, /\.csv$/i, isGtsrb)) {
      sink.signal.throwIfAborted();
      const [header, ...rows] = await source.lines(file);
      const fields = (text: string) => fieldsOf(text.replaceAll(';', ','));
      const columns = fields(header.text);
      const columnOf = (...names: string[]) => columns.findIndex((column) => names.includes(column));
      const at = {
        file: columnOf('Filename', 'Path'),
        class: columnOf('ClassId'),
        size: [columnOf('Width'), columnOf('Height')],
        box: ['Roi.X1', 'Roi.Y1', 'Roi.X2', 'Roi.Y2'].map((name) => columnOf(name)),
      };
      for (const { text, number } of rows) {
        const place = `line ${number}`;
        const values = fields(text);
        if (values.length !== columns.length)
          throw damaged(file, place, `${values.length} fields, expected ${columns.length}`);
        const [x, y, right, bottom] = at.box.map((column) => numberFrom(values[column], file, place));
        const className = at.class < 0 ? null : checkedClassName(values[at.class], file, `${place}, ClassId`);
        const image = gathering.find(values[at.file], [folderOf(file)], { file, place });
        if (image === null) continue;
        const part = namedPart(values[at.file]) ?? namedPart(file.replaceAll('/', ' '));
        if (part !== null) parts.set(image, part);
        image.declaredSize ??= sizeGiven(values[at.size[0]], values[at.size[1]]);
        if (className !== null) gathering.classify(image, className, `${file}, ${place}`);
        const box = { x, y, width: Math.max(0, right - x), height: Math.max(0, bottom - y) };
        image.annotations.push({ className, shape: { kind: 'box', box }, place });
      }
    }
    const hasTest = [...parts.values()].includes('test');
    for (const [image, part] of parts) image.split = splitOf(part, hasTest);
    gathering.handOn();
  },
};

const isGtsrb = (head: string): boolean => {
  const [first] = head.split(/\r\n|\n|\r/);
  return /Roi\.X1/.test(first) && /Roi\.Y2/.test(first) && /Filename|Path/.test(first);
};
