// Dealing pictures out to train, selection and test, class by class, from a seed. A test part that came
// with the pictures stays the test part, so that figures can be compared with those of others.

import type { Handlers } from '../core/context.ts';
import { stratifiedSplit, type SplitOptions } from './stratified-split.ts';
import type { OpenProject } from '../core/open-project.ts';
import { currentState } from './projects.ts';

export const splitHandlers: Handlers<'splits.make'> = {
  'splits.make': (context, options) => {
    makeSplits(context.project(), options);
    context.emit('project', { id: context.project().id, what: 'splits' });
    return currentState(context);
  },
};

export function makeSplits({ store }: OpenProject, options: SplitOptions): void {
  const images = store.images.all();
  const keepsTest = !options.fresh && images.some((image) => image.split === 'test');
  const assigned = stratifiedSplit(images, options, keepsTest);
  store.transaction(() => {
    store.settings.set('dealt', true);
    for (const image of images) {
      const split = assigned.get(image.id) ?? null;
      if (split !== image.split) store.images.setSplit(image.id, split);
    }
  });
}
