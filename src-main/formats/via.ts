// VGG Image Annotator, versions 1 to 3: one JSON file of regions by picture, or version 2's CSV of the same. The class of
// a region is one of its attributes, which each project names as it likes.

import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Point } from '../contracts/geometry.ts';
import { filesLike, likelyFiles } from './candidates.ts';
import { copyImages } from './copy.ts';
import { damaged } from './damage.ts';
import type { ExportImage, Format, ImportedImage, ImportedShape } from './format.ts';
import { addAttributes, Gathering, plainAttributes } from './gathering.ts';
import { isRecord, readJson } from './json.ts';
import { crowdLoss, drawnAs, pathOf, unnamedLoss } from './loss.ts';
import { boxBetween, ellipseOutline, pointsOf } from './outlines.ts';
import { folderOf } from './paths.ts';
import { csvRecords, recordsOf, type FileRecord } from './via-records.ts';
import { checkedClassName, CountedWarning, namedPart, numberFrom, splitOf, type NamedPart } from './words.ts';

export const via: Format = {
  id: 'via',
  title: 'VGG Image Annotator',

  async detect(source) {
    const files = [
      ...(await likelyFiles(source, /\.json$/i, isVia)),
      ...(await likelyFiles(source, /\.csv$/i, isViaCsv)),
    ];
    return files.length > 0
      ? { score: 0.9, reason: `${files[0]} lists regions of pictures`, files: files.length }
      : { score: 0, reason: 'no file of regions' };
  },

  async read(source, sink) {
    const gathering = new Gathering(source, sink);
    const parts = new Map<ImportedImage, NamedPart>();
    const lines = new CountedWarning('dropped-shape', '');
    const files = await filesLike(source, /\.json$/i, isVia);
    const folders = new Set(files.map(folderOf));
    for (const file of files) {
      const records = recordsOf(await readJson(source, file), file);
      readRecords(records, { gathering, parts, file, lines });
    }
    for (const file of await filesLike(source, /\.csv$/i, isViaCsv)) {
      // Exported beside the JSON, it says the same again.
      if (folders.has(folderOf(file)))
        sink.warn({
          code: 'copy',
          file,
          message: 'this says what the JSON file beside it says; its shapes count once',
        });
      else readRecords(await csvRecords(source, file), { gathering, parts, file, lines });
    }
    const hasTest = [...parts.values()].includes('test');
    for (const [image, part] of parts) image.split = splitOf(part, hasTest);
    lines.report(sink, 'points and lines have no area and are left out');
    gathering.handOn();
  },

  async write(dataset, folder, options) {
    const names = await copyImages(dataset.images, folder, options);
    const metadata: Record<string, object> = {};
    for (const [i, image] of dataset.images.entries()) {
      const { size } = await stat(path.join(folder, names[i]));
      metadata[`${names[i]}${size}`] = metadataOf(image, names[i], size);
    }
    const ofRegions = dataset.images.flatMap(({ annotations }) =>
      annotations.flatMap(({ attributes = {} }) => Object.keys(attributes)),
    );
    const classes = Object.fromEntries(dataset.classes.map((name) => [name, '']));
    await writeFile(
      path.join(folder, 'via_project.json'),
      JSON.stringify({
        _via_settings: { core: { default_filepath: '' }, project: { name: 'Fovea' } },
        _via_img_metadata: metadata,
        _via_attributes: {
          region: {
            ...Object.fromEntries(
              ofRegions.map((name) => [name, { type: 'text', description: '', default_value: '' }]),
            ),
            class: { type: 'dropdown', description: '', options: classes, default_options: {} },
          },
          file: { class: { type: 'text', description: '', default_value: '' } },
        },
        _via_data_format_version: '2.0.10',
        _via_image_id_list: Object.keys(metadata),
      }),
    );
  },

  losses: (dataset) => [
    ...unnamedLoss(dataset),
    ...drawnAs(dataset, ['mask'], 'masks are written as the outlines of their pixels'),
    ...drawnAs(
      dataset,
      ['holes'],
      'polygons have holes or parts, which are joined by lines that enclose nothing',
    ),
    ...crowdLoss(dataset),
  ],
};

