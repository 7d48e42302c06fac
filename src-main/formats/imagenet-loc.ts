// ImageNet as Kaggle gives it: LOC_train_solution.csv and LOC_val_solution.csv, a row a picture, with the class and corners of
// each object one behind the other, and the names of the classes in LOC_synset_mapping.txt.

import type { Format } from './format.ts';
import { damaged } from './damage.ts';
import { Gathering } from './gathering.ts';
import { readCsv } from './csv.ts';
import { folderOf } from './paths.ts';
import type { SourceTree } from './source.ts';
import { checkedClassName, numberFrom } from './words.ts';

const tables = /(^|\/)LOC_(train|val)_solution\.csv$/i;

export const imagenetLoc: Format = {
  id: 'imagenet-loc',
  title: 'ImageNet, LOC tables',

  detect(source) {
    const files = filesOf(source);
    return Promise.resolve(
      files.length > 0
        ? { score: 0.95, reason: `${files[0]} has classes and boxes of pictures`, files: files.length }
        : { score: 0, reason: 'no LOC_*_solution.csv' },
    );
  },

  async read(source, sink) {
    const gathering = new Gathering(source, sink);
    const names = await namesOf(source);
    for (const file of filesOf(source)) {
      const part = tables.exec(file)![2].toLowerCase();
      const { columns, rows } = await readCsv(source, file);
      const [id, prediction] = ['ImageId', 'PredictionString'].map((name) => columns.indexOf(name));
      if (id < 0 || prediction < 0)
        throw damaged(file, 'line 1', 'the columns are not ImageId, PredictionString');
      for (const { fields, place } of rows) {
        sink.signal.throwIfAborted();
        const words = fields[prediction].split(/\s+/).filter((word) => word !== '');
        if (words.length % 5 !== 0)
          throw damaged(file, place, 'an object has five words: its class and four numbers');
        const wnid = fields[id].replace(/_\d+$/, '');
        const folders = ['', 'ILSVRC/', 'ILSVRC/Data/CLS-LOC/', 'Data/CLS-LOC/'].flatMap((above) =>
          [`${above}${part}/${wnid}`, `${above}${part}`].map((folder) =>
            [folderOf(file), folder].filter(Boolean).join('/'),
          ),
        );
        const bases = folders.filter((folder) => source.index.at(`${folder}/${fields[id]}.JPEG`) !== null);
        const image = gathering.find(bases.length > 0 ? `${fields[id]}.JPEG` : fields[id], bases, {
          file,
          place,
        });
        if (image === null) continue;
        image.split = part === 'val' ? 'test' : 'train';
        for (let i = 0; i < words.length; i += 5) {
          const className = names.get(words[i]) ?? checkedClassName(words[i], file, place);
          const [x, y, right, bottom] = words
            .slice(i + 1, i + 5)
            .map((word) => numberFrom(word, file, place));
          gathering.classify(image, className, `${file}, ${place}`);
          const box = { x, y, width: Math.max(0, right - x), height: Math.max(0, bottom - y) };
          image.annotations.push({
            className,
            shape: { kind: 'box', box },
            place: `${place}, object ${i / 5 + 1}`,
          });
        }
      }
    }
    gathering.handOn();
  },
};

const filesOf = (source: SourceTree): readonly string[] =>
  (source.chosenFile === null ? source.files : [source.chosenFile]).filter((file) => tables.test(file));

/** The first of a class's names; all of them where two classes share it (crane the bird and the machine). */
async function namesOf(source: SourceTree): Promise<Map<string, string>> {
  const file = source.files.find((one) => /(^|\/)LOC_synset_mapping\.txt$/i.test(one));
  const all = new Map<string, string>();
  if (file === undefined) return all;
  for (const { text, number } of await source.lines(file)) {
    const [, wnid, names] = /^(\S+)\s+(.+)$/.exec(text) ?? [];
    if (wnid === undefined) throw damaged(file, `line ${number}`, 'this is no class id with its names');
    all.set(wnid, checkedClassName(names, file, `line ${number}`));
  }
  const first = (names: string) => names.split(',')[0].trim();
  const times = new Map<string, number>();
  for (const names of all.values()) times.set(first(names), (times.get(first(names)) ?? 0) + 1);
  return new Map(
    [...all].map(([wnid, names]) => [wnid, times.get(first(names)) === 1 ? first(names) : names]),
  );
}
