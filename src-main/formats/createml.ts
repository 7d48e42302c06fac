// CreateML (Apple): JSON lists of pictures with boxes by their middle, in pixels; in one file or one a picture.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { boundsOf } from '../contracts/geometry.ts';
import { filesLike, likelyFiles, shownFiles } from './candidates.ts';
import { copyImages } from './copy.ts';
import { damaged } from './damage.ts';
import type { Format } from './format.ts';
import { Gathering } from './gathering.ts';
import { isRecord, readJson } from './json.ts';
import {
  attributesLoss,
  classLoss,
  crowdLoss,
  drawnAs,
  shapeAttributesLoss,
  splitLoss,
  unnamedLoss,
} from './loss.ts';
import { folderOf } from './paths.ts';
import { checkedClassName, numberFrom } from './words.ts';

export const createml: Format = {
  id: 'createml',
  title: 'CreateML JSON',

  async detect(source) {
    const files = await likelyFiles(source, /\.json$/i, isCreateml);
    return files.length > 0
      ? { score: 0.9, reason: `${shownFiles(files)}, with coordinates`, files: files.length }
      : { score: 0, reason: 'no JSON list of pictures with coordinates' };
  },

  async read(source, sink) {
    const gathering = new Gathering(source, sink);
    for (const file of await filesLike(source, /\.json$/i, isCreateml)) {
      const content = await readJson(source, file);
      if (!Array.isArray(content)) throw damaged(file, 'line 1', 'a CreateML file is one list');
      content.forEach((entry: unknown, i) => {
        const place = `[${i}]`;
        if (!isRecord(entry)) throw damaged(file, place, 'an entry is no object');
        const name = entry.image ?? entry.imagefilename ?? entry.filename;
        if (typeof name !== 'string' || name === '')
          throw damaged(file, `${place}.image`, 'the name of the picture is missing');
        const image = gathering.find(name, [folderOf(file)], { file, place });
        const annotations = entry.annotations ?? entry.annotation ?? [];
        if (!Array.isArray(annotations)) throw damaged(file, `${place}.annotations`, 'this is no list');
        annotations.forEach((one: unknown, j) => {
          const where = `${place}.annotations[${j}]`;
          if (!isRecord(one)) throw damaged(file, where, 'an annotation is no object');
          const className = checkedClassName(one.label, file, `${where}.label`);
          const { coordinates } = one;
          if (coordinates === undefined) {
            if (image !== null) gathering.classify(image, className, `${file}, ${where}`);
            return;
          }
          if (!isRecord(coordinates)) throw damaged(file, `${where}.coordinates`, 'this is no object');
          const [x, y, width, height] = ['x', 'y', 'width', 'height'].map((side) =>
            numberFrom(coordinates[side], file, `${where}.coordinates.${side}`),
          );
          image?.annotations.push({
            className,
            shape: {
              kind: 'box',
              box: {
                x: x - width / 2,
                y: y - height / 2,
                width: Math.max(0, width),
                height: Math.max(0, height),
              },
            },
            place: where,
          });
        });
      });
    }
    gathering.addBeside();
    gathering.handOn();
  },

  async write(dataset, folder, options) {
    const names = await copyImages(dataset.images, folder, options);
    const entries = dataset.images.map(({ annotations, className: ofImage }, i) => ({
      image: names[i],
      annotations: annotations.flatMap(({ className, shape }) => {
        const label = className ?? ofImage;
        const box = boundsOf(shape);
        if (label === null || box === null) return [];
        const { x, y, width, height } = box;
        return [{ label, coordinates: { x: x + width / 2, y: y + height / 2, width, height } }];
      }),
    }));
    await writeFile(path.join(folder, '_annotations.createml.json'), JSON.stringify(entries));
  },

  losses: (dataset) => [
    ...unnamedLoss(dataset),
    ...drawnAs(dataset, ['polygon', 'holes'], 'polygons are written as the boxes round them'),
    ...drawnAs(dataset, ['mask'], 'masks are written as the boxes round them'),
    ...classLoss(dataset),
    ...splitLoss(dataset),
    ...attributesLoss(dataset),
    ...crowdLoss(dataset),
    ...shapeAttributesLoss(dataset),
  ],
};

const isCreateml = (head: string): boolean =>
  /^\s*\[\s*\{/.test(head) &&
  /"(image|imagefilename)"\s*:\s*"/.test(head) &&
  /"annotations?"\s*:\s*\[/.test(head) &&
  !/"(original_width|completed_by|result|data)"\s*:/.test(head);
