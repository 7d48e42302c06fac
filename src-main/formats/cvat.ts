// CVAT's own XML, version 1.1: "for images" lists pictures with their shapes and tags, "for video" tracks with a shape a
// frame, of which the key frames are read, since those between are interpolated. Coordinates are continuous; boxes and
// ellipses may be turned about their middle; masks are run lengths along the rows of their box.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { filesLike, likelyFiles } from './candidates.ts';
import { copyImages } from './copy.ts';
import { damaged } from './damage.ts';
import type {
  ExportAnnotation,
  ExportDataset,
  ExportImage,
  Format,
  ImportedImage,
  ImportedShape,
  ImportSink,
} from './format.ts';
import { addAttributes, Gathering, plainAttributes, sizeGiven } from './gathering.ts';
import { counted, crowdLoss, drawnAs, unnamedLoss } from './loss.ts';
import { cutMask, fromRowRuns, placedMask, rowRuns } from './masks.ts';
import { ellipseOutline, pointsOf, turnedBox } from './outlines.ts';
import { folderOf } from './paths.ts';
import type { SourceTree } from './source.ts';
import { checkedClassName, CountedWarning, namedPart, numberFrom, splitOf, type NamedPart } from './words.ts';
import {
  attributeOf,
  childNode,
  childNodes,
  childText,
  escapeXml,
  ownText,
  readXml,
  type XmlNode,
} from './xml.ts';

export const cvat: Format = {
  id: 'cvat',
  title: 'CVAT XML',

  async detect(source) {
    const files = await likelyFiles(source, /\.xml$/i, isCvat);
    return files.length > 0
      ? { score: 0.92, reason: `${files[0]} lists annotations of CVAT`, files: files.length }
      : { score: 0, reason: 'no XML file of CVAT' };
  },

  async read(source, sink) {
    const gathering = new Gathering(source, sink);
    const parts = new Map<ImportedImage, NamedPart>();
    const lines = new CountedWarning('dropped-shape', '');
    for (const file of await filesLike(source, /\.xml$/i, isCvat)) {
      sink.signal.throwIfAborted();
      const root = childNode(await readXml(source, file, true), 'annotations');
      if (root === null) throw damaged(file, 'line 1', 'this XML file has no annotations');
      const images = childNodes(root, 'image');
      images.forEach((node, i) => readImage(node, `image ${i + 1}`, file, gathering, parts, lines));
      readTracks(source, sink, root, file, gathering, lines);
    }
    const hasTest = [...parts.values()].includes('test');
    for (const [image, part] of parts) image.split = splitOf(part, hasTest);
    lines.report(sink, 'points, lines, skeletons and cuboids are left out');
    gathering.handOn();
  },

  async write(dataset, folder, options) {
    const names = await copyImages(dataset.images, path.join(folder, 'images'), options);
    await writeFile(path.join(folder, 'annotations.xml'), xmlOf(dataset, names));
  },

  losses: (dataset) => [
    ...unnamedLoss(dataset),
    ...drawnAs(dataset, ['holes'], 'polygons have holes or parts, and are written as masks'),
    ...crowdLoss(dataset),
    ...counted(
      'pictures without a class have attributes, which are not written',
      dataset.images.filter(
        ({ className, attributes }) =>
          className === null && attributes !== undefined && Object.keys(attributes).length > 0,
      ).length,
    ),
  ],
};

const isCvat = (head: string): boolean => /<annotations[\s>]/.test(head);

function readImage(
  node: XmlNode,
  place: string,
  file: string,
  gathering: Gathering,
  parts: Map<ImportedImage, NamedPart>,
  lines: CountedWarning,
): void {
  const name = attributeOf(node, 'name');
  if (name === null || name === '') throw damaged(file, place, 'the name of the picture is missing');
  const subset = attributeOf(node, 'subset');
  const base = folderOf(file);
  const bases = [base, `${base}/images`, `${base}/images/${subset ?? ''}`].map((one) =>
    one.replace(/^\/|\/$/g, ''),
  );
  const image = gathering.find(name, bases, { file, place }, subset ?? '');
  if (image === null) return;
  image.declaredSize ??= sizeGiven(attributeOf(node, 'width'), attributeOf(node, 'height'));
  const part = namedPart(subset ?? '');
  if (part !== null) parts.set(image, part);
  childNodes(node, 'tag').forEach((tag, i) => {
    const label = attributeOf(tag, 'label') ?? '';
    if (label.trim() === '') return;
    gathering.classify(image, checkedClassName(label, file, `${place}, tag ${i + 1}`), `${file}, ${place}`);
    addAttributes(image, attributesOf(tag));
  });
  for (const kind of Object.keys(node))
    childNodes(node, kind).forEach((shape, i) => {
      if (kind === 'tag') return;
      addShape(kind, shape, attributeOf(shape, 'label'), image, file, `${place}, ${kind} ${i + 1}`, lines);
    });
}

