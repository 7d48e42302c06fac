// labelme (Wada), versions 4 to 7: a JSON file a picture, beside it. The picture itself may be embedded; it is not read
// from there. Points are continuous. A mask is a PNG cut to the two corners that its points give, both inside it.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Point } from '../contracts/geometry.ts';
import { AppError } from '../contracts/errors.ts';
import { encodePng, labelsIn } from '../imaging/index.ts';
import { filesLike, likelyFiles, shownFiles } from './candidates.ts';
import { copyImages } from './copy.ts';
import { damaged } from './damage.ts';
import type { ExportImage, Format, ImportedImage, ImportedShape } from './format.ts';
import { addAttributes, Gathering, plainAttributes, sizeGiven } from './gathering.ts';
import { isRecord, readJson } from './json.ts';
import { attributesLoss, counted, crowdLoss, drawnAs, shapeAttributesLoss, splitLoss } from './loss.ts';
import { cutMask, placedMask } from './masks.ts';
import { boxBetween, ellipseOutline, pointsOf } from './outlines.ts';
import { baseName, folderOf, stemOf } from './paths.ts';
import type { SourceTree } from './source.ts';
import { checkedClassName, CountedWarning } from './words.ts';

export const labelme: Format = {
  id: 'labelme',
  title: 'labelme JSON',

  async detect(source) {
    const files = await likelyFiles(source, /\.json$/i, isLabelme);
    return files.length > 0
      ? { score: 0.9, reason: `${shownFiles(files)}, with shapes and an imagePath`, files: files.length }
      : { score: 0, reason: 'no JSON file with shapes' };
  },

  async read(source, sink) {
    const gathering = new Gathering(source, sink);
    const leftOut = {
      lines: new CountedWarning('dropped-shape', ''),
      ignored: new CountedWarning('dropped-shape', ''),
    };
    for (const file of await filesLike(source, /\.json$/i, isLabelme)) {
      sink.signal.throwIfAborted();
      const content = await readJson(source, file);
      if (!isRecord(content) || !Array.isArray(content.shapes))
        throw damaged(file, 'shapes', 'the list of shapes is missing');
      const { imagePath } = content;
      if (imagePath !== undefined && imagePath !== null && typeof imagePath !== 'string')
        throw damaged(file, 'imagePath', 'this is no path');
      const image = imageOf(source, gathering, file, imagePath ?? '');
      if (image === null) continue;
      image.declaredSize ??= sizeGiven(content.imageWidth, content.imageHeight);
      readFlags(content.flags, content.shapes.length === 0, gathering, image, file);
      readShapes(content.shapes, image, file, leftOut);
    }
    gathering.addBeside();
    leftOut.lines.report(sink, 'points and lines have no area and are left out');
    leftOut.ignored.report(sink, 'shapes are marked __ignore__ and are left out');
    gathering.handOn();
  },

  async write(dataset, folder, options) {
    const names = await copyImages(dataset.images, folder, options);
    for (const [i, image] of dataset.images.entries())
      await writeFile(
        path.join(folder, `${stemOf(names[i])}.json`),
        JSON.stringify(contentOf(image, names[i]), null, 2),
      );
  },

  losses: (dataset) => [
    ...counted(
      'shapes without a class are not written',
      dataset.images.reduce(
        (sum, { className, annotations }) =>
          sum + (className === null ? annotations.filter((one) => one.className === null).length : 0),
        0,
      ),
    ),
    ...drawnAs(dataset, ['holes'], 'polygons have holes or parts, and are written as masks'),
    ...counted(
      'pictures have a class that none of their shapes has, which is not written',
      dataset.images.filter(
        ({ className, annotations }) =>
          className !== null &&
          annotations.length > 0 &&
          !annotations.some((one) => (one.className ?? className) === className),
      ).length,
    ),
    ...splitLoss(dataset),
    ...attributesLoss(dataset),
    ...shapeAttributesLoss(dataset, isHeld),
    ...crowdLoss(dataset),
  ],
};

