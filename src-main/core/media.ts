// The files behind pictures' addresses.

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { mayPass } from '../storage/database.ts';
import type { ImageId } from '../contracts/ids.ts';
import { fileModeIn, makeFolder } from '../files/write-file.ts';
import { hasWideValues, HEAD_BYTES, sniff, type ImageKind } from '../imaging/kinds.ts';
import type { Context } from './context.ts';
import { cacheFolderOf } from './open-project.ts';
import type { Face } from './recent-projects.ts';

/** Longer side of a thumbnail: the filmstrip's on a screen of double density. */
const THUMBNAIL_PX = 256;

export interface Media {
  /** Absolute. */
  file: string;
  /** MIME type. */
  type: string;
  /** Changes when the bytes do. */
  tag: string;
}

const TYPES: Record<string, string> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  avif: 'image/avif',
};

interface Told {
  kind: ImageKind;
  /** Whether what a person is to see of it is not what a browser makes of it. */
  isWide: boolean;
}

/** What kind of picture a file is, by its first bytes; null if it is none, or no file, or not there. */
async function imageKind(file: string): Promise<Told | null> {
  try {
    // Opening a pipe would wait for whoever writes into it.
    if (!(await fs.promises.stat(file)).isFile()) return null;
    const handle = await fs.promises.open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      const head = buffer.subarray(0, bytesRead);
      const kind = sniff(head);
      return kind === null
        ? null
        : { kind, isWide: hasWideValues(head) || kind === 'tiff' || kind === 'dicom' };
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}

/**
 * The file to send for a picture's address: of the open project, or one that stands for a recent one.
 * Other kinds than browsers show are converted, thumbnails made, once each, into the project's cache.
 * @returns null if there is no such picture or its file is gone
 */
export async function mediaOf(
  context: Context,
  kind: 'image' | 'thumbnail',
  id: number,
): Promise<Media | null> {
  const found = imageOf(context, id);
  if (!found) return null;
  const { image, cacheFolder } = found;
  const isThere = fs.existsSync(image.file);
  // Asked for is looked at: a disk that was away is seen when it is back.
  if (noteMissing(context, id as ImageId, !isThere))
    context.emit('project', { id: context.current!.id, what: 'images' });
  if (!isThere) return null;
  // What the bytes are, not what the project says of them: whatever is no picture is never sent.
  const told = await imageKind(image.file);
  if (told === null) return null;
  const type = told.isWide ? undefined : TYPES[told.kind];
  const isSmall = Math.max(image.widthPx, image.heightPx) <= THUMBNAIL_PX;
  if (type && (kind === 'image' || isSmall)) return { file: image.file, type, tag: image.contentHash };

  const [folder, ending, made] =
    kind === 'image'
      ? (['shown', '.png', 'image/png'] as const)
      : (['thumbnails', '.webp', 'image/webp'] as const);
  // Those made by versions that showed the upper byte of wide values are passed by.
  const file = path.join(
    cacheFolder,
    told.isWide ? `${folder}-stretched` : folder,
    image.contentHash.slice(0, 2),
    image.contentHash + ending,
  );
  const media = { file, type: made, tag: `${image.contentHash}-${folder}${told.isWide ? '-stretched' : ''}` };
  if (TYPES[(await imageKind(file))?.kind ?? ''] === made) return media;
  await context.converting.ask(file, () => make(context, kind, image.file, file));
  return media;
}

async function make(
  { workers }: Context,
  kind: 'image' | 'thumbnail',
  file: string,
  target: string,
): Promise<void> {
  makeFolder(path.dirname(target));
  // Under another name first: a file half written when the process died would be shown for ever. One that nobody
  // can have put there: through a link in its place the picture would be written elsewhere.
  const out = target.replace(/(\.\w+)$/, `.${randomBytes(6).toString('hex')}$1`);
  await (kind === 'thumbnail'
    ? workers.decode('thumbnail', { file, out, sidePx: THUMBNAIL_PX })
    : workers.decode('convert', { file, out }));
  await fs.promises.chmod(out, fileModeIn(path.dirname(target)));
  await fs.promises.rename(out, target);
}

function imageOf(context: Context, id: number): { image: Face; cacheFolder: string } | null {
  const image = context.current?.store.images.byId(id);
  if (context.current && image) return { image, cacheFolder: cacheFolderOf(context.current) };
  for (const project of context.recent.all()) {
    const face = project.faces.find((one) => one.id === id);
    if (face) return { image: face, cacheFolder: path.join(project.folder, 'cache') };
  }
  return null;
}

/** Whether that is news. The next look for files finds it, too, if it cannot be written now. */
function noteMissing({ current }: Context, id: ImageId, isMissing: boolean): boolean {
  if (!current || current.store.isReadOnly) return false;
  try {
    return current.store.images.setMissing(id, isMissing);
  } catch (thrown) {
    if (mayPass(thrown)) return false;
    throw thrown;
  }
}
