// What a model needs to be told apart from its graph: names, shapes and first values of its weights and of its
// batch-norm running statistics.

import type { Shape } from '../graph/index.ts';
import { randomFromSeed, type Random } from './random.ts';

/**
 * 'he': normal, standard deviation sqrt(2 / fan-out), for a convolution before a ReLU (He et al. 2015, fan-out as
 * in torchvision's residual nets). 'he-dense': normal, sqrt(2 / fan-in), for a dense layer before a ReLU. 'linear':
 * uniform in ±1/sqrt(fan-in), for the head.
 */
export type Init = 'he' | 'he-dense' | 'linear' | 'zeros' | 'ones';

export interface ParamSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly init: Init;
  /** Whether weight decay pulls on it: not on biases and batch-norm. */
  readonly decay: boolean;
}

export const elementCount = (shape: Shape): number => shape.reduce((product, side) => product * side, 1);

/** First values of all `specs`. Each is drawn from a generator forked by its name, so the order does not matter. */
export function initialise(
  specs: readonly ParamSpec[],
  random: Random = randomFromSeed(0),
): Map<string, Float32Array> {
  return new Map(specs.map((spec) => [spec.name, initialValues(spec, random.fork(spec.name))]));
}

function initialValues({ shape, init }: ParamSpec, random: Random): Float32Array {
  const values = new Float32Array(elementCount(shape));
  switch (init) {
    case 'zeros':
      return values;
    case 'ones':
      return values.fill(1);
    case 'he': {
      const [outputs, , height, width] = shape; // OIHW
      const deviation = Math.sqrt(2 / (outputs * height * width));
      return values.map(() => deviation * random.normal());
    }
    case 'he-dense': {
      const deviation = Math.sqrt(2 / shape[1]); // [outputs, inputs]
      return values.map(() => deviation * random.normal());
    }
    case 'linear': {
      const bound = 1 / Math.sqrt(shape[1]); // [outputs, inputs]
      return values.map(() => bound * (2 * random.uniform() - 1));
    }
  }
}
