// Masks as pictures: a folder of PNGs named as the pictures, whose values (numbers, palette indices or colours) are
// classes. 0 is background and 255 void; in a mask of 0 and 255 alone 255 is the object.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import { makeFolder } from '../files/write-file.ts';
import { decodeLabelImage, encodePng, rasterize } from '../imaging/index.ts';
import { copyImages } from './copy.ts';
import type { Format } from './format.ts';
import { Gathering } from './gathering.ts';
import { classOfValues, readLabelTable } from './label-colours.ts';
import {
  attributesLoss,
  classLoss,
  counted,
  crowdLoss,
  drawnAs,
  shapeAttributesLoss,
  shapesWhere,
  splitLoss,
} from './loss.ts';
import { rlesByValue } from './masks.ts';
import { folderOf, stemOf } from './paths.ts';
import { nameKey } from './image-index.ts';
import type { SourceTree } from './source.ts';
import { CountedWarning } from './words.ts';

/** Class of a binary mask where nothing names it. */
const onlyClass = 'object';

export const maskFolders: Format = {
  id: 'masks',
  title: 'Masks as pictures',

  async detect(source) {
    const pairs = pairsOf(source);
    const [first] = pairs;
    return pairs.length > 0 && source.chosenFile === null
      ? { score: 0.5, reason: `${first.mask} is named as ${first.image}`, files: pairs.length }
      : { score: 0, reason: 'no PNG in a folder of masks that is named as a picture' };
  },

  async read(source, sink) {
    const gathering = new Gathering(source, sink);
    const table = await readLabelTable(source);
    const unnamed = new CountedWarning('unnamed-classes', '');
    for (const { mask, image: imageFile } of pairsOf(source)) {
      sink.signal.throwIfAborted();
      const image = gathering.at(imageFile, { file: mask, place: 'the mask' });
      try {
        const labels = await decodeLabelImage(source.absolute(mask));
        source.noteRead(mask);
        const classOf = classOfValues(labels, table, false);
        const masks = rlesByValue(labels.values, labels.widthPx, labels.heightPx);
        const isBinary = [...masks.keys()].every((value) => [0, 255, 0xffffff].includes(value));
        for (const [value, rle] of masks) {
          const known = isBinary && value !== 0 ? onlyClass : classOf(value);
          if (known === null) continue;
          if (known === undefined) unnamed.add(`${mask}, ${value}`);
          const className =
            known ?? (labels.areColours ? `#${value.toString(16).padStart(6, '0')}` : String(value));
          image.annotations.push({ className, shape: { kind: 'mask', rle }, place: `value ${value}` });
        }
      } catch (thrown) {
        if (!(thrown instanceof AppError) || thrown.code !== 'bad-file') throw thrown;
        sink.warn({ code: 'bad-mask', file: mask, message: String(thrown.detail.reason ?? thrown.message) });
      }
    }
    unnamed.report(sink, 'values have no name, and so are called by their number or colour');
    gathering.addBeside();
    gathering.handOn();
  },

  async write(dataset, folder, options) {
    const names = await copyImages(dataset.images, path.join(folder, 'images'), options);
    makeFolder(path.join(folder, 'masks'));
    for (const [i, { annotations, className: ofImage, widthPx, heightPx }] of dataset.images.entries()) {
      options?.signal?.throwIfAborted();
      const values = new Uint8Array(widthPx * heightPx);
      for (const { className, shape } of annotations) {
        const index = dataset.classes.indexOf(className ?? ofImage ?? '') + 1;
        if (index === 0 || index > MOST_CLASSES) continue;
        rasterize([shape], widthPx, heightPx, widthPx, heightPx).forEach((is, at) => {
          if (is === 1) values[at] = index;
        });
      }
      await writeFile(
        path.join(folder, 'masks', `${stemOf(names[i])}.png`),
        encodePng(values, widthPx, heightPx, 1),
      );
    }
    await writeFile(
      path.join(folder, 'classes.txt'),
      ['background', ...dataset.classes].map((name) => `${name}\n`).join(''),
    );
  },

  losses: (dataset) => [
    ...counted(
      'shapes have no class, or one beyond the 254th, and are not written',
      shapesWhere(dataset, ({ className }, image) => {
        const index = dataset.classes.indexOf(className ?? image.className ?? '') + 1;
        return index === 0 || index > MOST_CLASSES;
      }),
    ),
    ...drawnAs(dataset, ['box'], 'boxes are written as the pixels in them'),
    ...drawnAs(dataset, ['polygon', 'holes'], 'polygons are written as the pixels in them'),
    ...counted(
      'pictures have several shapes of a class, which become one, or hide each other where they overlap',
      dataset.images.filter(({ annotations }) => annotations.length > 1).length,
    ),
    ...classLoss(dataset),
    ...crowdLoss(dataset),
    ...shapeAttributesLoss(dataset),
    ...splitLoss(dataset),
    ...attributesLoss(dataset),
  ],
};

const MOST_CLASSES = 254;

const ofMasks =
  /(^|[^a-z])(masks?|labels?|segmentations?|segmentation_?masks?|annotations?|gt|groundtruth|semantic|segmentationclass)([^a-z]|$)/i;
const suffix = /[-_ ](mask|masks|label|labels|seg|segmentation|gt|labelids)$/i;

/** PNGs in folders of masks, or named "x_mask.png", each with the one other picture of its name. */
function pairsOf(source: SourceTree): { mask: string; image: string }[] {
  const isMask = (file: string) =>
    /\.png$/i.test(file) &&
    (folderOf(file)
      .split('/')
      .some((part) => ofMasks.test(part) && !/trimaps|instance|object|panoptic/i.test(part)) ||
      suffix.test(stemOf(file)));
  return source.files.flatMap((mask) => {
    if (!isMask(mask) || /(^|\/)(trimaps|SegmentationObject)\//i.test(mask)) return [];
    const stem = stemOf(mask);
    const same = [stem, stem.replace(suffix, '')].flatMap((name) => source.index.withStem(name));
    const isElsewhere = source.imagesRoot !== source.root;
    const others = [...new Set(same)].filter((file) => isElsewhere || (file !== mask && !isMask(file)));
    if (others.length <= 1) return others.map((image) => ({ mask, image }));
    // Of several the one whose folders are most alike: masks/train/a.png and images/train/a.jpg.
    const folders = folderOf(mask).split('/').map(nameKey);
    const alike = (file: string) =>
      folderOf(file)
        .split('/')
        .filter((part) => folders.includes(nameKey(part))).length;
    const most = Math.max(...others.map(alike));
    const best = others.filter((file) => alike(file) === most);
    return best.length === 1 ? [{ mask, image: best[0] }] : [];
  });
}
