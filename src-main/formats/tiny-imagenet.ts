// Tiny ImageNet's layout (Stanford CS231n): a folder a class for training with one box file each, one list for
// validation. Box corners are pixel indices from 0, both inclusive: 0 63 is 64 pixels wide.

import type { Split } from '../contracts/dataset.ts';
import type { Format, ImportedAnnotation, ImportedImage, ImportSink } from './format.ts';
import { damaged } from './damage.ts';
import { folderOf, stemOf } from './paths.ts';
import type { SourceTree } from './source.ts';
import { checkedClassName, numberFrom, warnOfImage } from './words.ts';

export const tinyImagenet: Format = {
  id: 'tiny-imagenet',
  title: 'Tiny ImageNet',

  async detect(source) {
    const base = source.folderWith('wnids.txt');
    if (base === null) return { score: 0, reason: 'no wnids.txt' };
    const boxes = source.files.some(
      (file) => file.startsWith(at(base, 'train/')) && file.endsWith('_boxes.txt'),
    );
    return boxes
      ? { score: 0.95, reason: `${at(base, 'wnids.txt')} and box files in train` }
      : { score: 0, reason: 'wnids.txt, but no box files in train' };
  },

  async read(source, sink) {
    const base = source.folderWith('wnids.txt') ?? '';
    const names = await readNames(source, base);
    const seen = new Set<string>();
    for (const { text: wnid, number } of await source.lines(at(base, 'wnids.txt'))) {
      sink.signal.throwIfAborted();
      if (!/^[\w-]+$/.test(wnid))
        throw damaged(at(base, 'wnids.txt'), `line ${number}`, 'this is no class id');
      const list = at(base, `train/${wnid}/${wnid}_boxes.txt`);
      const folder = at(base, `train/${wnid}/images`);
      const className = names.get(wnid) ?? wnid;
      if (source.has(list)) await readList(source, sink, list, folder, 'train', () => className, seen);
      else
        sink.warn({
          code: 'missing-file',
          file: list,
          message: `there is no box file for the class ${className}`,
        });
      // Pictures that no line names still have their class.
      for (const image of source.images)
        if (!seen.has(image) && folderOf(image) === folder) {
          seen.add(image);
          sink.image(imageOf(source, image, className, 'train', [], { file: image, place: 'the picture' }));
        }
    }
    const validation = at(base, 'val/val_annotations.txt');
    if (source.has(validation))
      await readList(
        source,
        sink,
        validation,
        at(base, 'val/images'),
        'test',
        (wnid) => names.get(wnid) ?? wnid,
        seen,
      );
    const unlabelled = source.images.filter((image) => image.startsWith(at(base, 'test/'))).length;
    if (unlabelled > 0)
      sink.warn({
        code: 'unlabelled-pictures',
        file: at(base, 'test'),
        message: `${unlabelled} pictures have no class and are left out`,
      });
  },
};

const at = (base: string, file: string) => (base === '' ? file : `${base}/${file}`);

/** First of the names in words.txt; with its id where two classes share it (crane the bird and the machine). */
async function readNames(source: SourceTree, base: string): Promise<Map<string, string>> {
  const file = at(base, 'words.txt');
  const names = new Map<string, string>();
  if (!source.has(file)) return names;
  const wnids = new Set((await source.lines(at(base, 'wnids.txt'))).map(({ text }) => text));
  const times = new Map<string, number>();
  for (const { text, number } of await source.lines(file)) {
    const [wnid, words = ''] = text.split('\t');
    if (!wnids.has(wnid)) continue; // the full list has 82,115 lines
    const name = checkedClassName(words.split(',')[0], file, `line ${number}`);
    names.set(wnid, name);
    times.set(name, (times.get(name) ?? 0) + 1);
  }
  for (const [wnid, name] of names) if (times.get(name)! > 1) names.set(wnid, `${name} (${wnid})`);
  return names;
}

/** Lines of file name, class id (validation only) and four corners, separated by tabs. */
async function readList(
  source: SourceTree,
  sink: ImportSink,
  list: string,
  folder: string,
  split: Split,
  nameOf: (wnid: string) => string,
  seen: Set<string>,
): Promise<void> {
  const images = new Map<string, ImportedImage>();
  for (const { text, number } of await source.lines(list)) {
    const place = `line ${number}`;
    const fields = text.split('\t');
    const [name] = fields;
    const corners = fields.slice(split === 'test' ? 2 : 1);
    if (corners.length !== 4)
      throw damaged(
        list,
        place,
        `${fields.length} fields, expected ${split === 'test' ? 6 : 5} separated by tabs`,
      );
    const [left, top, right, bottom] = corners.map((field, i) =>
      numberFrom(field, list, `${place}, corner ${i + 1}`),
    );
    const found = source.index.find(name, [folder]);
    if ('problem' in found) {
      warnOfImage(sink, found, list, place, name);
      continue;
    }
    const box = {
      x: left,
      y: top,
      width: Math.max(0, right - left + 1),
      height: Math.max(0, bottom - top + 1),
    };
    const className = checkedClassName(nameOf(split === 'test' ? fields[1] : stemOf(list)), list, place);
    const annotation: ImportedAnnotation = { className, shape: { kind: 'box', box }, place };
    const image = images.get(found.file);
    if (image) image.annotations.push(annotation);
    else
      images.set(
        found.file,
        imageOf(source, found.file, className, split, [annotation], { file: list, place }),
      );
  }
  for (const [imageFile, image] of images) {
    if (seen.has(imageFile)) continue;
    seen.add(imageFile);
    sink.image(image);
  }
}

function imageOf(
  source: SourceTree,
  image: string,
  className: string,
  split: Split,
  annotations: ImportedAnnotation[],
  recordPlace: ImportedImage['recordPlace'],
): ImportedImage {
  return {
    file: source.imageFile(image),
    relativePath: image,
    className,
    split,
    annotations,
    declaredSize: null,
    recordPlace,
  };
}
