// The plain picture that stands for "nothing there": the start of a path, the filling of a hole.

import { z } from 'zod';
import type { Tensor } from '../graph/index.ts';
import { imageMean, perChannel } from '../nn/normalise.ts';

const colours = { black: [0, 0, 0], mean: imageMean, grey: [0.5, 0.5, 0.5], white: [1, 1, 1] } as const;
type PlainColour = keyof typeof colours;

export const colourField = (usual: PlainColour, title: string, help: string) =>
  z
    .enum(Object.keys(colours) as [PlainColour, ...PlainColour[]])
    .default(usual)
    .meta({ title, help: `${help} Mean is the mean colour of ImageNet, which the models see as 0.` });

/** [1, 3, 1, 1] in [0, 1] */
export const colourOf = (name: PlainColour): Tensor => perChannel(colours[name]);
