// Several formats of one source as one set: each picture once, with the shapes of all.

import type { Format, ImportedImage, ImportSink } from './format.ts';
import type { SourceTree } from './source.ts';
import { CountedWarning } from './words.ts';

export async function readTogether(
  formats: readonly Format[],
  source: SourceTree,
  sink: ImportSink,
): Promise<void> {
  const images = new Map<string, ImportedImage>();
  const several = new CountedWarning('several-classes', '');
  const sizes = new CountedWarning('size-differs', '');
  const repeated = new CountedWarning('copy', '');
  for (const format of formats)
    await format.read!(source, {
      ...sink,
      image(image) {
        const known = images.get(image.relativePath);
        if (known === undefined) images.set(image.relativePath, image);
        else merge(known, image, { several, sizes, repeated });
      },
    });
  several.report(sink, 'pictures have another class in another format, and so none of their own');
  sizes.report(sink, 'pictures have another size in another format, whose shapes are left out');
  repeated.report(sink, 'shapes stand in more than one format and count once');
  for (const image of images.values()) sink.image(image);
}

function merge(
  known: ImportedImage,
  more: ImportedImage,
  { several, sizes, repeated }: Record<'several' | 'sizes' | 'repeated', CountedWarning>,
): void {
  const place = more.relativePath;
  if (known.className !== null && more.className !== null && known.className !== more.className) {
    several.add(place);
    known.className = null;
  } else known.className ??= more.className;
  known.split ??= more.split;
  if (more.attributes) known.attributes = { ...more.attributes, ...known.attributes };
  const [size, other] = [known.declaredSize, more.declaredSize];
  if (size && other && (size.widthPx !== other.widthPx || size.heightPx !== other.heightPx)) {
    if (more.annotations.length > 0) sizes.add(place);
    return;
  }
  known.declaredSize ??= other;
  const keyOf = ({ className, shape, unit }: ImportedImage['annotations'][number]) =>
    JSON.stringify([className, shape, unit ?? 'px']);
  const there = new Set(known.annotations.map(keyOf));
  for (const annotation of more.annotations)
    if (there.has(keyOf(annotation))) repeated.add(`${place}, ${annotation.place}`);
    else known.annotations.push(annotation);
}
