// Parameters that several measures share.

import { z } from 'zod';
import { AppError } from '../../contracts/errors.ts';
import { mapParamPrefix } from '../../contracts/heat-metrics.ts';
import type { ParamValue } from '../../contracts/methods.ts';
import { checkParams } from '../nn/registry.ts';
import type { MapRequest, Measure } from './measure.ts';

/**
 * Heat maps that a measure may be taken of, each a saliency method with its own defaults but for what is said here.
 * The registry of methods is one layer up; methods that compare with training pictures are not among these.
 */
export const mapMethods = [
  'gradient-energy',
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

/** Choices that are a saliency method with parameters of its own. */
const named: Partial<Record<MapMethod, Pick<MapRequest, 'method' | 'params'>>> = {
  'gradient-energy': { method: 'input-gradient', params: { score: 'loss', reduction: 'squared' } },
  'grad-cam-elementwise': { method: 'grad-cam', params: { form: 'elementwise' } },
};

/** Parameters of a measure of heat maps: `method`, and those of the method itself with `method.` before their names. */
export type MapParams = Readonly<Record<string, unknown> & { method: MapMethod }>;

/** The saliency method of a choice, and its parameters. */
export function mapOf({ method, ...params }: MapParams): Pick<MapRequest, 'method' | 'params'> {
  const { method: id = method, params: implied } = named[method] ?? {};
  const told = Object.entries(params).flatMap(([name, value]) =>
    name.startsWith(mapParamPrefix) ? [[name.slice(mapParamPrefix.length), value as ParamValue]] : [],
  );
  return { method: id, params: { ...implied, ...(Object.fromEntries(told) as Record<string, ParamValue>) } };
}

/** What a measure's parameters ask for, if its heat map is a choice and a saliency method is chosen. */
export function mapAskedFor(params: Readonly<Record<string, unknown>>): ReturnType<typeof mapOf> | null {
  return mapMethods.some((one) => one === params.method) ? mapOf(params as MapParams) : null;
}

/**
 * As `checkParams`; those of the heat map's own method, `method.NAME`, are kept, and checked where its map is made.
 * @throws AppError 'bad-input', also for such of a measure that takes no heat map
 */
export function checkMeasureParams(
  measure: Measure,
  params: Readonly<Record<string, unknown>>,
): Record<string, ParamValue> {
  const ofMap = Object.keys(params).filter((name) => name.startsWith(mapParamPrefix));
  if (ofMap.length > 0 && !('method' in measure.schema.shape))
    throw new AppError('bad-input', `${measure.id} has no parameter "${ofMap[0].slice(0, 80)}"`, {
      place: ofMap[0],
      reason: 'it takes no heat map',
    });
  const own = Object.fromEntries(Object.entries(params).filter(([name]) => !ofMap.includes(name)));
  const kept = Object.fromEntries(ofMap.map((name) => [name, params[name]]));
  return { ...checkParams(measure, own), ...kept } as Record<string, ParamValue>;
}

export const methodParam = (standard: MapMethod) =>
  z.enum(mapMethods).default(standard).meta({
    title: 'Heat map',
    help: 'The saliency method whose maps of the true class (of several the picture’s own, else the first drawn) are measured, with its own defaults but for parameters given as method.NAME; gradient-energy is the squared input gradient of the loss.',
    main: true,
  });

/** The tolerance of the papers, 15 px at a side of 224 px, as a share of the side: 4.3 px at 64. */
export const pointingMargin = 15 / 224;

/** Whether the heat is that of the loss gradient, which an evaluation has anyway. */
export const isGradientEnergy = ({ method }: Readonly<Record<string, unknown>>): boolean =>
  method === 'gradient-energy';

export const marginParam = z.number().min(0).max(1).default(pointingMargin).meta({
  title: 'Margin',
  help: 'A miss by less than this share of the side is a hit; more is more lenient.',
  unit: 'side',
});

/** How a box is drawn from a heat map, and held against the region. */
export const boxParams = (standard: 'kc-zhang' | 'art') => ({
  box: z.enum(['kc-zhang', 'art', 'threshold']).default(standard).meta({
    title: 'Box from map',
    help: 'How a box is drawn: kc-zhang keeps gray levels above 50 of 255 of the true class’s loss gradient and takes all of them; art smooths the predicted class’s, keeps what is above a fifth of the maximum and takes the largest connected part; threshold takes all that is above a share of the chosen heat map.',
    main: true,
  }),
  method: methodParam('gradient-energy'),
  threshold: z.number().min(0).max(1).default(0.2).meta({
    title: 'Threshold',
    help: 'With the box of a threshold: on the way from the coldest to the hottest of the map; more makes boxes smaller.',
  }),
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