function readTracks(
  source: SourceTree,
  sink: ImportSink,
  root: XmlNode,
  file: string,
  gathering: Gathering,
  lines: CountedWarning,
): void {
  const tracks = childNodes(root, 'track');
  if (tracks.length === 0) return;
  const meta = childNode(root, 'meta');
  const task = meta && (childNode(meta, 'task') ?? childNode(meta, 'job'));
  const original = (task && childNode(task, 'original_size')) ?? (meta && childNode(meta, 'original_size'));
  const size = original && sizeGiven(childText(original, 'width'), childText(original, 'height'));
  const frames = new Map<number, ImportedImage | null>();
  const missing = new CountedWarning('missing-picture', file);
  const imageOf = (frame: number, place: string): ImportedImage | null => {
    const known = frames.get(frame);
    if (known !== undefined) return known;
    const stem = `frame_${String(frame).padStart(6, '0')}`;
    const found = source.index.find(stem, [], folderOf(file));
    const image = 'file' in found ? gathering.at(found.file, { file, place }) : null;
    if (image === null) missing.add(`${place}, ${stem}`);
    else image.declaredSize ??= size;
    frames.set(frame, image);
    return image;
  };
  tracks.forEach((track, i) => {
    sink.signal.throwIfAborted();
    const label = attributeOf(track, 'label');
    for (const kind of Object.keys(track))
      childNodes(track, kind).forEach((shape, j) => {
        const place = `track ${i + 1}, ${kind} ${j + 1}`;
        const frame = attributeOf(shape, 'frame');
        if (frame === null || attributeOf(shape, 'outside') === '1' || attributeOf(shape, 'keyframe') === '0')
          return;
        const number = numberFrom(frame, file, `${place}, frame`);
        const image = imageOf(number, place);
        if (image !== null) addShape(kind, shape, label, image, file, place, lines);
      });
  });
  missing.report(sink, 'frames of the video are not among the pictures; their shapes are left out');
}

const withoutArea = new Set(['points', 'polyline', 'skeleton', 'cuboid']);

function addShape(
  kind: string,
  node: XmlNode,
  label: string | null,
  image: ImportedImage,
  file: string,
  place: string,
  lines: CountedWarning,
): void {
  if (withoutArea.has(kind)) return lines.add(`${file}, ${place}`);
  const shape = shapeOf(kind, node, image, file, place);
  if (shape === undefined) return;
  if (shape === null) return lines.add(`${file}, ${place}`);
  const className =
    label === null || label.trim() === '' ? null : checkedClassName(label, file, `${place}, label`);
  const marks: Record<string, string> = attributeOf(node, 'occluded') === '1' ? { occluded: 'yes' } : {};
  image.annotations.push({ className, shape, place, attributes: { ...marks, ...attributesOf(node) } });
}

/** Null for what has no area, undefined for what is no shape. */
function shapeOf(
  kind: string,
  node: XmlNode,
  { declaredSize }: ImportedImage,
  file: string,
  place: string,
): ImportedShape | null | undefined {
  const number = (name: string) =>
    numberFrom(attributeOf(node, name) ?? undefined, file, `${place}, ${name}`);
  const rotation = attributeOf(node, 'rotation') === null ? 0 : number('rotation');
  switch (kind) {
    case 'box': {
      const [left, top, right, bottom] = ['xtl', 'ytl', 'xbr', 'ybr'].map(number);
      return turnedBox(left, top, right - left, bottom - top, rotation, [
        (left + right) / 2,
        (top + bottom) / 2,
      ]);
    }
    case 'ellipse':
      return ellipseOutline([number('cx'), number('cy')], number('rx'), number('ry'), rotation);
    case 'polygon': {
      const text = attributeOf(node, 'points') ?? '';
      const ring = text.split(';').map((pair) => {
        const numbers = pair.split(',');
        if (numbers.length !== 2)
          throw damaged(file, `${place}, points`, `"${pair.slice(0, 40)}" is no point`);
        return pointsOf(numbers, file, `${place}, points`)[0];
      });
      return ring.length < 3 ? null : { kind: 'polygon', rings: [ring] };
    }
    case 'mask': {
      if (declaredSize === null)
        throw damaged(file, place, 'the size of the picture is missing, which its masks need');
      const [left, top, width, height] = ['left', 'top', 'width', 'height'].map(number);
      const runs = (attributeOf(node, 'rle') ?? '')
        .split(',')
        .map((run) => numberFrom(run, file, `${place}, rle`));
      const pixels = fromRowRuns(runs, width, height, file, `${place}, rle`);
      return {
        kind: 'mask',
        rle: placedMask({ left, top, width, height, pixels }, declaredSize, file, place),
      };
    }
    default:
      return undefined;
  }
}

