// COCO panoptic: a JSON file lists the segments of each picture, a PNG beside has their ids as colours (red + 256 green +
// 65536 blue). https://cocodataset.org/#format-data, "Panoptic Segmentation"

import { AppError } from '../contracts/errors.ts';
import { decodeLabelImage } from '../imaging/index.ts';
import { filesLike, likelyFiles } from './candidates.ts';
import { readCategories } from './coco.ts';
import { damaged } from './damage.ts';
import type { Format, ImportedImage, ImportSink } from './format.ts';
import { Gathering, sizeGiven } from './gathering.ts';
import { isRecord, readJson } from './json.ts';
import { rlesByValue } from './masks.ts';
import { baseName, folderOf, stemOf } from './paths.ts';
import type { SourceTree } from './source.ts';
import { CountedWarning, namedPart, splitOf } from './words.ts';

export const panoptic: Format = {
  id: 'panoptic',
  title: 'COCO panoptic',

  async detect(source) {
    const files = await likelyFiles(source, /\.json$/i, isPanoptic);
    return files.length > 0
      ? { score: 0.88, reason: `${files[0]} lists segments`, files: files.length }
      : { score: 0, reason: 'no JSON file of segments' };
  },

  async read(source, sink) {
    const gathering = new Gathering(source, sink);
    const files = await filesLike(source, /\.json$/i, isPanoptic);
    const hasTest = files.some((file) => namedPart(stemOf(file)) === 'test');
    const missing = new CountedWarning('bad-mask', '');
    for (const file of files) {
      sink.signal.throwIfAborted();
      const content = await readJson(source, file);
      if (!isRecord(content) || !Array.isArray(content.images) || !Array.isArray(content.annotations))
        throw damaged(file, 'images', 'the lists of images and annotations are missing');
      if (!content.annotations.some((one) => isRecord(one) && Array.isArray(one.segments_info))) continue;
      if (!Array.isArray(content.categories))
        throw damaged(file, 'categories', 'the list of categories is missing');
      const classes = readCategories(content.categories, file);
      const folder = folderOf(file);
      const hint = stemOf(file).replace(/^[^_]*_/, '');
      const bases = ['', folder, folderOf(folder), folderOf(folderOf(folder))].flatMap((up) =>
        ['', 'images', hint, `images/${hint}`].map((below) => [up, below].filter(Boolean).join('/')),
      );
      const byId = new Map<unknown, ImportedImage | null>();
      content.images.forEach((entry: unknown, i) => {
        const place = `images[${i}]`;
        if (!isRecord(entry) || typeof entry.file_name !== 'string')
          throw damaged(file, `${place}.file_name`, 'the name is missing');
        const image = gathering.find(entry.file_name, bases, { file, place }, hint);
        if (image !== null) {
          image.declaredSize ??= sizeGiven(entry.width, entry.height);
          image.split ??= splitOf(namedPart(stemOf(file)), hasTest);
        }
        byId.set(entry.id, image);
      });
      for (const [i, entry] of content.annotations.entries()) {
        sink.signal.throwIfAborted();
        const place = `annotations[${i}]`;
        if (!isRecord(entry)) throw damaged(file, place, 'an annotation is no object');
        const image = byId.get(entry.image_id) ?? null;
        if (image !== null) await readSegments(source, sink, { entry, image, classes, file, place, missing });
      }
    }
    missing.report(
      sink,
      'segments are not in their picture of ids, or of a class that is not listed, and are left out',
    );
    gathering.handOn();
  },
};

const isPanoptic = (head: string, file: string): boolean =>
  /"segments_info"\s*:/.test(head) ||
  (/^panoptic/i.test(stemOf(file)) && /"(images|annotations|categories|info)"\s*:/.test(head));

interface Segments {
  entry: Record<string, unknown>;
  image: ImportedImage;
  classes: ReadonlyMap<unknown, string>;
  file: string;
  place: string;
  missing: CountedWarning;
}

async function readSegments(
  source: SourceTree,
  sink: ImportSink,
  { entry, image, classes, file, place, missing }: Segments,
): Promise<void> {
  const { file_name: name, segments_info: segments } = entry;
  if (typeof name !== 'string' || !Array.isArray(segments))
    throw damaged(file, place, 'the picture of ids or the list of segments is missing');
  const wanted = [
    `${file.replace(/\.json$/i, '')}/${baseName(name)}`,
    [folderOf(file), baseName(name)].filter(Boolean).join('/'),
  ];
  const [found = source.files.find((one) => one.endsWith(`/${name}`) && one !== image.relativePath)] =
    wanted.filter((one) => source.has(one) && one !== image.relativePath);
  if (found === undefined)
    return sink.warn({
      code: 'missing-file',
      file,
      message: `${place}: there is no picture of ids "${name.slice(0, 120)}"`,
    });
  let ids;
  try {
    ids = await decodeLabelImage(source.absolute(found));
    source.noteRead(found);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return sink.warn({
      code: 'bad-mask',
      file: found,
      message: String(thrown.detail.reason ?? thrown.message),
    });
  }
  const masks = rlesByValue(ids.values, ids.widthPx, ids.heightPx);
  segments.forEach((segment: unknown, i) => {
    const where = `${place}.segments_info[${i}]`;
    if (!isRecord(segment) || typeof segment.id !== 'number')
      throw damaged(file, `${where}.id`, 'the id is missing');
    const { id } = segment;
    const value = ids.areColours ? ((id & 255) << 16) | (id & 0xff00) | ((id >> 16) & 255) : id;
    const rle = masks.get(value);
    const className = classes.get(segment.category_id);
    if (rle === undefined || className === undefined) return missing.add(`${file}, ${where}`);
    image.annotations.push({ className, shape: { kind: 'mask', rle }, place: where });
  });
}
