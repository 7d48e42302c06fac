// What keeps a measure from being taken of a network, found out by building the program of its heat maps and running
// nothing.

import { AppError } from '../../contracts/errors.ts';
import { mapAskedFor, measureById } from '../measures/index.ts';
import { checkParams } from '../nn/registry.ts';
import { saliencyById } from '../saliency/index.ts';
import { buildEvaluate, buildSamples, buildSaliency } from './inference-steps.ts';
import type { Architecture } from '../data/architecture.ts';

/** @returns why a measure with these parameters, already checked, cannot be taken; null where it can */
export function obstacleIn(
  architecture: Architecture,
  { id, params }: { id: string; params: Readonly<Record<string, unknown>> },
): string | null {
  const { seesComposites } = measureById(id);
  const map = mapAskedFor(params);
  const sizePx = seesComposites ? 2 * architecture.sizePx : architecture.sizePx;
  const build = { ...architecture, sizePx, batch: 1 };
  try {
    if (seesComposites) buildEvaluate(build);
    if (map) {
      const method = saliencyById(map.method);
      const checked = checkParams(method, map.params ?? {});
      if ('samples' in method) {
        const { shapes } = method.samples(checked, { sizePx, references: [] });
        buildSamples({ ...build, method, params: checked, shapes, samples: 1 });
      } else buildSaliency({ ...build, method, params: checked });
    }
    return null;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'bad-input') return thrown.message;
    throw thrown;
  }
}