const attributesOf = (node: XmlNode): Record<string, string> =>
  plainAttributes(
    childNodes(node, 'attribute').map((one): [string, string] => [
      attributeOf(one, 'name') ?? '',
      ownText(one),
    ]),
  );

const subsets = { train: 'Train', selection: 'Validation', test: 'Test' };

function xmlOf({ classes, images }: ExportDataset, names: readonly string[]): string {
  // CVAT takes the attributes that its labels list.
  const listed = new Set(
    images.flatMap(({ attributes = {}, annotations }) => [
      ...Object.keys(attributes),
      ...annotations.flatMap((one) => Object.keys(marksOf(one).attributes)),
    ]),
  );
  const specs = [...listed].map(
    (name) =>
      `<attribute><name>${escapeXml(name)}</name><mutable>False</mutable><input_type>text</input_type><default_value></default_value><values></values></attribute>`,
  );
  const labels = classes.map(
    (name) =>
      `        <label><name>${escapeXml(name)}</name><attributes>${specs.join('')}</attributes></label>\n`,
  );
  const entries = images.map((image, i) => {
    const subset = image.split === null ? '' : ` subset="${subsets[image.split]}"`;
    return `  <image id="${i}" name="${escapeXml(names[i])}"${subset} width="${image.widthPx}" height="${image.heightPx}">
${[...tagsOf(image), ...shapesOf(image)].join('')}  </image>
`;
  });
  // Parts belong to a project's tasks; readers look for them there.
  const parts = [...new Set(images.flatMap(({ split }) => (split === null ? [] : [subsets[split]])))];
  const kind = parts.length > 0 ? 'project' : 'task';
  return `<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <${kind}>
      <size>${images.length}</size>
      <mode>annotation</mode>
      <labels>
${labels.join('')}      </labels>
${parts.map((subset) => `      <tasks><task><subset>${subset}</subset></task></tasks>\n`).join('')}    </${kind}>
  </meta>
${entries.join('')}</annotations>
`;
}

function tagsOf({ className, attributes = {} }: ExportImage): string[] {
  if (className === null) return [];
  return [`    <tag label="${escapeXml(className)}" source="manual">${attributesXml(attributes)}</tag>\n`];
}

const attributesXml = (attributes: Readonly<Record<string, string>>): string =>
  Object.entries(attributes)
    .map(([name, value]) => `<attribute name="${escapeXml(name)}">${escapeXml(value)}</attribute>`)
    .join('');

/** Whether a shape is hidden in part has a place of its own. */
function marksOf({ attributes = {} }: ExportAnnotation): {
  isOccluded: boolean;
  attributes: Record<string, string>;
} {
  const { occluded, ...others } = attributes;
  if (occluded === 'yes') return { isOccluded: true, attributes: others };
  return { isOccluded: false, attributes: { ...attributes } };
}

function shapesOf({ annotations, className: ofImage, widthPx, heightPx }: ExportImage): string[] {
  return annotations.flatMap((annotation) => {
    const { className, shape } = annotation;
    const { isOccluded, attributes } = marksOf(annotation);
    const inside = attributesXml(attributes);
    const label = className ?? ofImage;
    if (label === null) return [];
    const common = `label="${escapeXml(label)}" source="manual" occluded="${isOccluded ? 1 : 0}" z_order="0"`;
    if (shape.kind === 'box') {
      const { x, y, width, height } = shape.box;
      return [
        `    <box ${common} xtl="${x}" ytl="${y}" xbr="${x + width}" ybr="${y + height}">${inside}</box>\n`,
      ];
    }
    if (shape.kind === 'polygon' && shape.rings.length === 1)
      return [
        `    <polygon ${common} points="${shape.rings[0].map((point) => point.join(',')).join(';')}">${inside}</polygon>\n`,
      ];
    const cut = cutMask(shape, widthPx, heightPx);
    if (cut === null) return [];
    const { left, top, width, height, pixels } = cut;
    return [
      `    <mask ${common} rle="${rowRuns(pixels).join(', ')}" left="${left}" top="${top}" width="${width}" height="${height}">${inside}</mask>\n`,
    ];
  });
}
