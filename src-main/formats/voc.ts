// Pascal VOC: one XML file a picture, boxes by their two corners (Everingham et al., "The PASCAL Visual Object
// Classes Challenge", development kit). What xmax means differs: in the sets of the challenge itself corners
// are pixel indices from 1, both inclusive, and the Oxford pets follow them; labelImg, CVAT and most other
// writers put plain coordinates, so that xmax - xmin is the width. The source that the file names decides. The class of
// a picture without boxes stands in the class lists, ImageSets/Main/<class>_trainval.txt and <class>_test.txt.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Split } from '../contracts/dataset.ts';
import { boundsOf, type Box } from '../contracts/geometry.ts';
import { makeFolder } from '../files/write-file.ts';
import { coloursOf } from '../imaging/index.ts';
import { likelyFiles } from './candidates.ts';
import { copyImages } from './copy.ts';
import { plainAttributes } from './gathering.ts';
import { decodedName, encodedName, MOST_NAME_BYTES } from './file-names.ts';
import { readLabelTable } from './label-colours.ts';
import { addMasks, overlapLoss, segmentationsOf, writeSegmentations } from './voc-masks.ts';
import { attributesLoss, crowdLoss, drawnAs, unnamedLoss } from './loss.ts';
import type { ImageSearch } from './image-index.ts';
import type { ExportImage, Format, ImportedAnnotation, ImportedImage, ImportSink } from './format.ts';
import { damaged } from './damage.ts';
import { folderOf, stemOf } from './paths.ts';
import type { SourceTree } from './source.ts';
import { checkedClassName, CountedWarning, numberFrom, splitOf, warnOfImage } from './words.ts';
import { childNode, childNodes, childText, escapeXml, readXml, type XmlNode } from './xml.ts';

export const voc: Format = {
  id: 'voc',
  title: 'Pascal VOC XML',

  async detect(source) {
    const files =
      source.chosenFile === null
        ? await likelyFiles(
            source,
            /\.xml$/i,
            (head) => /<annotation[\s>]/.test(head) && !/<annotations[\s>]/.test(head),
          )
        : [];
    if (files.length > 0)
      return { score: 0.85, reason: `${files[0]} describes one picture`, files: files.length };
    return { score: 0, reason: 'no XML file that describes a picture' };
  },

  async read(source, sink) {
    const splits = await readImageSets(source, sink);
    const images = new Map<string, ImportedImage>();
    for (const file of source.files) {
      if (!/\.xml$/i.test(file)) continue;
      sink.signal.throwIfAborted();
      const content = await readXml(source, file);
      const root = childNode(content, 'annotation');
      if (root === null) {
        // An empty <annotation/> says nothing of any picture.
        if (childText(content, 'annotation') === null)
          sink.warn({
            code: 'unknown-file',
            file,
            message: 'this XML file is no VOC annotation; it is passed over',
          });
        continue;
      }
      const image = findImage(source, sink, file, root);
      if (image === null) continue;
      const earlier = images.get(image);
      const annotations = readObjects(root, file, sink);
      if (earlier) earlier.annotations.push(...annotations);
      else
        images.set(image, {
          ...emptyImage(source, image, splits),
          annotations,
          declaredSize: sizeOf(root, file),
          recordPlace: { file, place: 'annotation' },
        });
    }
    const table = await readLabelTable(source);
    for (const [stem, masks] of segmentationsOf(source)) {
      sink.signal.throwIfAborted();
      const found = source.index.withStem(stem).filter((file) => !isMask(file));
      const image =
        found.length === 1 ? (images.get(found[0]) ?? emptyImage(source, found[0], splits)) : null;
      if (image === null) continue;
      images.set(found[0], image);
      await addMasks(source, sink, masks, table, image.annotations);
    }
    const classes = await readClassLists(source, sink);
    for (const image of source.images)
      // Masks beside the pictures are no pictures of their own.
      if (!images.has(image) && !isMask(image)) images.set(image, emptyImage(source, image, splits));
    for (const [imageFile, image] of images) {
      if (image.annotations.length === 0) image.className = classes.get(imageFile) ?? null;
      sink.image(image);
    }
  },

  async write(dataset, folder, options) {
    const names = await copyImages(dataset.images, path.join(folder, 'JPEGImages'), options);
    makeFolder(path.join(folder, 'Annotations'));
    makeFolder(path.join(folder, 'ImageSets', 'Main'));
    const lists: Record<string, string[]> = { train: [], val: [], test: [] };
    for (let i = 0; i < names.length; i++) {
      const image = dataset.images[i];
      const stem = stemOf(names[i]);
      const depth = await coloursOf(path.join(folder, 'JPEGImages', names[i]));
      await writeFile(path.join(folder, 'Annotations', `${stem}.xml`), xmlOf(image, names[i], depth));
      if (image.split !== null) lists[image.split === 'selection' ? 'val' : image.split].push(stem);
    }
    const writeList = (name: string, lines: readonly string[]) =>
      writeFile(path.join(folder, 'ImageSets', `${name}.txt`), lines.map((line) => `${line}\n`).join(''));
    for (const [name, stems] of Object.entries(lists))
      if (stems.length > 0) await writeList(path.join('Main', name), stems);
    // A class whose name no file can bear gets no list.
    for (const className of dataset.classes.filter(
      (name) => Buffer.byteLength(encodedName(name)) <= MOST_NAME_BYTES - '_trainval.txt'.length,
    ))
      for (const part of ['trainval', 'test']) {
        const lines = dataset.images.flatMap((image, i) =>
          (image.split === 'test') === (part === 'test')
            ? [`${stemOf(names[i])} ${classesOf(image).has(className) ? ' 1' : '-1'}`]
            : [],
        );
        if (lines.length > 0) await writeList(path.join('Main', `${encodedName(className)}_${part}`), lines);
      }
    await writeSegmentations(dataset, names.map(stemOf), folder, writeList);
  },

  losses: (dataset) => [
    ...unnamedLoss(dataset),
    ...drawnAs(dataset, ['polygon', 'holes'], 'polygons are written as the pixels in them'),
    ...overlapLoss(dataset),
    ...attributesLoss(dataset),
    ...crowdLoss(dataset),
  ],
};

