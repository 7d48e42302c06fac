// Oxford Flowers (Nilsback & Zisserman 2008): jpg/image_00001.jpg and on, the class of each by number in imagelabels.mat, the
// parts in setid.mat. Names of the classes come from cat_to_name.json, which many copies have beside.

import type { Split } from '../contracts/dataset.ts';
import { MatError, readMat, type MatArray } from '../files/mat.ts';
import { damaged } from './damage.ts';
import type { Format } from './format.ts';
import { Gathering } from './gathering.ts';
import { isRecord, readJson } from './json.ts';
import { folderOf, stemOf } from './paths.ts';
import type { SourceTree } from './source.ts';
import { checkedClassName } from './words.ts';

const parts: readonly [string, Split][] = [
  ['trnid', 'train'],
  ['valid', 'selection'],
  ['tstid', 'test'],
];

export const flowers: Format = {
  id: 'flowers',
  title: 'Oxford Flowers',

  detect: (source) =>
    Promise.resolve(
      source.folderWith('imagelabels.mat') === null
        ? { score: 0, reason: 'no imagelabels.mat' }
        : { score: 0.95, reason: 'imagelabels.mat names the class of each picture', files: 1 },
    ),

  async read(source, sink) {
    const gathering = new Gathering(source, sink);
    const base = source.folderWith('imagelabels.mat') ?? '';
    const at = (name: string) => (base === '' ? name : `${base}/${name}`);
    const labels = await arrayOf(source, at('imagelabels.mat'), 'labels');
    const names = source.has(at('cat_to_name.json')) ? await readJson(source, at('cat_to_name.json')) : {};
    const splits = new Map<number, Split>();
    if (source.has(at('setid.mat')))
      for (const [name, split] of parts)
        for (const number of (await arrayOf(source, at('setid.mat'), name)).values) splits.set(number, split);
    for (const file of source.images) {
      const number = Number(/^image_(\d+)$/.exec(stemOf(file))?.[1] ?? NaN);
      if (!(number >= 1 && number <= labels.values.length)) {
        if (folderOf(file).endsWith('jpg'))
          sink.warn({ code: 'unknown-name', file, message: 'no label belongs to a picture of this name' });
        continue;
      }
      const label = String(labels.values[number - 1]);
      const image = gathering.at(file, { file: at('imagelabels.mat'), place: `label ${number}` });
      const name = isRecord(names) && typeof names[label] === 'string' ? names[label] : label;
      image.className = checkedClassName(name, at('cat_to_name.json'), label);
      image.split = splits.get(number) ?? null;
    }
    gathering.handOn();
  },
};

async function arrayOf(source: SourceTree, file: string, name: string): Promise<MatArray> {
  try {
    const array = readMat(await source.bytes(file)).get(name);
    if (array) return array;
  } catch (thrown) {
    if (!(thrown instanceof MatError)) throw thrown;
    throw damaged(file, 'the file', thrown.message, thrown);
  }
  throw damaged(file, name, 'there is no array of numbers of this name');
}
