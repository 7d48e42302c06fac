// The class list. Names are unique; a class that anything has cannot be deleted.

import { AppError } from '../contracts/errors.ts';
import type { ClassId } from '../contracts/ids.ts';
import type { Context, Handlers } from '../core/context.ts';
import { currentState } from './projects.ts';

export const classHandlers: Handlers<'classes.create' | 'classes.rename' | 'classes.delete'> = {
  'classes.create': (context, { name }) => {
    const { classes } = context.project().store;
    refuseTwin(context, name, null);
    classes.add(name);
    return changed(context);
  },
  'classes.rename': (context, { id, name }) => {
    const { classes } = context.project().store;
    find(context, id);
    refuseTwin(context, name, id);
    classes.rename(id, name);
    return changed(context);
  },
  'classes.delete': (context, { id }) => {
    const { name, pictures: images, annotations } = find(context, id);
    if (images + annotations > 0)
      throw new AppError('conflict', `the class ${name} is in use`, {
        reason: `${images} pictures and ${annotations} shapes have it`,
      });
    const { store } = context.project();
    if (store.classes.isUsed(id))
      throw new AppError('conflict', `the class ${name} is in use`, {
        reason: 'an import that is going on brings more of it',
      });
    store.transaction(() => store.classes.remove(id));
    return changed(context);
  },
};

function find(context: Context, id: ClassId) {
  const found = context
    .project()
    .store.classes.all()
    .find((one) => one.id === id);
  if (!found) throw new AppError('not-found', `there is no class ${id} in this project`);
  return found;
}

function refuseTwin(context: Context, name: string, self: ClassId | null): void {
  const { classes } = context.project().store;
  const twin = classes.byName(name);
  if (twin !== null && twin !== self) throw new AppError('conflict', `there is a class ${name} already`);
  if (self !== null && classes.isComing(name))
    throw new AppError('conflict', `an import that is going on brings a class ${name}`, {
      reason: 'wait for it, or cancel it',
    });
}

function changed(context: Context) {
  context.emit('project', { id: context.project().id, what: 'classes' });
  context.emit('saved', { at: Date.now() });
  return currentState(context);
}
