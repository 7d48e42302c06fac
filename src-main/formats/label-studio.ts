// Label Studio's JSON export: a list of tasks with the results of annotators, in percent of the picture. Rectangles turn
// about their upper left corner, ellipses about their middle. Brush strokes are run lengths of an RGBA picture (thi.ng's
// rle-pack), COCO's run lengths, or a PNG. Of several annotations of a task one counts: the ground truth, else the first.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Point, Rle } from '../contracts/geometry.ts';
import { AppError } from '../contracts/errors.ts';
import { labelsIn } from '../imaging/index.ts';
import { filesLike, likelyFiles } from './candidates.ts';
import { rleGiven } from './coco-shapes.ts';
import { copyImages } from './copy.ts';
import { damaged } from './damage.ts';
import type { ExportImage, Format, ImportedImage, ImportedShape } from './format.ts';
import { addAttributes, Gathering, plainAttributes, sizeGiven } from './gathering.ts';
import { isRecord, readJson } from './json.ts';
import { attributesLoss, crowdLoss, drawnAs, splitLoss, unnamedLoss } from './loss.ts';
import { checkSize, cutMask, placedMask } from './masks.ts';
import { ellipseOutline, turnedBox } from './outlines.ts';
import { packedRuns, unpackedRuns } from './rle-pack.ts';
import { folderOf } from './paths.ts';
import type { SourceTree } from './source.ts';
import { checkedClassName, CountedWarning, numberFrom } from './words.ts';

export const labelStudio: Format = {
  id: 'label-studio',
  title: 'Label Studio JSON',

  async detect(source) {
    const files = await likelyFiles(source, /\.json$/i, isLabelStudio);
    return files.length > 0
      ? { score: 0.9, reason: `${files[0]} lists tasks with results`, files: files.length }
      : { score: 0, reason: 'no JSON list of tasks' };
  },

  async read(source, sink) {
    const gathering = new Gathering(source, sink);
    const leftOut: LeftOut = {
      lines: new CountedWarning('dropped-shape', ''),
      several: new CountedWarning('several-annotations', ''),
      turned: new CountedWarning('dropped-box', ''),
    };
    for (const file of await filesLike(source, /\.json$/i, isLabelStudio)) {
      const content = await readJson(source, file);
      if (!Array.isArray(content)) throw damaged(file, 'line 1', 'an export of Label Studio is one list');
      // The first question about whole pictures gives their class, further ones their attributes.
      const question: { name: string | null } = { name: null };
      content.forEach((task: unknown, i) => {
        const place = `[${i}]`;
        sink.signal.throwIfAborted();
        if (!isRecord(task)) throw damaged(file, place, 'a task is no object');
        const image = imageOf(source, gathering, task, file, place);
        if (image === null) return;
        const results = resultsOf(task, file, place, leftOut);
        readResults(results, { gathering, image, file, place, leftOut, question });
      });
    }
    leftOut.lines.report(sink, 'key points, relations and texts are left out');
    leftOut.several.report(sink, 'tasks have several annotations, of which one is taken');
    leftOut.turned.report(
      sink,
      'shapes are drawn on a picture that was turned in Label Studio, and are left out',
    );
    gathering.handOn();
  },

  async write(dataset, folder, options) {
    const names = await copyImages(dataset.images, path.join(folder, 'images'), options);
    const tasks = dataset.images.map((image, i) => taskOf(image, names[i], i + 1));
    await writeFile(path.join(folder, 'tasks.json'), JSON.stringify(tasks));
  },

  losses: (dataset) => [
    ...unnamedLoss(dataset),
    ...drawnAs(dataset, ['holes'], 'polygons have holes or parts, and are written as brush strokes'),
    ...splitLoss(dataset),
    ...attributesLoss(dataset),
    ...crowdLoss(dataset),
  ],
};