/** Flags are yes or no. */
const isHeld = (name: string, value: string): boolean =>
  name === 'description' || value === 'yes' || value === 'no';

const isLabelme = (head: string): boolean =>
  /^\s*\{/.test(head) &&
  (/"shapes"\s*:\s*\[/.test(head) || /"imagePath"\s*:/.test(head)) &&
  /"(version|flags|imagePath|shape_type|lineColor|imageData)"\s*:/.test(head);

/** As the file says, from its own folder; else the one that is named as it. */
function imageOf(
  source: SourceTree,
  gathering: Gathering,
  file: string,
  imagePath: string,
): ImportedImage | null {
  const recordPlace = { file, place: 'imagePath' };
  const base = folderOf(file);
  if (imagePath !== '' && 'file' in source.index.find(imagePath, [base]))
    return gathering.find(imagePath, [base], recordPlace);
  const own = source.index.find(file.replace(/\.json$/i, ''), ['']);
  if ('file' in own) return gathering.at(own.file, recordPlace);
  return gathering.find(imagePath || baseName(file), [base], recordPlace);
}

/** The one flag that is set on a picture without shapes is its class; else flags are attributes. */
function readFlags(
  flags: unknown,
  isEmpty: boolean,
  gathering: Gathering,
  image: ImportedImage,
  file: string,
): void {
  if (!isRecord(flags)) return;
  const set = Object.entries(flags).filter(([, value]) => value === true);
  if (isEmpty && set.length === 1)
    gathering.classify(image, checkedClassName(set[0][0], file, 'flags'), `${file}, flags`);
  else if (set.length > 0)
    addAttributes(
      image,
      plainAttributes(
        Object.entries(flags).map(([name, value]): [string, unknown] => [
          name,
          value === true ? 'yes' : 'no',
        ]),
      ),
    );
}

function readShapes(
  shapes: readonly unknown[],
  image: ImportedImage,
  file: string,
  { lines, ignored }: { lines: CountedWarning; ignored: CountedWarning },
): void {
  // Outlines of one group and class are the parts of one object.
  const groups = new Map<string, ImportedShape & { kind: 'parts' }>();
  shapes.forEach((shape, i) => {
    const place = `shapes[${i}]`;
    if (!isRecord(shape)) throw damaged(file, place, 'a shape is no object');
    const className = checkedClassName(shape.label, file, `${place}.label`);
    if (className === '__ignore__') return ignored.add(`${file}, ${place}`);
    const read = shapeOf(shape, image, file, place);
    if (read === null) return lines.add(`${file}, ${place}`);
    const attributes = attributesOf(shape);
    const group = shape.group_id;
    if (read.kind === 'polygon' && (typeof group === 'number' || typeof group === 'string')) {
      const key = `${group} ${className}`;
      const known = groups.get(key);
      if (known) {
        known.rings.push(...read.rings);
        return;
      }
      const parts = { kind: 'parts' as const, rings: [...read.rings] };
      groups.set(key, parts);
      image.annotations.push({ className, shape: parts, place, attributes });
      return;
    }
    image.annotations.push({ className, shape: read, place, attributes });
  });
}

/** Its flags, yes or no, and its description. */
const attributesOf = ({ flags, description }: Record<string, unknown>): Record<string, string> =>
  plainAttributes([
    ...(isRecord(flags) ? Object.entries(flags) : []).map(([name, value]): [string, unknown] => [
      name,
      value === true ? 'yes' : 'no',
    ]),
    ...(typeof description === 'string' && description !== '' ? [['description', description] as const] : []),
  ]);

/** Null for what has no area. */
function shapeOf(
  shape: Record<string, unknown>,
  image: ImportedImage,
  file: string,
  place: string,
): ImportedShape | null {
  const type = shape.shape_type ?? 'polygon';
  const points = pointsIn(shape.points, file, place);
  const two = () => {
    if (points.length !== 2)
      throw damaged(file, `${place}.points`, `${points.length} points, where a ${String(type)} has 2`);
    return [...points[0], ...points[1]];
  };
  switch (type) {
    case 'polygon':
    case 'oriented_rectangle':
      return points.length < 3 ? null : { kind: 'polygon', rings: [points] };
    case 'rectangle': {
      // Some writers give all four corners.
      if (points.length === 4) return { kind: 'polygon', rings: [points] };
      const [ax, ay, bx, by] = two();
      return boxBetween(ax, ay, bx, by);
    }
    case 'circle': {
      const [x, y, onX, onY] = two();
      const radius = Math.hypot(onX - x, onY - y);
      return ellipseOutline([x, y], radius, radius);
    }
    case 'mask':
      return maskOf(shape.mask, two(), image, file, place);
    case 'point':
    case 'points':
    case 'line':
    case 'linestrip':
      return null;
    default:
      throw damaged(file, `${place}.shape_type`, `"${String(type).slice(0, 40)}" is no kind of shape`);
  }
}

function pointsIn(points: unknown, file: string, place: string): Point[] {
  if (!Array.isArray(points)) throw damaged(file, `${place}.points`, 'the list of points is missing');
  return points.map((point: unknown, i) => {
    if (!Array.isArray(point) || point.length !== 2)
      throw damaged(file, `${place}.points[${i}]`, 'a point is no pair of numbers');
    return pointsOf(point, file, `${place}.points[${i}]`)[0];
  });
}

function maskOf(
  mask: unknown,
  [ax, ay]: number[],
  { declaredSize }: ImportedImage,
  file: string,
  place: string,
): ImportedShape | null {
  if (typeof mask !== 'string') throw damaged(file, `${place}.mask`, 'the embedded mask is missing');
  if (declaredSize === null)
    throw damaged(file, 'imageWidth', 'the size of the picture is missing, which its masks need');
  let cut;
  try {
    cut = labelsIn(Buffer.from(mask, 'base64'), file);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    throw damaged(file, `${place}.mask`, String(thrown.detail.reason ?? thrown.message), thrown);
  }
  const { values: pixels, widthPx: width, heightPx: height } = cut;
  const placed = { left: Math.trunc(ax), top: Math.trunc(ay), width, height, pixels };
  return { kind: 'mask', rle: placedMask(placed, declaredSize, file, `${place}.mask`) };
}

function contentOf(
  { className: ofImage, widthPx, heightPx, annotations }: ExportImage,
  name: string,
): object {
  const shapes = annotations.flatMap(({ className, shape, attributes = {} }): object[] => {
    const label = className ?? ofImage;
    if (label === null) return [];
    const { description = '', ...others } = attributes;
    const flags = Object.entries(others).filter(([name, value]) => isHeld(name, value));
    const common = {
      label,
      group_id: null,
      description,
      flags: Object.fromEntries(flags.map(([name, value]) => [name, value === 'yes'])),
    };
    if (shape.kind === 'box') {
      const { x, y, width, height } = shape.box;
      return [
        {
          ...common,
          shape_type: 'rectangle',
          points: [
            [x, y],
            [x + width, y + height],
          ],
          mask: null,
        },
      ];
    }
    if (shape.kind === 'polygon' && shape.rings.length === 1)
      return [{ ...common, shape_type: 'polygon', points: shape.rings[0], mask: null }];
    const cut = cutMask(shape, widthPx, heightPx);
    if (cut === null) return [];
    const { left, top, width, height, pixels } = cut;
    const png = encodePng(
      pixels.map((value) => value * 255),
      width,
      height,
      1,
    );
    return [
      {
        ...common,
        shape_type: 'mask',
        points: [
          [left, top],
          [left + width - 1, top + height - 1],
        ],
        mask: Buffer.from(png).toString('base64'),
      },
    ];
  });
  return {
    version: '5.5.0',
    flags: ofImage === null || annotations.length > 0 ? {} : { [ofImage]: true },
    shapes,
    imagePath: name,
    imageData: null,
    imageHeight: heightPx,
    imageWidth: widthPx,
  };
}