const isMask = (file: string): boolean => /(^|\/)Segmentation(Class|Object)\//i.test(file);

/** Its own and those that are drawn on it. */
const classesOf = ({ className, annotations }: ExportImage): Set<string | null> =>
  new Set([className, ...annotations.map((annotation) => annotation.className)]);

function emptyImage(source: SourceTree, image: string, splits: Map<string, Split>): ImportedImage {
  return {
    file: source.imageFile(image),
    relativePath: image,
    className: null,
    split: splits.get(image) ?? null,
    annotations: [],
    declaredSize: null,
    recordPlace: { file: image, place: 'the picture' },
  };
}

/** The pictures that a list under ImageSets names, one a line. What it names that is not there is the XML's to tell. */
async function listedImages(
  source: SourceTree,
  list: string,
  lines: readonly { text: string; number: number }[],
  sink: ImportSink,
): Promise<string[]> {
  const root = folderOf(folderOf(folderOf(list)));
  const bases = ['JPEGImages', 'images', ''].map((name) => [root, name].filter(Boolean).join('/'));
  return lines.flatMap(({ text, number }) => {
    const found = source.index.find(text, bases, root);
    if ('file' in found) return [found.file];
    if (found.problem === 'ambiguous-picture') warnOfImage(sink, found, list, `line ${number}`, text);
    return [];
  });
}

/** Splits by picture. `trainval` says least, `test` most. */
async function readImageSets(source: SourceTree, sink: ImportSink): Promise<Map<string, Split>> {
  const listed = async (name: string): Promise<string[]> => {
    const lists = source.files.filter((file) => `/${file}`.endsWith(`/ImageSets/Main/${name}.txt`));
    const images: string[] = [];
    for (const list of lists)
      images.push(...(await listedImages(source, list, await source.lines(list), sink)));
    return images;
  };
  const test = await listed('test');
  const splits = new Map<string, Split>();
  for (const image of [...(await listed('trainval')), ...(await listed('train'))]) splits.set(image, 'train');
  for (const image of await listed('val')) splits.set(image, splitOf('validation', test.length > 0)!);
  for (const image of test) splits.set(image, 'test');
  return splits;
}