const isLabelStudio = (head: string): boolean =>
  /^\s*\[\s*\{/.test(head) &&
  (/"(annotations|completions|predictions)"\s*:\s*\[\s*(\{[^]*"result"\s*:|\])/.test(head) ||
    /"(original_width|[a-z]*labels)"\s*:/.test(head)) &&
  /"(result|data|annotator|annotation_id|completed_by|original_width)"\s*:/.test(head);

interface LeftOut {
  lines: CountedWarning;
  several: CountedWarning;
  turned: CountedWarning;
}

/** The picture that a task shows, by the address in its data, as it was uploaded, or without the mark before its name. */
function imageOf(
  source: SourceTree,
  gathering: Gathering,
  task: Record<string, unknown>,
  file: string,
  place: string,
): ImportedImage | null {
  const data = isRecord(task.data) ? task.data : task;
  const address = [data.image, data.img, data.picture, ...Object.values(data)].find(
    (value): value is string => typeof value === 'string' && /\.[a-z0-9]{2,5}($|\?)/i.test(value),
  );
  const written = [address, task.file_upload].filter(
    (name) => typeof name === 'string' && name !== '',
  ) as string[];
  if (written.length === 0) throw damaged(file, `${place}.data`, 'the address of the picture is missing');
  const names = written.map(pathIn);
  const unmarked = names.map((name) => name.replace(/(^|\/)[0-9a-f]{8}-([^/]+)$/i, '$1$2'));
  const base = folderOf(file);
  const recordPlace = { file, place };
  for (const name of [...names, ...unmarked])
    if ('file' in source.index.find(name, [base, `${base}/images`.replace(/^\//, '')]))
      return gathering.find(name, [base], recordPlace);
  return gathering.find(names[0], [base], recordPlace);
}

/** "/data/local-files/?d=a/b.jpg", "s3://bucket/a/b.jpg", "https://host/a/b.jpg?sig=…": the path within. */
function pathIn(address: string): string {
  const local = /[?&]d=([^&]+)/.exec(address)?.[1];
  if (local !== undefined) return local;
  return address.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*\//i, '').replace(/[?#].*$/, '');
}

function resultsOf(
  task: Record<string, unknown>,
  file: string,
  place: string,
  { several }: LeftOut,
): unknown[] {
  const given = task.annotations ?? task.completions;
  // JSON_MIN has the values of each control on the task itself.
  if (given === undefined)
    return Object.entries(task).flatMap(([name, values]) =>
      Array.isArray(values)
        ? values.filter(isRecord).map((value) => ({ ...value, from_name: name, value }))
        : [],
    );
  if (!Array.isArray(given)) throw damaged(file, `${place}.annotations`, 'this is no list');
  const done = given.filter(isRecord).filter((one) => one.was_cancelled !== true);
  if (done.length > 1) several.add(`${file}, ${place}`);
  const chosen = done.find((one) => one.ground_truth === true) ?? done[0];
  if (chosen === undefined) return [];
  if (!Array.isArray(chosen.result)) throw damaged(file, `${place}.annotations.result`, 'this is no list');
  return chosen.result;
}

interface Task {
  gathering: Gathering;
  image: ImportedImage;
  file: string;
  place: string;
  leftOut: LeftOut;
  question: { name: string | null };
}

function readResults(results: readonly unknown[], task: Task): void {
  const { gathering, image, file, place, leftOut, question } = task;
  // A shape and its label may be results of their own with one id.
  const labelOfId = new Map<unknown, string>();
  for (const one of results)
    if (isRecord(one) && isRecord(one.value) && one.id !== undefined) {
      const label = labelIn(one.value);
      if (label !== null) labelOfId.set(one.id, label);
    }
  const ofRegions = answersOfRegions(results);
  const drawn = new Set<unknown>();
  results.forEach((one, i) => {
    const where = `${place}.result[${i}]`;
    if (!isRecord(one)) throw damaged(file, where, 'a result is no object');
    const { value } = one;
    if (!isRecord(value)) return leftOut.lines.add(`${file}, ${where}`);
    if (ofRegions.has(one.id) && answerIn(value) !== null) return;
    if (Array.isArray(value.choices)) {
      const [choice, ...others] = value.choices as unknown[];
      if (choice === undefined) return;
      const name = typeof one.from_name === 'string' ? one.from_name : 'choice';
      question.name ??= name;
      if (question.name === name && others.length === 0)
        gathering.classify(image, checkedClassName(choice, file, `${where}.choices`), `${file}, ${where}`);
      else addAttributes(image, plainAttributes([[name, [choice, ...others].map(String).join(', ')]]));
      return;
    }
    const { original_width: width, original_height: height, image_rotation: rotation } = one;
    const size = sizeGiven(width, height);
    const read = shapeOf(value, size, file, where);
    if (read === null) return leftOut.lines.add(`${file}, ${where}`);
    // The label may come as another result with the same place.
    if (one.id !== undefined && drawn.has(one.id)) return;
    if (one.id !== undefined) drawn.add(one.id);
    if (typeof rotation === 'number' && rotation % 360 !== 0) return leftOut.turned.add(`${file}, ${where}`);
    image.declaredSize ??= size;
    const label = labelIn(value) ?? labelOfId.get(one.id) ?? null;
    image.annotations.push({
      className: label === null ? null : checkedClassName(label, file, `${where}.value`),
      ...read,
      place: where,
      attributes: ofRegions.get(one.id) ?? {},
    });
  });
}

/** What is answered of single regions, by their id: an answer that has the id of a shape is one of that shape. */
function answersOfRegions(results: readonly unknown[]): Map<unknown, Record<string, string>> {
  const answers = new Map<unknown, Record<string, string>>();
  const all = results.filter(isRecord).filter(({ id, value }) => id !== undefined && isRecord(value));
  for (const { id, value } of all)
    if (answerIn(value as Record<string, unknown>) === null) answers.set(id, {});
  for (const { id, value, from_name: name } of all) {
    const answer = answerIn(value as Record<string, unknown>);
    const known = answers.get(id);
    if (answer !== null && known !== undefined)
      answers.set(id, {
        ...known,
        ...plainAttributes([[typeof name === 'string' ? name : 'answer', answer]]),
      });
  }
  return answers;
}

/** Choices, text, a rating or a number; null for a shape or a label. */
function answerIn({ choices, text, rating, number }: Record<string, unknown>): string | null {
  const given = choices ?? text ?? rating ?? number;
  if (given === undefined) return null;
  return (Array.isArray(given) ? given : [given])
    .filter((one) => typeof one === 'string' || typeof one === 'number')
    .join(', ');
}

function labelIn(value: Record<string, unknown>): string | null {
  for (const [key, labels] of Object.entries(value))
    if (/labels$/i.test(key) && Array.isArray(labels) && typeof labels[0] === 'string') return labels[0];
  return null;
}

type Drawn = { shape: ImportedShape; unit?: 'share' };

/** Null for what has no area. In shares of the picture where the size that percents are of is not given. */
function shapeOf(
  value: Record<string, unknown>,
  size: ImportedImage['declaredSize'],
  file: string,
  place: string,
): Drawn | null {
  const { widthPx, heightPx } = size ?? { widthPx: 1, heightPx: 1 };
  const number = (name: string) => numberFrom(value[name], file, `${place}.value.${name}`);
  const x = (name: string) => (number(name) / 100) * widthPx;
  const y = (name: string) => (number(name) / 100) * heightPx;
  const rotation = value.rotation === undefined || value.rotation === null ? 0 : number('rotation');
  const drawn = (shape: ImportedShape | null): Drawn | null =>
    shape === null ? null : size === null ? { shape, unit: 'share' } : { shape };
  const mask = maskOf(value, size, file, place);
  if (mask !== null) return { shape: { kind: 'mask', rle: mask } };
  if (Array.isArray(value.points)) {
    const ring = value.points.map((point: unknown, i): Point => {
      if (!Array.isArray(point))
        throw damaged(file, `${place}.value.points[${i}]`, 'a point is no pair of numbers');
      const at = (axis: 0 | 1) => numberFrom(point[axis], file, `${place}.value.points[${i}]`) / 100;
      return [at(0) * widthPx, at(1) * heightPx];
    });
    if (value.closed === false || ring.length < 3) return null;
    return drawn({ kind: 'polygon', rings: [ring] });
  }
  if ((rotation % 360 !== 0 || value.radiusX !== undefined) && size === null)
    throw damaged(
      file,
      `${place}.original_width`,
      'the size of the picture is missing, which this shape needs',
    );
  if (value.radiusX !== undefined)
    return drawn(ellipseOutline([x('x'), y('y')], x('radiusX'), y('radiusY'), rotation));
  if (value.x === undefined || value.height === undefined) return null;
  const corner: Point = [x('x'), y('y')];
  return drawn(turnedBox(...corner, x('width'), y('height'), rotation, corner));
}

/** Null for what is no mask. */
function maskOf(
  value: Record<string, unknown>,
  size: ImportedImage['declaredSize'],
  file: string,
  place: string,
): Rle | null {
  const { rle, imageDataURL, maskDataURL } = value;
  const url = [imageDataURL, maskDataURL].find((one): one is string => typeof one === 'string');
  if (rle === undefined && url === undefined) return null;
  if (isRecord(rle)) return rleGiven(rle, file, `${place}.value.rle`);
  if (size === null)
    throw damaged(
      file,
      `${place}.original_width`,
      'the size of the picture is missing, which its masks need',
    );
  const { widthPx, heightPx } = size;
  checkSize(widthPx, heightPx, file, place);
  if (url !== undefined) {
    const encoded = /^data:image\/png;base64,([A-Za-z0-9+/=\s]+)$/.exec(url)?.[1];
    if (encoded === undefined) throw damaged(file, `${place}.value`, 'the embedded mask is no PNG');
    try {
      const { values, widthPx: width, heightPx: height } = labelsIn(Buffer.from(encoded, 'base64'), file);
      return placedMask({ left: 0, top: 0, width, height, pixels: values }, size, file, place);
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      throw damaged(file, `${place}.value`, String(thrown.detail.reason ?? thrown.message), thrown);
    }
  }
  if (typeof rle === 'string')
    return rleGiven({ size: [heightPx, widthPx], counts: rle }, file, `${place}.value.rle`);
  if (!Array.isArray(rle)) throw damaged(file, `${place}.value.rle`, 'the run lengths are missing');
  const bytes = Uint8Array.from(rle, (byte: unknown) => numberFrom(byte, file, `${place}.value.rle`));
  const values = unpackedRuns(bytes, widthPx * heightPx * 4);
  if (values === null) throw damaged(file, `${place}.value.rle`, 'the run lengths do not fill the picture');
  const alpha = new Uint8Array(widthPx * heightPx);
  for (let i = 0; i < alpha.length; i++) alpha[i] = values[4 * i + 3];
  return placedMask({ left: 0, top: 0, width: widthPx, height: heightPx, pixels: alpha }, size, file, place);
}

function taskOf(image: ExportImage, name: string, id: number): object {
  const { widthPx, heightPx, annotations, className: ofImage } = image;
  const frame = { original_width: widthPx, original_height: heightPx, image_rotation: 0, to_name: 'image' };
  const [x, y] = [(px: number) => (px / widthPx) * 100, (px: number) => (px / heightPx) * 100];
  const shapes = annotations.flatMap(({ className, shape, attributes = {} }, i): object[] => {
    const label = className ?? ofImage;
    if (label === null) return [];
    const id = `s${i + 1}`;
    const common = (type: string) => ({ ...frame, id, from_name: type, type, origin: 'manual' });
    const answers = Object.entries(attributes).map(([name, value]) => ({
      ...frame,
      id,
      from_name: name,
      type: 'choices',
      origin: 'manual',
      value: { choices: [value] },
    }));
    if (shape.kind === 'box') {
      const { box } = shape;
      return [
        {
          ...common('rectanglelabels'),
          value: {
            x: x(box.x),
            y: y(box.y),
            width: x(box.width),
            height: y(box.height),
            rotation: 0,
            rectanglelabels: [label],
          },
        },
        ...answers,
      ];
    }
    if (shape.kind === 'polygon' && shape.rings.length === 1)
      return [
        {
          ...common('polygonlabels'),
          value: {
            points: shape.rings[0].map(([px, py]) => [x(px), y(py)]),
            closed: true,
            polygonlabels: [label],
          },
        },
        ...answers,
      ];
    const cut = cutMask(shape, widthPx, heightPx);
    if (cut === null) return [];
    const rgba = new Uint8Array(widthPx * heightPx * 4);
    for (let row = 0; row < cut.height; row++)
      for (let column = 0; column < cut.width; column++)
        if (cut.pixels[row * cut.width + column] === 1) {
          const at = 4 * ((cut.top + row) * widthPx + cut.left + column);
          rgba.fill(255, at, at + 4);
        }
    return [
      {
        ...common('brushlabels'),
        value: { format: 'rle', rle: [...packedRuns(rgba)], brushlabels: [label] },
      },
      ...answers,
    ];
  });
  const choice =
    ofImage === null
      ? []
      : [
          {
            id: 'class',
            from_name: 'class',
            to_name: 'image',
            type: 'choices',
            value: { choices: [ofImage] },
          },
        ];
  return {
    id,
    data: { image: `images/${name}` },
    annotations: [{ result: [...choice, ...shapes], was_cancelled: false }],
  };
}
