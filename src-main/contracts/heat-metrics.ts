// Metrics of heat maps: how a saliency method with its parameters stands among the parameters of a measure, and what it is
// called wherever a number is drawn from its maps.

import type { MethodInfo, ParamValue } from './methods.ts';

type Params = Readonly<Record<string, ParamValue>>;

/** Before the names of the method's own parameters. */
export const mapParamPrefix = 'method.';

/** Choices that are a saliency method with parameters of its own. */
const named = [
  { choice: 'gradient-energy', method: 'input-gradient', params: { score: 'loss', reduction: 'squared' } },
  { choice: 'grad-cam-elementwise', method: 'grad-cam', params: { form: 'elementwise' } },
] as const;

/** What an evaluation measures by itself: the squared input gradient of the loss. */
export const lossHeat = { method: 'gradient-energy' } as const;

/** Methods that no measure takes: their maps depend on training pictures that are drawn for each. */
export const unmeasuredMethods: readonly string[] = ['expected-gradients'];

/**
 * The parameters by which a measure takes the maps of a method: those that are not its default, in one way of several
 * that mean the same.
 */
export function heatParams(
  { id, params: fields }: Pick<MethodInfo, 'id' | 'params'>,
  params: Params,
): Params {
  const told = fields
    .filter(({ name, default: usual }) => (params[name] ?? usual) !== usual)
    .map(({ name }) => name);
  const same = named.find(
    ({ method, params: implied }) =>
      method === id &&
      told.length === Object.keys(implied).length &&
      Object.entries(implied).every(([name, value]) => params[name] === value),
  );
  if (same) return { method: same.choice };
  return {
    method: id,
    ...Object.fromEntries(told.map((name) => [`${mapParamPrefix}${name}`, params[name]])),
  };
}

/** Whether two measures' parameters ask for the same maps. */
export const isSameHeat = (one: Params, other: Params): boolean => {
  const names = Object.keys({ ...one, ...other }).filter(
    (name) => name === 'method' || name.startsWith(mapParamPrefix),
  );
  return names.every((name) => one[name] === other[name]);
};

/** "Grad-CAM", "loss gradient, squared", "HiResCAM (stages back 1)": which maps a metric is of; null if of none. */
export function heatTitle(params: Params, methods: readonly MethodInfo[]): string | null {
  const { method } = params;
  if (typeof method !== 'string') return null;
  if (method === 'gradient-energy') return 'loss gradient, squared';
  const choice = named.find((one) => one.choice === method);
  const info = methods.find(({ id }) => id === (choice?.method ?? method));
  const told = Object.entries(params).flatMap(([name, value]) => {
    if (!name.startsWith(mapParamPrefix)) return [];
    const field = info?.params.find((one) => one.name === name.slice(mapParamPrefix.length));
    return [`${(field?.short ?? field?.title ?? name.slice(mapParamPrefix.length)).toLowerCase()} ${value}`];
  });
  const title = `${choice ? 'element-wise ' : ''}${info?.title ?? method}`;
  return told.length === 0 ? title : `${title} (${told.join(', ')})`;
}
