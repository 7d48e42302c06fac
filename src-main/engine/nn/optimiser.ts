// Optimisers as values {init, update} that build graph: the update is part of the training step's program. What
// depends on the number of the step alone is computed outside in full precision and fed as a scalar.

import { add, div, minimum, mul, scalar, sqrt, square, sub, sum, type Tensor } from '../graph/index.ts';
import type { ParamSpec } from './params.ts';
import type { LearningRateSettings } from './schedule.ts';

/** By name. @param step  of the run, from 1; `momentum`: where it is cycled, that of the step */
export type StepScalars = Readonly<Record<string, (step: number, momentum: number) => number>>;

interface Optimiser {
  /** The state it keeps for one parameter, by name. */
  init(parameter: ParamSpec): ParamSpec[];
  /** Scalars besides the learning rate, by name. */
  readonly scalars: StepScalars;
  /**
   * @param state         tensors of `init`, by name
   * @param learningRate  scalar
   * @param scalars       of `scalars`, by name
   * @returns             the parameter's next value and the next state, by name
   */
  update(
    parameter: ParamSpec,
    value: Tensor,
    gradient: Tensor,
    state: ReadonlyMap<string, Tensor>,
    learningRate: Tensor,
    scalars?: Readonly<Record<string, Tensor>>,
  ): { value: Tensor; state: ReadonlyMap<string, Tensor> };
}

interface OptimiserSettings {
  /** 'sgd' unless given. */
  optimiser?: 'sgd' | 'adam' | 'adamw';
  /** Of 'sgd'. */
  momentum: number;
  nesterov?: boolean;
  weightDecay: number;
  /** 'weights' unless given: what the specs say. 'all': every parameter. */
  decay?: 'weights' | 'all';
  schedule?: LearningRateSettings['schedule'];
  /** Of the schedule 'one-cycle': each step is told its momentum, or beta 1. */
  cycleMomentum?: boolean;
  /** Of 'adam' and 'adamw'. */
  beta1?: number;
  beta2?: number;
  epsilon?: number;
}

