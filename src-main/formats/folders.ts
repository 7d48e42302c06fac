// Pictures in folders: a folder a class, perhaps under train, val and test; or one folder of pictures without
// classes, to be annotated here.

import path from 'node:path';
import { copyImages } from './copy.ts';
import { decodedName, distinctName, encodedName, uniqueNames } from './file-names.ts';
import type { Format } from './format.ts';
import { attributesLoss, counted, shapesWhere } from './loss.ts';
import { nameKey } from './image-index.ts';
import type { SourceTree } from './source.ts';
import { checkedClassName, namedPartOfFolder, splitOf, type NamedPart } from './words.ts';

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
  // what this app calls the folder of pictures without a class
  'unclassed',
]);

export const folders: Format = {
  id: 'folders',
  title: 'Folders of pictures',

  isPictures: true,
  async detect(source) {
    if (source.images.length === 0) return { score: 0, reason: 'no pictures' };
    const classes = new Set(placeImages(source).map(({ className }) => className));
    classes.delete(null);
    return classes.size > 0
      ? { score: 0.3, reason: `${classes.size} ${classes.size === 1 ? 'folder' : 'folders'} of pictures` }
      : { score: 0.1, reason: 'pictures without classes' };
  },

  async read(source, sink) {
    const placed = placeImages(source);
    const hasTest = placed.some(({ part }) => part === 'test');
    for (const { image, className, part } of placed) {
      sink.signal.throwIfAborted();
      sink.image({
        file: source.imageFile(image),
        relativePath: image,
        className: className === null ? null : checkedClassName(className, image, 'the folder name'),
        split: splitOf(part, hasTest),
        annotations: [],
        declaredSize: null,
        recordPlace: { file: image, place: 'the picture' },
      });
    }
  },

  async write(dataset, folder, options) {
    const folderOfClass = folderNames(dataset.classes);
    const groups = new Map<string, typeof dataset.images>();
    for (const image of dataset.images) {
      const part =
        image.split === null ? '' : { train: 'train', selection: 'val', test: 'test' }[image.split];
      const name = image.className === null ? 'unclassed' : folderOfClass.get(image.className)!;
      const place = path.join(part, name);
      const group = groups.get(place);
      if (group) group.push(image);
      else groups.set(place, [image]);
    }
    let before = 0;
    for (const [place, images] of groups) {
      await copyImages(images, path.join(folder, place), {
        ...options,
        onProgress: (done) => options?.onProgress?.(before + done, dataset.images.length),
      });
      before += images.length;
    }
  },

  losses: (dataset) => [
    ...counted(
      'shapes are not written, only the classes of pictures',
      shapesWhere(dataset, () => true),
    ),
    ...attributesLoss(dataset),
  ],
};

interface Placed {
  image: string;
  className: string | null;
  part: NamedPart | null;
}

function placeImages(source: SourceTree): Placed[] {
  const parents = source.images.map((image) => image.split('/').slice(0, -1));
  const skipped = wrappingFolders(parents);
  return source.images.map((image, i) => {
    const names = parents[i].slice(skipped);
    const partAt = names.findIndex((name) => namedPartOfFolder(name) !== null);
    const part = partAt < 0 ? null : namedPartOfFolder(names[partAt]);
    // The class is the first folder below the part (or below the root) that is not merely "images", nor the part again.
    const className =
      names
        .slice(partAt + 1)
        .find((name) => !plainNames.has(name.toLowerCase()) && namedPartOfFolder(name) === null) ?? null;
    return { image, className: className === null ? null : decodedName(className), part };
  });
}

/** How many folders lie round all pictures and so say nothing of any: "PetImages" of PetImages/Cat and PetImages/Dog. */
function wrappingFolders(parents: readonly (readonly string[])[]): number {
  const [first = []] = parents;
  let count = 0;
  while (
    count < first.length &&
    namedPartOfFolder(first[count]) === null &&
    parents.every((names) => names.length > count + 1 && names[count] === first[count])
  )
    count++;
  return count;
}

/** A folder for each class that file systems take, that no other class has, and that is read back as the class. */
function folderNames(classes: readonly string[]): Map<string, string> {
  const taken = new Set<string>();
  const names = new Map<string, string>();
  for (const className of classes) {
    const saysSomethingElse =
      plainNames.has(className.toLowerCase()) || namedPartOfFolder(className) !== null;
    let name = saysSomethingElse ? distinctName(className) : encodedName(className);
    if (taken.has(nameKey(name))) name = distinctName(className);
    const [unique] = uniqueNames([name]).filter((one) => !taken.has(nameKey(one)));
    names.set(className, unique ?? `${name}-${names.size + 1}`);
    taken.add(nameKey(names.get(className)!));
  }
  return names;
}