const isVia = (head: string): boolean =>
  /"(_via_img_metadata|_via_settings|shape_attributes|region_attributes)"\s*:/.test(head) ||
  (/"regions"\s*:\s*[[{]/.test(head) && /"filename"\s*:/.test(head) && /"size"\s*:/.test(head)) ||
  /"vid_list"\s*:/.test(head);

const isViaCsv = (head: string): boolean => /region_shape_attributes/.test(head.split('\n')[0]);

interface Target {
  gathering: Gathering;
  parts: Map<ImportedImage, NamedPart>;
  file: string;
  lines: CountedWarning;
}

function readRecords(records: readonly FileRecord[], { gathering, parts, file, lines }: Target): void {
  for (const record of records) {
    const image = gathering.find(record.name, [folderOf(file)], { file, place: record.place });
    if (image === null) continue;
    const { split, ...others } = record.attributes;
    const part = typeof split === 'string' ? namedPart(split) : null;
    if (part !== null) parts.set(image, part);
    const ofImage = classIn(others, false);
    if (ofImage !== null)
      gathering.classify(
        image,
        checkedClassName(ofImage.value, file, record.place),
        `${file}, ${record.place}`,
      );
    addAttributes(image, attributesBeside(others, ofImage?.name));
    for (const { shape: given, attributes, place } of record.regions) {
      const shape = Array.isArray(given) ? listedShape(given, file, place) : namedShape(given, file, place);
      if (shape === null) {
        lines.add(`${file}, ${place}`);
        continue;
      }
      const own = classIn(attributes, true);
      image.annotations.push({
        className: own === null ? null : checkedClassName(own.value, file, `${place}, ${own.name}`),
        shape,
        place,
        attributes: attributesBeside(attributes, own?.name),
      });
    }
  }
}

/** Names under which projects keep the class. */
const classNames = [
  'class',
  'label',
  'labels',
  'class_id',
  'category',
  'type',
  'name',
  'object',
  'object_name',
  'species',
];

/** The attribute that says the class: the one of such a name, or, of a region, the only one. */
function classIn(
  attributes: Record<string, unknown>,
  isRegion: boolean,
): { name: string; value: string } | null {
  const given = Object.entries(attributes).flatMap(([name, value]) => {
    const plain = plainValue(value);
    return plain === null ? [] : [{ name, value: plain }];
  });
  const known = (isRegion ? classNames : classNames.slice(0, 2)).map((wanted) =>
    given.find(({ name }) => name.toLowerCase() === wanted),
  );
  return known.find((one) => one !== undefined) ?? (isRegion && given.length === 1 ? given[0] : null);
}

/** All that are given but the class; of several ticked boxes all. */
const attributesBeside = (
  attributes: Record<string, unknown>,
  className: string | undefined,
): Record<string, string> =>
  plainAttributes(
    Object.entries(attributes).flatMap(([name, value]): [string, unknown][] => {
      if (name === className || value === '') return [];
      return [[name, plainValue(value) ?? (isRecord(value) ? ticked(value).join(', ') : value)]];
    }),
  );

const ticked = (boxes: Record<string, unknown>): string[] =>
  Object.entries(boxes).flatMap(([name, is]) => (is === true || is === 'true' || is === 1 ? [name] : []));

/** A text or number; of check boxes the one that is ticked. */
function plainValue(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return value.trim() === '' ? null : value;
  if (!isRecord(value)) return null;
  const [one, ...others] = ticked(value);
  return others.length === 0 ? (one ?? null) : null;
}

/** Versions 1 and 2. Null for what has no area. */
function namedShape(shape: unknown, file: string, place: string): ImportedShape | null {
  if (!isRecord(shape)) throw damaged(file, place, 'the shape is missing');
  const number = (name: string) => numberFrom(shape[name], file, `${place}.${name}`);
  switch (shape.name) {
    case 'rect':
      return boxBetween(
        number('x'),
        number('y'),
        number('x') + number('width'),
        number('y') + number('height'),
      );
    case 'circle':
      return ellipseOutline([number('cx'), number('cy')], number('r'), number('r'));
    case 'ellipse': {
      // The angle is in radians, and missing in older files.
      const theta = shape.theta === undefined ? 0 : number('theta');
      return ellipseOutline(
        [number('cx'), number('cy')],
        number('rx'),
        number('ry'),
        (theta * 180) / Math.PI,
      );
    }
    case 'polygon': {
      const { all_points_x: xs, all_points_y: ys } = shape;
      if (!Array.isArray(xs) || !Array.isArray(ys) || xs.length !== ys.length)
        throw damaged(file, place, 'all_points_x and all_points_y are no lists of one length');
      return ringOf(
        pointsOf(
          xs.flatMap((x: unknown, i): unknown[] => [x, ys[i]]),
          file,
          place,
        ),
      );
    }
    case 'point':
    case 'polyline':
    case 'line':
      return null;
    default:
      throw damaged(file, place, `"${String(shape.name).slice(0, 40)}" is no kind of shape`);
  }
}

/** Version 3: a number for the kind, then coordinates. */
function listedShape(shape: readonly unknown[], file: string, place: string): ImportedShape | null {
  const at = (i: number) => numberFrom(shape[i], file, place);
  switch (at(0)) {
    case 2:
      return boxBetween(at(1), at(2), at(1) + at(3), at(2) + at(4));
    case 3:
      return ellipseOutline([at(1), at(2)], at(3), at(3));
    case 4:
      return ellipseOutline([at(1), at(2)], at(3), at(4));
    case 7:
      return ringOf(pointsOf(shape.slice(1), file, place));
    default:
      return null;
  }
}

function ringOf(points: Point[]): ImportedShape | null {
  const [first, last] = [points[0], points[points.length - 1]];
  // VIA 1 repeats the first point.
  const isClosed = points.length > 3 && first[0] === last[0] && first[1] === last[1];
  const ring = isClosed ? points.slice(0, -1) : points;
  return ring.length < 3 ? null : { kind: 'polygon', rings: [ring] };
}

const parts = { train: 'train', selection: 'val', test: 'test' };

function metadataOf(image: ExportImage, filename: string, size: number): object {
  const { className: ofImage, annotations, attributes = {}, split } = image;
  const regions = annotations.flatMap(({ className, shape, attributes: ofShape }) => {
    const label = className ?? ofImage;
    if (label === null) return [];
    const ring = shape.kind === 'box' ? [] : pathOf(shape);
    if (shape.kind !== 'box' && ring.length < 3) return [];
    return [
      {
        shape_attributes:
          shape.kind === 'box'
            ? { name: 'rect', ...shape.box }
            : { name: 'polygon', all_points_x: ring.map(([x]) => x), all_points_y: ring.map(([, y]) => y) },
        region_attributes: { ...ofShape, class: label },
      },
    ];
  });
  return {
    filename,
    size,
    regions,
    file_attributes: {
      ...attributes,
      ...(ofImage === null ? {} : { class: ofImage }),
      ...(split === null ? {} : { split: parts[split] }),
    },
  };
}
