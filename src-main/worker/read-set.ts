// Reading an annotation set, whatever its size: in a process of its own, so that neither a table of 200 MB nor a file
// that is made to hurt holds up anybody. What was read stays here and is handed out a few pictures at a time.

import type { ImportedAnnotation, ImportedImage } from '../contracts/imported.ts';
import type { WorkerCalls } from '../contracts/worker-protocol.ts';
import { detectFormat, readAs, SourceTree, titleOf } from '../formats/index.ts';
import { damaged } from '../formats/damage.ts';
import { leftOutOf } from '../formats/left-out.ts';
import { WarningList } from '../formats/warnings.ts';

/** Handed out at a time: a message that the core takes in within a few milliseconds. */
const MOST_IMAGES = 64;
const MOST_NUMBERS = 50_000;
/** Coordinates and run lengths of one picture; beyond that its annotations are left out. */
const MOST_NUMBERS_OF_IMAGE = 1_000_000;

let unread: ImportedImage[] = [];
let next = 0;

export async function detectSet({
  place,
  images: folder,
}: WorkerCalls['detectSet']['input']): Promise<WorkerCalls['detectSet']['output']> {
  return detectFormat(await SourceTree.open(place, undefined, folder));
}

export async function readSet(
  { place, format, images: folder }: WorkerCalls['readSet']['input'],
  signal: AbortSignal,
): Promise<WorkerCalls['readSet']['output']> {
  const source = await SourceTree.open(place, signal, folder);
  const id = format === 'auto' ? (await detectFormat(source)).format : format;
  const warnings = new WarningList();
  const images: ImportedImage[] = [];
  const listed = new Set<string>();
  const classes = new Set<string>();
  await readAs(id, source, {
    image(image) {
      const { file, place } = image.recordPlace;
      if (listed.has(image.relativePath))
        throw damaged(file, place, `the picture ${image.relativePath} is listed twice`);
      listed.add(image.relativePath);
      const numbers = numbersOf(image);
      if (numbers > MOST_NUMBERS_OF_IMAGE) {
        warnings.add({
          code: 'too-many-points',
          file: image.relativePath,
          message: `${file}, ${place}: its shapes have ${numbers} numbers, more than ${MOST_NUMBERS_OF_IMAGE}; they are left out`,
        });
        image.annotations = [];
      }
      images.push(image);
    },
    classes: (names) => names.forEach((name) => classes.add(name)),
    warn: warnings.add,
    signal,
  });
  unread = images;
  next = 0;
  return {
    format: id,
    title: titleOf(id),
    root: source.imagesRoot,
    images: images.length,
    classes: [...classes],
    seen: { files: source.files.length + source.filesElsewhere.length, pictures: source.images.length },
    annotationFiles: source.filesRead,
    left: leftOutOf(source, listed),
    warnings: warnings.kept,
    moreWarnings: warnings.more,
  };
}

export function nextImages(): ImportedImage[] {
  const batch: ImportedImage[] = [];
  for (
    let numbers = 0;
    next < unread.length && batch.length < MOST_IMAGES && numbers < MOST_NUMBERS;
    next++
  ) {
    batch.push(unread[next]);
    numbers += numbersOf(unread[next]);
  }
  if (next === unread.length) unread = [];
  return batch;
}

const numbersOf = ({ annotations }: ImportedImage): number =>
  annotations.reduce((sum, { shape }) => sum + numbersOfShape(shape), 0);

function numbersOfShape(shape: ImportedAnnotation['shape']): number {
  if (shape.kind === 'box') return 4;
  if (shape.kind === 'mask') return shape.rle.counts.length;
  return shape.rings.reduce((sum, ring) => sum + 2 * ring.length, 0);
}