/** The class of each picture that the class lists give one class; null for one of several. */
async function readClassLists(source: SourceTree, sink: ImportSink): Promise<Map<string, string | null>> {
  const classes = new Map<string, string | null>();
  for (const file of source.files) {
    const encoded = /(?:^|\/)ImageSets\/Main\/([^/]+)_(?:train|val|trainval|test)\.txt$/.exec(file)?.[1];
    if (encoded === undefined) continue;
    const className = checkedClassName(decodedName(encoded), file, 'the file name');
    const flagged = (await source.lines(file)).flatMap(({ text, number }) => {
      const name = /^(.*\S)\s+1$/.exec(text)?.[1];
      return name === undefined ? [] : [{ text: name, number }];
    });
    for (const image of await listedImages(source, file, flagged, sink)) {
      const known = classes.get(image);
      classes.set(image, known === undefined || known === className ? className : null);
    }
  }
  return classes;
}

/** By the place beside the XML or that mirrors its own, then by folder and name as the XML gives them, then by its own. */
function findImage(source: SourceTree, sink: ImportSink, file: string, root: XmlNode): string | null {
  const { index } = source;
  const text = (tag: string) => childText(root, tag)?.trim() ?? '';
  const name = text('filename');
  if (name !== '')
    for (const base of mirrored(folderOf(file))) {
      const beside = index.at([base, name].filter(Boolean).join('/'));
      if (beside !== null) return beside;
    }
  const written = name === '' ? [text('path')] : [`${text('folder')}/${name}`, text('path'), name];
  let closest: Exclude<ImageSearch, { file: string }> = { problem: 'missing-picture' };
  for (const spelled of written.filter((one) => one !== '')) {
    const found = index.find(spelled, ['']);
    if ('file' in found) return found.file;
    if (closest.problem === 'missing-picture') closest = found;
  }
  // A name that leads outside is no slip of the pen: the XML's own does not stand in for it.
  const own = closest.problem === 'outside-folder' ? closest : index.find(file.replace(/\.xml$/i, ''), ['']);
  if ('file' in own) return own.file;
  warnOfImage(sink, closest, file, 'filename', name || stemOf(file));
  return null;
}

/** "Annotations/dogs" itself, then "JPEGImages/dogs", "images/dogs" and "dogs". */
function mirrored(folder: string): string[] {
  const parts = folder === '' ? [] : folder.split('/');
  const places = parts.flatMap((_, i) =>
    [['JPEGImages'], ['images'], []].map((name) =>
      [...parts.slice(0, i), ...name, ...parts.slice(i + 1)].join('/'),
    ),
  );
  return [folder, ...places, ...['JPEGImages', 'images'].map((name) => [...parts, name].join('/'))];
}

function sizeOf(root: XmlNode, file: string): ImportedImage['declaredSize'] {
  const size = childNode(root, 'size');
  if (size === null) return null;
  const width = childText(size, 'width');
  const height = childText(size, 'height');
  if (!width || !height) return null;
  const widthPx = numberFrom(width, file, 'size/width');
  const heightPx = numberFrom(height, file, 'size/height');
  return widthPx > 0 && heightPx > 0 ? { widthPx, heightPx } : null;
}

const inclusiveSources = /VOC ?(19|20)\d\d|PASCAL|OXFORD-IIIT/i;

/** Whether corners are 1-based pixel indices, both inside the box. */
function countsInclusive(root: XmlNode): boolean {
  const source = childNode(root, 'source');
  return (
    source !== null &&
    ['database', 'annotation'].some((tag) => inclusiveSources.test(childText(source, tag) ?? ''))
  );
}

function readObjects(root: XmlNode, file: string, sink: ImportSink): ImportedAnnotation[] {
  const annotations: ImportedAnnotation[] = [];
  const boxless = new CountedWarning('dropped-box', file);
  childNodes(root, 'object').forEach((object, i) => {
    const place = `object ${i + 1}`;
    const className = checkedClassName(childText(object, 'name'), file, `${place}, name`);
    const box = boxOf(object, countsInclusive(root), file, place);
    if (box === null) boxless.add(place);
    else
      annotations.push({ className, shape: { kind: 'box', box }, place, attributes: attributesOf(object) });
  });
  boxless.report(sink, 'objects without a bndbox are left out');
  return annotations;
}

