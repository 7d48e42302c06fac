// Pictures: pages of the filmstrip, and one picture with all about it.

import type { ImageDetail } from '../contracts/images.ts';
import { AppError } from '../contracts/errors.ts';
import type { ImageId } from '../contracts/ids.ts';
import type { StoredImage } from '../storage/images.ts';
import type { Context, Handlers } from '../core/context.ts';
import { imageOf, recordOf, type OpenProject } from '../core/open-project.ts';

export const imageHandlers: Handlers<
  'images.count' | 'images.page' | 'images.named' | 'images.get' | 'images.indexOf' | 'images.attributes'
> = {
  'images.count': (context, query) => ({ images: context.project().store.images.count(query) }),
  'images.page': (context, { offset, limit, ...query }) =>
    context.project().store.images.page(query, offset, limit),
  'images.named': (context, { name }) => {
    const { id, name: called, relativePath } = imageNamed(context.project(), name);
    return { id, name: called, relativePath };
  },
  'images.get': (context, { id }) => detailOf(context, id),
  'images.indexOf': (context, { id, nextUnlabelled, ...query }) => {
    const { images } = context.project().store;
    const wanted = nextUnlabelled ? images.nextUnlabelled(query, id) : id;
    return { index: wanted === null ? -1 : (images.indexOf(query, wanted) ?? -1) };
  },
  'images.attributes': (context) => {
    const { attributes } = context.project().store;
    return { pictures: attributes.ofImages(), shapes: attributes.ofShapes() };
  },
};

function detailOf(context: Context, id: ImageId): ImageDetail {
  const project = context.project();
  const { annotations, attributes, undo, evaluations } = project.store;
  const image = imageOf(project, id);
  return {
    ...recordOf(image),
    sizeBytes: image.sizeBytes,
    annotations: annotations.ofImage(id),
    attributes: attributes.ofImage(id),
    canUndo: undo.canUndo(id),
    canRedo: undo.canRedo(id),
    prediction: evaluations.verdict(id),
  };
}

/**
 * The picture of a file name, or of a path within its source where names repeat.
 * @throws AppError 'not-found', 'bad-input' when several have the name
 */
function imageNamed({ store }: OpenProject, name: string): StoredImage {
  const found = store.images.byName(name);
  if (found.length === 1) return found[0];
  if (found.length === 0) throw new AppError('not-found', `there is no picture "${name}" in this project`);
  throw new AppError('bad-input', `${found.length} pictures are called "${name}"`, {
    reason: `say which, for instance ${found[0].relativePath}`,
  });
}
