// The calls of the demonstration and its data sets.

import type { Handlers } from '../core/context.ts';
import { reportHandlers } from './write-report.ts';
import { sampleHandlers } from './sample.ts';
import { writeWaterbirdsLike } from './waterbirds-like.ts';

const waterbirdsHandlers: Handlers<'sample.waterbirdsLike'> = {
  'sample.waterbirdsLike': (context, { folder, backgrounds, ...options }) => {
    const out = context.files.resolve(folder);
    const from = backgrounds === null ? null : context.files.resolve(backgrounds);
    return context.jobs.start(
      { kind: 'sample', title: 'Objects on two kinds of ground', unit: 'pictures', queue: 'training' },
      (handle) => writeWaterbirdsLike(context, out, { ...options, backgrounds: from }, handle),
    ).id;
  },
};

export const demo = { ...sampleHandlers, ...waterbirdsHandlers, ...reportHandlers };
