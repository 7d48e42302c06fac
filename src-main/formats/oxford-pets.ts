// The Oxford-IIIT Pet layout (Parkhi et al. 2012, "Cats and Dogs"): the breed is in the file name, the head has
// a VOC box, the whole animal a trimap (1 pet, 2 background, 3 a border that is neither).

import type { Split } from '../contracts/dataset.ts';
import { encodeRle, decodeLabels } from '../imaging/index.ts';
import { AppError } from '../contracts/errors.ts';
import type { Format, ImportedAnnotation, ImportSink } from './format.ts';
import { damaged } from './damage.ts';
import { folderOf, stemOf } from './paths.ts';
import type { SourceTree } from './source.ts';
import { checkedClassName } from './words.ts';
import { readVocBoxes } from './voc.ts';

const petValue = 1;

export const oxfordPets: Format = {
  id: 'oxford-pets',
  title: 'Oxford-IIIT Pet',

  async detect(source) {
    const base = baseOf(source);
    return base !== null
      ? { score: 0.95, reason: `${at(base, 'annotations/trimaps')} beside ${at(base, 'images')}` }
      : { score: 0, reason: 'no annotations/trimaps' };
  },

  async read(source, sink) {
    const base = baseOf(source) ?? '';
    const splits = await readSplits(source, base);
    const folder = at(base, 'images');
    for (const image of source.images) {
      if (folderOf(image) !== folder) continue;
      sink.signal.throwIfAborted();
      const stem = stemOf(image);
      const breed = /^(.+)_\d+$/.exec(stem)?.[1];
      if (breed === undefined) {
        sink.warn({
          code: 'unknown-name',
          file: image,
          message: 'the name holds no breed; the picture is left out',
        });
        continue;
      }
      const className = checkedClassName(breed.replaceAll('_', ' '), image, 'the file name');
      const boxFile = at(base, `annotations/xmls/${stem}.xml`);
      const annotations: ImportedAnnotation[] = [];
      let declaredSize = null;
      if (source.has(boxFile)) {
        const head = await readVocBoxes(source, boxFile, sink);
        ({ declaredSize } = head);
        // The XML's own name is the species; the classes here are the breeds.
        annotations.push(...head.annotations.map((annotation) => ({ ...annotation, className })));
      }
      const mask = await readTrimap(source, sink, at(base, `annotations/trimaps/${stem}.png`), className);
      if (mask !== null) annotations.push(mask);
      sink.image({
        file: source.imageFile(image),
        relativePath: image,
        className,
        split: splits.get(stem) ?? null,
        annotations,
        declaredSize,
        recordPlace: { file: source.has(boxFile) ? boxFile : image, place: 'annotation' },
      });
    }
  },
};

const at = (base: string, file: string) => (base === '' ? file : `${base}/${file}`);

function baseOf(source: SourceTree): string | null {
  const trimap = source.files.find((file) => /(^|\/)annotations\/trimaps\/[^/]+\.png$/.test(file));
  if (trimap === undefined) return null;
  return folderOf(folderOf(folderOf(trimap)));
}

async function readSplits(source: SourceTree, base: string): Promise<Map<string, Split>> {
  const splits = new Map<string, Split>();
  for (const [name, split] of [
    ['trainval', 'train'],
    ['test', 'test'],
  ] as const) {
    const file = at(base, `annotations/${name}.txt`);
    if (!source.has(file)) continue;
    for (const { text, number } of await source.lines(file)) {
      if (text.startsWith('#')) continue;
      const [stem, ...rest] = text.split(/\s+/);
      if (rest.length !== 3) throw damaged(file, `line ${number}`, `${rest.length + 1} fields, expected 4`);
      splits.set(stem, split);
    }
  }
  return splits;
}

async function readTrimap(
  source: SourceTree,
  sink: ImportSink,
  file: string,
  className: string,
): Promise<ImportedAnnotation | null> {
  if (!source.has(file)) {
    sink.warn({
      code: 'missing-file',
      file,
      message: 'there is no trimap; the picture comes without a mask',
    });
    return null;
  }
  try {
    const { values, widthPx, heightPx } = await decodeLabels(source.absolute(file));
    source.noteRead(file);
    const rle = encodeRle(
      values.map((value) => (value === petValue ? 1 : 0)),
      widthPx,
      heightPx,
    );
    return { className, shape: { kind: 'mask', rle }, place: 'the trimap' };
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    sink.warn({
      code: 'bad-mask',
      file,
      message: `${thrown.detail.reason ?? thrown.message}; the picture comes without a mask`,
    });
    return null;
  }
}
