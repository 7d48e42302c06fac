// Which part of the set the pictures of YOLO labels are: train, validation or test.

import type { ImportedImage, ImportSink } from './format.ts';
import type { Gathering } from './gathering.ts';
import { folderOf, stemOf } from './paths.ts';
import type { SourceTree } from './source.ts';
import { namedPart, splitOf, warnOfImage, type NamedPart } from './words.ts';
import type { LabelSet } from './yolo-sets.ts';

/** By data.yaml, else by lists of pictures, else by folders. */
export async function setParts(
  source: SourceTree,
  sink: ImportSink,
  sets: readonly LabelSet[],
  gathering: Gathering,
): Promise<void> {
  const parts = new Map<ImportedImage, NamedPart>();
  // What serves for validation or testing is kept from training, unless a set names the same pictures for both.
  for (const { file, folder, base, parts: given } of sets)
    for (const [part, places] of given)
      for (const place of places)
        for (const image of await imagesAt(source, sink, gathering, { file, folder, base, place, part }))
          if (!(part !== 'train' && given.get('train')?.includes(place))) parts.set(image, part);
  if (parts.size === 0)
    for (const file of source.files) {
      const part = /(^|\/)(train|trainval|val|valid|validation|test)\.txt$/i.test(file)
        ? namedPart(stemOf(file))
        : null;
      if (part !== null)
        for (const image of await listed(source, sink, gathering, file)) parts.set(image, part);
    }
  if (parts.size === 0)
    for (const image of gathering) {
      const part = folderOf(image.relativePath)
        .split('/')
        .map(namedPart)
        .find((one) => one !== null);
      if (part) parts.set(image, part);
    }
  const hasTest = [...parts.values()].includes('test');
  for (const [image, part] of parts) image.split = splitOf(part, hasTest);
}

interface PlaceOfPart {
  file: string;
  folder: string;
  base: string;
  place: string;
  part: NamedPart;
}

async function imagesAt(
  source: SourceTree,
  sink: ImportSink,
  gathering: Gathering,
  { folder, base, place }: PlaceOfPart,
): Promise<ImportedImage[]> {
  const clean = (written: string) =>
    written
      .replaceAll('\\', '/')
      .split('/')
      .filter((part) => part !== '' && part !== '.' && part !== '..' && !/^[a-z]:$/i.test(part));
  const under = [folder, ...clean(base), ...clean(place)].filter((part) => part !== '').join('/');
  const places = [under, [folder, ...clean(place)].filter(Boolean).join('/'), clean(place).join('/')];
  if (/\.txt$/i.test(place)) {
    const list = places.find((one) => source.has(one));
    return list === undefined ? [] : listed(source, sink, gathering, list);
  }
  for (const one of places) {
    const here = [...gathering].filter(
      ({ relativePath }) =>
        one === '' || relativePath.startsWith(`${one}/`) || relativePath.includes(`/${one}/`),
    );
    if (here.length > 0) return here;
  }
  return [];
}

/** The pictures that a list names, of those that are known. */
async function listed(
  source: SourceTree,
  sink: ImportSink,
  gathering: Gathering,
  list: string,
): Promise<ImportedImage[]> {
  const images: ImportedImage[] = [];
  for (const { text, number } of await source.lines(list)) {
    sink.signal.throwIfAborted();
    const found = source.index.find(text, [folderOf(list), '']);
    if ('problem' in found) warnOfImage(sink, found, list, `line ${number}`, text);
    else images.push(gathering.at(found.file, { file: list, place: `line ${number}` }));
  }
  return images;
}
