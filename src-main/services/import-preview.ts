// A few pictures of a source with their annotations, before anything is imported: whether the format is the right one is
// seen at once.

import path from 'node:path';
import type { PreviewImage } from '../contracts/imports.ts';
import { printable } from '../contracts/printable.ts';
import type { ImportedImage } from '../contracts/imported.ts';
import { checkReadable } from '../formats/index.ts';
import type { Handlers } from '../core/context.ts';
import { isWorkerDeath } from '../core/worker-pool.ts';

const SHOWN = 9;
/** Longer side: three in a row of the dialog, on a screen of double density. */
const SIDE_PX = 320;
/** Pictures among which those with annotations are looked for. */
const LOOKED_THROUGH = 2000;

export const importPreviewHandlers: Handlers<'imports.preview'> = {
  'imports.preview': async (context, { source, format, images }, signal) => {
    if (format !== 'auto') checkReadable(format);
    const reader = context.workers.openReader();
    const end = () => reader.end();
    signal.addEventListener('abort', end, { once: true });
    try {
      const set = await reader.call('readSet', {
        place: context.files.resolve(source),
        format,
        images: images === null ? null : context.files.resolve(images),
      });
      const found: ImportedImage[] = [];
      for (let seen = 0; seen < LOOKED_THROUGH;) {
        const batch = await reader.call('nextImages', null);
        if (batch.length === 0) break;
        seen += batch.length;
        found.push(...batch);
      }
      const looked = await Promise.all(
        chosen(found).map(async (image): Promise<PreviewImage | null> => {
          try {
            const { thumbnail, ...drawn } = await context.workers.decode('previewImage', {
              image,
              sidePx: SIDE_PX,
            });
            return {
              ...drawn,
              name: printable(path.posix.basename(image.relativePath)),
              thumbnail: `data:image/webp;base64,${Buffer.from(thumbnail).toString('base64')}`,
            };
          } catch (thrown) {
            if (isWorkerDeath(thrown)) throw thrown;
            return null; // the import will say why it cannot be read
          }
        }),
      );
      return {
        images: looked.filter((one) => one !== null),
        pictures: set.images,
        classes: set.classes,
      };
    } finally {
      signal.removeEventListener('abort', end);
      end();
    }
  },
};

/** Spread over the set, those with annotations where there are any. */
function chosen(images: readonly ImportedImage[]): ImportedImage[] {
  const drawn = images.filter(({ annotations }) => annotations.length > 0);
  const from = drawn.length > 0 ? drawn : images;
  const step = Math.max(1, from.length / SHOWN);
  return Array.from({ length: Math.min(SHOWN, from.length) }, (_, i) => from[Math.floor(i * step)]);
}