/** Marks that the format knows by a digit; CVAT puts any others in a list. */
const marks = ['truncated', 'difficult', 'occluded'];

function attributesOf(object: XmlNode): Record<string, string> {
  const listed = childNode(object, 'attributes');
  const pose = childText(object, 'pose')?.trim() ?? '';
  return plainAttributes([
    ...(pose === '' || /^unspecified$/i.test(pose) ? [] : [['pose', pose] as const]),
    ...marks.flatMap((name) => (childText(object, name)?.trim() === '1' ? [[name, 'yes'] as const] : [])),
    ...(listed === null ? [] : childNodes(listed, 'attribute')).map((one): [string, unknown] => [
      childText(one, 'name')?.trim() ?? '',
      childText(one, 'value') ?? '',
    ]),
  ]);
}

function boxOf(object: XmlNode, inclusive: boolean, file: string, place: string): Box | null {
  const bndbox = childNode(object, 'bndbox');
  if (bndbox === null) return null;
  const corner = (tag: string) => {
    const text = childText(bndbox, tag);
    if (text === null) throw damaged(file, `${place}, bndbox`, `${tag} is missing`);
    return numberFrom(text, file, `${place}, bndbox/${tag}`);
  };
  const extra = inclusive ? 1 : 0;
  const x = corner('xmin') - extra;
  const y = corner('ymin') - extra;
  // Corners the wrong way round leave no area; the box is then left out with a warning (fit.ts).
  return { x, y, width: Math.max(0, corner('xmax') - x), height: Math.max(0, corner('ymax') - y) };
}

/** Boxes of an object list; used for the head boxes of the Oxford pets too. */
export async function readVocBoxes(
  source: SourceTree,
  file: string,
  sink: ImportSink,
): Promise<{ annotations: ImportedAnnotation[]; declaredSize: ImportedImage['declaredSize'] }> {
  const root = childNode(await readXml(source, file), 'annotation');
  if (root === null) throw damaged(file, 'line 1', 'this XML file is no VOC annotation');
  return { annotations: readObjects(root, file, sink), declaredSize: sizeOf(root, file) };
}

const attributeXml = ([name, value]: [string, string]): string =>
  `<attribute><name>${escapeXml(name)}</name><value>${escapeXml(value)}</value></attribute>`;

/** Plain coordinates, as labelImg writes them; polygons and masks as the box round them. */
function xmlOf(image: ExportImage, name: string, depth: number): string {
  const number = (value: number) => String(Math.round(value * 1000) / 1000);
  const objects = image.annotations.flatMap(({ className, shape, attributes = {} }) => {
    const box = boundsOf(shape);
    const label = className ?? image.className;
    if (box === null || label === null) return [];
    const { pose = 'Unspecified', ...others } = attributes;
    const digit = (name: string) => (others[name] === 'yes' ? '1' : '0');
    const listed = Object.entries(others).filter(([name, value]) => !marks.includes(name) || value !== 'yes');
    return `  <object>
    <name>${escapeXml(label)}</name>
    <pose>${escapeXml(pose)}</pose>
${marks.map((name) => `    <${name}>${digit(name)}</${name}>\n`).join('')}    <bndbox>
      <xmin>${number(box.x)}</xmin>
      <ymin>${number(box.y)}</ymin>
      <xmax>${number(box.x + box.width)}</xmax>
      <ymax>${number(box.y + box.height)}</ymax>
    </bndbox>
${listed.length === 0 ? '' : `    <attributes>${listed.map(attributeXml).join('')}</attributes>\n`}  </object>
`;
  });
  return `<annotation>
  <folder>JPEGImages</folder>
  <filename>${escapeXml(name)}</filename>
  <source>
    <database>Fovea</database>
  </source>
  <size>
    <width>${image.widthPx}</width>
    <height>${image.heightPx}</height>
    <depth>${depth}</depth>
  </size>
  <segmented>${image.annotations.some(({ shape }) => shape.kind !== 'box') ? 1 : 0}</segmented>
${objects.join('')}</annotation>
`;
}
