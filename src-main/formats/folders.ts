// Pictures in folders: a folder a class, perhaps under train, val and test; or one folder of pictures without
// classes, to be annotated here.

import path from 'node:path';
import { copyPictures } from './copy.ts';
import type { Format } from './format.ts';
import type { SourceTree } from './source.ts';
import { checkedClassName, namedPart, splitOf, type NamedPart } from './words.ts';

/** Folders that say what lies in them is pictures, and not of what. */
const plainNames = new Set([
  'image',
  'images',
  'img',
  'imgs',
  'picture',
  'pictures',
  'photo',
  'photos',
  'data',
  'jpegimages',
]);

export const folders: Format = {
  id: 'folders',
  title: 'Folders of pictures',

  async detect(source) {
    if (source.pictures.length === 0) return { score: 0, reason: 'no pictures' };
    const classes = new Set(placePictures(source).map(({ className }) => className));
    classes.delete(null);
    return classes.size > 0
      ? { score: 0.3, reason: `${classes.size} ${classes.size === 1 ? 'folder' : 'folders'} of pictures` }
      : { score: 0.1, reason: 'pictures without classes' };
  },

  async read(source, sink) {
    const placed = placePictures(source);
    const hasTest = placed.some(({ part }) => part === 'test');
    for (const { picture, className, part } of placed) {
      sink.signal.throwIfAborted();
      sink.image({
        file: source.absolute(picture),
        relativePath: picture,
        className: className === null ? null : checkedClassName(className, picture, 'the folder name'),
        split: splitOf(part, hasTest),
        annotations: [],
        declaredSize: null,
        recordPlace: { file: picture, place: 'the picture' },
      });
    }
  },

  async write(dataset, folder, options) {
    // A class may be named as no folder can be, so the names are made safe and kept apart by their number.
    const groups = new Map<string, typeof dataset.images>();
    for (const image of dataset.images) {
      const part =
        image.split === null ? '' : { train: 'train', selection: 'val', test: 'test' }[image.split];
      const name = image.className === null ? 'unclassed' : safeFolderName(image.className);
      const place = path.join(part, name);
      const group = groups.get(place);
      if (group) group.push(image);
      else groups.set(place, [image]);
    }
    let before = 0;
    for (const [place, images] of groups) {
      await copyPictures(images, path.join(folder, place), {
        ...options,
        onProgress: (done) => options?.onProgress?.(before + done, dataset.images.length),
      });
      before += images.length;
    }
  },
};

interface Placed {
  picture: string;
  className: string | null;
  part: NamedPart | null;
}

function placePictures(source: SourceTree): Placed[] {
  return source.pictures.map((picture) => {
    const parents = picture.split('/').slice(0, -1);
    const wholeName = (name: string) => (/^[a-z]+$/i.test(name) ? namedPart(name) : null);
    const partAt = parents.findIndex((name) => wholeName(name) !== null);
    const part = partAt < 0 ? null : wholeName(parents[partAt]);
    // The class is the first folder below the part (or below the root) that is not merely "images".
    const className = parents.slice(partAt + 1).find((name) => !plainNames.has(name.toLowerCase())) ?? null;
    return { picture, className, part };
  });
}

function safeFolderName(name: string): string {
  const safe = name.replace(/[<>:"/\\|?*\p{Cc}]/gu, '_').replace(/[. ]+$/, '_');
  return safe === '' || /^\.+$/.test(safe) ? '_' : safe;
}
