// Pictures: pages of the filmstrip, one picture with all about it, and the files behind their addresses.

import fs from 'node:fs';
import path from 'node:path';
import type { ImageDetail } from '../contracts/images.ts';
import { AppError } from '../contracts/errors.ts';
import type { ImageId } from '../contracts/ids.ts';
import { makeFolder } from '../files/write-file.ts';
import type { StoredImage } from '../storage/images.ts';
import type { Context, Handlers } from '../core/context.ts';
import { cacheFolderOf, imageOf, type OpenProject } from '../core/open-project.ts';
import type { Face } from '../core/recent-projects.ts';

/** Longer side of a thumbnail: the filmstrip's on a screen of double density. */
const THUMBNAIL_PX = 256;

export const imageHandlers: Handlers<
  'images.count' | 'images.page' | 'images.get' | 'images.indexOf' | 'images.setClass'
> = {
  'images.count': (context, query) => ({ images: context.project().store.images.count(query) }),
  'images.page': (context, { offset, limit, ...query }) =>
    context.project().store.images.page(query, offset, limit),
  'images.get': (context, { id }) => detailOf(context, id),
  'images.indexOf': (context, { id, nextUnlabelled, ...query }) => {
    const { images } = context.project().store;
    const wanted = nextUnlabelled ? images.nextUnlabelled(query, id) : id;
    return { index: wanted === null ? -1 : (images.indexOf(query, wanted) ?? -1) };
  },
  'images.setClass': (context, { id, classId }) => {
    const project = context.project();
    const { store } = project;
    const image = imageOf(project, id);
    if (classId !== null && !store.classes.exists(classId))
      throw new AppError('not-found', `there is no class ${classId} in this project`);
    store.transaction(() => {
      // Without a class of its own a picture takes the one its annotations agree on.
      store.images.setClass(id, classId, classId === null ? 'derived' : 'given');
      store.images.deriveClass(id);
      const after = imageOf(project, id);
      store.undo.add(id, [
        {
          of: 'picture',
          before: { classId: image.classId, origin: image.classOrigin },
          after: { classId: after.classId, origin: after.classOrigin },
        },
      ]);
    });
    context.emit('saved', { at: Date.now() });
    return detailOf(context, id);
  },
};

function detailOf(context: Context, id: ImageId): ImageDetail {
  const project = context.project();
  const { annotations, undo, evaluations } = project.store;
  const image = imageOf(project, id);
  const { name, widthPx, heightPx, classId, split, boxes, masks, missing, sizeBytes } = image;
  return {
    id,
    name,
    widthPx,
    heightPx,
    classId,
    split,
    boxes,
    masks,
    missing,
    sizeBytes,
    annotations: annotations.ofImage(id),
    canUndo: undo.canUndo(id),
    canRedo: undo.canRedo(id),
    said: evaluations.verdict(id),
  };
}

/**
 * The picture of a file name, or of a path within its source where names repeat.
 * @throws AppError 'not-found', 'bad-input' when several have the name
 */
export function imageNamed({ store }: OpenProject, name: string): StoredImage {
  const found = store.images.byName(name);
  if (found.length === 1) return found[0];
  if (found.length === 0) throw new AppError('not-found', `there is no picture "${name}" in this project`);
  throw new AppError('bad-input', `${found.length} pictures are called "${name}"`, {
    reason: `say which, for instance ${found[0].relativePath}`,
  });
}

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

const underWay = new Map<string, Promise<void>>();

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
  const found = pictureOf(context, id);
  if (!found) return null;
  const { picture, cacheFolder } = found;
  if (!fs.existsSync(picture.file)) {
    context.current?.store.images.setMissing(id as ImageId, true);
    return null;
  }
  const type = TYPES[picture.fileFormat];
  const isSmall = Math.max(picture.widthPx, picture.heightPx) <= THUMBNAIL_PX;
  if (type && (kind === 'image' || isSmall)) return { file: picture.file, type, tag: picture.contentHash };

  const [folder, ending, made] =
    kind === 'image'
      ? (['shown', '.png', 'image/png'] as const)
      : (['thumbnails', '.webp', 'image/webp'] as const);
  const file = path.join(cacheFolder, folder, picture.contentHash.slice(0, 2), picture.contentHash + ending);
  const media = { file, type: made, tag: `${picture.contentHash}-${folder}` };
  if (fs.existsSync(file)) return media;
  let making = underWay.get(file);
  if (!making) {
    making = make(context, kind, picture.file, file).finally(() => underWay.delete(file));
    underWay.set(file, making);
  }
  await making;
  return media;
}

async function make(
  { workers }: Context,
  kind: 'image' | 'thumbnail',
  file: string,
  target: string,
): Promise<void> {
  makeFolder(path.dirname(target));
  // Under another name first: a file half written when the process died would be shown for ever.
  const out = target.replace(/(\.\w+)$/, '.new$1');
  await (kind === 'thumbnail'
    ? workers.decode('thumbnail', { file, out, sidePx: THUMBNAIL_PX })
    : workers.decode('convert', { file, out }));
  await fs.promises.rename(out, target);
}

function pictureOf(context: Context, id: number): { picture: Face; cacheFolder: string } | null {
  const picture = context.current?.store.images.byId(id);
  if (context.current && picture) return { picture, cacheFolder: cacheFolderOf(context.current) };
  for (const project of context.recent.all()) {
    const face = project.faces.find((one) => one.id === id);
    if (face) return { picture: face, cacheFolder: path.join(project.folder, 'cache') };
  }
  return null;
}
