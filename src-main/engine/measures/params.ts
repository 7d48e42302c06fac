// Parameters that several measures share.

import { z } from 'zod';
import type { MapRequest } from './measure.ts';

/**
 * Heat maps that a measure may be taken of, each a saliency method with its own defaults but for what is said here.
 * The registry of methods is one layer up; methods that compare with training pictures are not among these.
 */
export const mapMethods = [
  'input-gradient',
  'gradient-x-input',
  'integrated-gradients',
  'smoothgrad',
  'grad-cam',
  'grad-cam-elementwise',
  'grad-cam++',
  'hirescam',
  'layercam',
  'cam',
  'gradshap',
  'fullgrad',
  'cmwp',
  'guided-backprop',
  'occlusion',
  'rise',
] as const;
export type MapMethod = (typeof mapMethods)[number];

/** The saliency method of a choice, and its parameters. */
export const mapOf = (choice: MapMethod): Pick<MapRequest, 'method' | 'params'> =>
  choice === 'grad-cam-elementwise'
    ? { method: 'grad-cam', params: { form: 'elementwise' } }
    : { method: choice };

/** What a measure's parameters ask for, if its heat map is a choice and a saliency method is chosen. */
export function mapAskedFor({ method }: Readonly<Record<string, unknown>>): ReturnType<typeof mapOf> | null {
  const choice = mapMethods.find((one) => one === method);
  return choice === undefined ? null : mapOf(choice);
}

export const methodParam = (standard: MapMethod) =>
  z.enum(mapMethods).default(standard).meta({
    title: 'Heat map',
    help: 'The saliency method whose maps of the true class (of several the picture’s own, else the first drawn) are measured, with its own defaults.',
    main: true,
  });

/** The tolerance of the papers, 15 px at a side of 224 px, as a share of the side: 4.3 px at 64. */
export const pointingMargin = 15 / 224;

export const marginParam = z.number().min(0).max(1).default(pointingMargin).meta({
  title: 'Margin',
  help: 'A miss by less than this share of the side is a hit; more is more lenient.',
  unit: 'side',
});

export const boxParam = (standard: 'kc-zhang' | 'art') =>
  z.enum(['kc-zhang', 'art']).default(standard).meta({
    title: 'Box from map',
    help: 'How a box is drawn from the loss gradient: kc-zhang keeps gray levels above 50 of 255 of the true class’s and takes all of them; art smooths the predicted class’s, keeps what is above a fifth of the maximum and takes the largest connected part.',
    main: true,
  });

export const iouParam = z.number().min(0).max(1).default(0.5).meta({
  title: 'IoU',
  help: 'Intersection over union from which a box or mask counts as found; more is stricter.',
});

export const epsParam = (standard: number) =>
  z.number().min(0).max(10).default(standard).meta({
    title: 'Epsilon',
    role: 'epsilon',
    help: 'Largest change of a pixel (or, with the L2 norm, of the whole picture), as a share of the pixel range; more is a stronger attack.',
    main: true,
  });

export const nothing = z.object({});