export function optimiserOf(settings: OptimiserSettings): Optimiser {
  const { optimiser = 'sgd', weightDecay, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = settings;
  const cycles = settings.schedule === 'one-cycle' && settings.cycleMomentum === true;
  const made =
    optimiser === 'sgd'
      ? sgd({ ...settings, cycles })
      : adam({ weightDecay, beta1, beta2, epsilon, decoupled: optimiser === 'adamw', cycles });
  if (settings.decay !== 'all') return made;
  return {
    ...made,
    update: (parameter, ...rest) => made.update({ ...parameter, decay: true }, ...rest),
  };
}

/** Name of the scalar that is momentum or beta 1 where it is cycled. */
const cycled = 'cycledMomentum';

/** The gradient with the pull of weight decay in it, where the spec says decay. */
function decayed(parameter: ParamSpec, value: Tensor, gradient: Tensor, weightDecay: number): Tensor {
  return parameter.decay && weightDecay > 0 ? add(gradient, mul(value, scalar(weightDecay))) : gradient;
}

/**
 * Stochastic gradient descent with momentum as PyTorch has it: g = gradient + weightDecay * w (only where the spec
 * says decay), v' = momentum * v + g, w' = w - learningRate * v', or with Nesterov's form
 * w' = w - learningRate * (g + momentum * v').
 */
export function sgd(options: {
  momentum: number;
  weightDecay: number;
  nesterov?: boolean;
  /** Whether each step is told its momentum. */
  cycles?: boolean;
}): Optimiser {
  const { momentum, weightDecay, nesterov = false, cycles = false } = options;
  const stateName = (parameter: ParamSpec): string => `momentum/${parameter.name}`;
  return {
    init: (parameter) => (momentum === 0 && !cycles ? [] : [zerosLike(stateName(parameter), parameter)]),
    scalars: cycles ? { [cycled]: (_, scheduled) => scheduled } : {},
    update(parameter, value, gradient, state, learningRate, scalars = {}) {
      const grad = decayed(parameter, value, gradient, weightDecay);
      const old = state.get(stateName(parameter));
      if (!old) return { value: sub(value, mul(grad, learningRate)), state: new Map() };
      const kept = cycles ? scalars[cycled] : scalar(momentum);
      const velocity = add(mul(old, kept), grad);
      const direction = nesterov ? add(grad, mul(velocity, kept)) : velocity;
      return {
        value: sub(value, mul(direction, learningRate)),
        state: new Map([[stateName(parameter), velocity]]),
      };
    },
  };
}

/**
 * Adam (Kingma & Ba 2015) as PyTorch has it: m' = beta1 m + (1 - beta1) g, v' = beta2 v + (1 - beta2) g²,
 * w' = w - learningRate / (1 - beta1^t) * m' / (sqrt(v') / sqrt(1 - beta2^t) + epsilon), with g = gradient +
 * weightDecay * w; decoupled (AdamW, Loshchilov & Hutter 2019): g = gradient and w is first multiplied with
 * 1 - learningRate * weightDecay.
 */
function adam(options: {
  weightDecay: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  decoupled: boolean;
  /** Whether each step is told its beta 1. */
  cycles?: boolean;
}): Optimiser {
  const { weightDecay, beta1, beta2, epsilon, decoupled, cycles = false } = options;
  const names = ({ name }: ParamSpec) => ({ mean: `adam/mean/${name}`, square: `adam/square/${name}` });
  return {
    init(parameter) {
      const { mean, square } = names(parameter);
      return [zerosLike(mean, parameter), zerosLike(square, parameter)];
    },
    scalars: {
      ...(cycles && { [cycled]: (_: number, scheduled: number) => scheduled }),
      // With a cycled beta 1, as in PyTorch, the power of the present one.
      'adam/meanCorrection': (step, scheduled) => 1 - (cycles ? scheduled : beta1) ** step,
      'adam/rootCorrection': (step) => Math.sqrt(1 - beta2 ** step),
    },
    update(parameter, value, gradient, state, learningRate, scalars = {}) {
      const name = names(parameter);
      const grad = decoupled ? gradient : decayed(parameter, value, gradient, weightDecay);
      const mix = (old: Tensor, fresh: Tensor, beta: number): Tensor =>
        add(mul(old, scalar(beta)), mul(fresh, scalar(1 - beta)));
      const oldMean = state.get(name.mean)!;
      const mean = cycles
        ? add(mul(oldMean, scalars[cycled]), mul(grad, sub(scalar(1), scalars[cycled])))
        : mix(oldMean, grad, beta1);
      const squares = mix(state.get(name.square)!, square(grad), beta2);
      const size = div(learningRate, scalars['adam/meanCorrection']);
      const root = add(div(sqrt(squares), scalars['adam/rootCorrection']), scalar(epsilon));
      const kept =
        decoupled && parameter.decay && weightDecay > 0
          ? mul(value, sub(scalar(1), mul(learningRate, scalar(weightDecay))))
          : value;
      return {
        value: sub(kept, mul(div(mean, root), size)),
        state: new Map([
          [name.mean, mean],
          [name.square, squares],
        ]),
      };
    },
  };
}

const zerosLike = (name: string, { shape }: ParamSpec): ParamSpec => ({
  name,
  shape,
  init: 'zeros',
  decay: false,
});

/** The length of all gradients taken as one vector. Scalar. */
export function globalNorm(gradients: readonly Tensor[]): Tensor {
  return sqrt(gradients.map((grad) => sum(square(grad))).reduce((total, part) => add(total, part)));
}

/** Factor on every gradient that keeps their common norm at most `limit` (PyTorch's clip_grad_norm_). Scalar <= 1. */
export const clipFactor = (norm: Tensor, limit: number): Tensor =>
  minimum(div(scalar(limit), add(norm, scalar(1e-6))), scalar(1));

/**
 * Exponential moving average of weights and running statistics, e' = e + share (w' - e). The share of the first step
 * is 1, so that the average begins at the weights after it (PyTorch's AveragedModel with get_ema_multi_avg_fn).
 */
export const averageShare = (step: number, decay: number): number => (step === 1 ? 1 : 1 - decay);
export const averaged = (old: Tensor, fresh: Tensor, share: Tensor): Tensor =>
  add(old, mul(sub(fresh, old), share));
