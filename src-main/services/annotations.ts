// Drawing: every edit is one transaction and one undo step, on disk before the answer is sent.

import type { EditOutcome, Edit } from '../contracts/annotations.ts';
import type { Annotation } from '../contracts/dataset.ts';
import { AppError } from '../contracts/errors.ts';
import type { Shape } from '../contracts/geometry.ts';
import type { ClassId, ImageId } from '../contracts/ids.ts';
import { fitShape } from '../formats/fit.ts';
import type { StoredImage } from '../storage/images.ts';
import type { ProjectStore } from '../storage/project-store.ts';
import type { Change } from '../storage/undo-log.ts';
import type { Context, Handlers } from '../core/context.ts';
import { imageOf, recordOf } from '../core/open-project.ts';

export const annotationHandlers: Handlers<
  'annotations.edit' | 'annotations.undo' | 'annotations.redo' | 'images.setClass' | 'images.setAttributes'
> = {
  'annotations.edit': (context, { imageId, edits }) => {
    const project = context.project();
    const image = imageOf(project, imageId);
    project.store.transaction(() => {
      project.store.undo.add(
        imageId,
        edits.map((edit) => applyEdit(project.store, image, edit)),
      );
      project.store.images.deriveClass(imageId);
    });
    return outcome(context, imageId);
  },
  'annotations.undo': (context, { imageId }) => undoOrRedo(context, imageId, 'undo'),
  'annotations.redo': (context, { imageId }) => undoOrRedo(context, imageId, 'redo'),
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
    return outcome(context, id);
  },
  'images.setAttributes': (context, { id, attributes: after }) => {
    const project = context.project();
    const { store } = project;
    imageOf(project, id);
    store.transaction(() => {
      const before = store.attributes.ofImage(id);
      store.attributes.replace(id, after);
      store.undo.add(id, [{ of: 'attributes', before, after }]);
    });
    return outcome(context, id);
  },
};

function applyEdit(store: ProjectStore, image: StoredImage, edit: Edit): Change {
  if (edit.do === 'add') {
    const shape = fitting(image, edit.shape);
    const fresh: Omit<Annotation, 'id'> = {
      imageId: image.id,
      classId: checkedClass(store, edit.classId),
      shape,
      origin: 'person',
      hidden: false,
      locked: false,
      isCrowd: false,
      attributes: {},
    };
    return { of: 'annotation', before: null, after: { id: store.annotations.add(fresh), ...fresh } };
  }
  const before = store.annotations.byId(edit.id);
  if (!before || before.imageId !== image.id)
    throw new AppError('not-found', `there is no shape ${edit.id} on ${image.name}`);
  if (edit.do === 'delete') {
    store.annotations.remove(edit.id);
    return { of: 'annotation', before, after: null };
  }
  const after: Annotation = {
    ...before,
    ...(edit.classId !== undefined && { classId: checkedClass(store, edit.classId) }),
    // A shape of an import or a model that a person moved is a person's.
    ...(edit.shape !== undefined && { shape: fitting(image, edit.shape), origin: 'person' as const }),
    ...(edit.hidden !== undefined && { hidden: edit.hidden }),
    ...(edit.locked !== undefined && { locked: edit.locked }),
    ...(edit.isCrowd !== undefined && { isCrowd: edit.isCrowd }),
    ...(edit.attributes !== undefined && { attributes: edit.attributes }),
  };
  store.annotations.put(after);
  return { of: 'annotation', before, after };
}

function fitting(image: StoredImage, shape: Shape): Shape {
  const fitted = fitShape(shape, image.widthPx, image.heightPx);
  if (fitted.shape) return fitted.shape;
  throw new AppError('bad-input', `this ${shape.kind} on ${image.name} ${fitted.problem}`);
}

function checkedClass(store: ProjectStore, id: ClassId | null): ClassId | null {
  if (id !== null && !store.classes.exists(id))
    throw new AppError('not-found', `there is no class ${id} in this project`);
  return id;
}

function undoOrRedo(context: Context, imageId: ImageId, direction: 'undo' | 'redo'): EditOutcome | null {
  const { store } = context.project();
  imageOf(context.project(), imageId);
  const changes = store.transaction(() => {
    const step = store.undo[direction](imageId);
    if (!step) return null;
    for (const change of direction === 'undo' ? step.toReversed() : step)
      restore(store, imageId, change, direction === 'undo' ? 'before' : 'after');
    store.images.deriveClass(imageId);
    return step;
  });
  if (!changes) return null;
  return outcome(context, imageId);
}

function restore(store: ProjectStore, imageId: ImageId, change: Change, side: 'before' | 'after'): void {
  // A class that was deleted since leaves what had it without one.
  const standing = (id: ClassId | null) => (id !== null && store.classes.exists(id) ? id : null);
  if (change.of === 'picture') {
    const { classId, origin } = change[side];
    store.images.setClass(imageId, standing(classId), origin);
    return;
  }
  if (change.of === 'attributes') {
    store.attributes.replace(imageId, change[side]);
    return;
  }
  const wanted = change[side];
  if (wanted) store.annotations.put({ ...wanted, classId: standing(wanted.classId) });
  else store.annotations.remove((change.before ?? change.after)!.id);
}

function outcome(context: Context, imageId: ImageId): EditOutcome {
  const project = context.project();
  const { annotations, attributes, undo } = project.store;
  context.emit('saved', { at: Date.now() });
  return {
    image: recordOf(imageOf(project, imageId)),
    annotations: annotations.ofImage(imageId),
    attributes: attributes.ofImage(imageId),
    canUndo: undo.canUndo(imageId),
    canRedo: undo.canRedo(imageId),
  };
}
