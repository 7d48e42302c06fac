// Optimisers as values {init, update} that build graph: the update is part of the training step's program.

import { add, mul, scalar, sub, type Tensor } from '../graph/index.ts';
import type { ParamSpec } from './params.ts';

export interface Optimiser {
  /** The state it keeps for one parameter, by name. */
  init(parameter: ParamSpec): ParamSpec[];
  /**
   * @param state         tensors of `init`, by name
   * @param learningRate  scalar
   * @returns             the parameter's next value and the next state, by name
   */
  update(
    parameter: ParamSpec,
    value: Tensor,
    gradient: Tensor,
    state: ReadonlyMap<string, Tensor>,
    learningRate: Tensor,
  ): { value: Tensor; state: ReadonlyMap<string, Tensor> };
}

/**
 * Stochastic gradient descent with momentum as PyTorch has it: g = gradient + weightDecay * w (only where the spec
 * says decay), v' = momentum * v + g, w' = w - learningRate * v', or with Nesterov's form
 * w' = w - learningRate * (g + momentum * v').
 */
export function sgd(options: { momentum: number; weightDecay: number; nesterov?: boolean }): Optimiser {
  const { momentum, weightDecay, nesterov = false } = options;
  const stateName = (parameter: ParamSpec): string => `momentum/${parameter.name}`;
  return {
    init: (parameter) =>
      momentum === 0
        ? []
        : [{ name: stateName(parameter), shape: parameter.shape, init: 'zeros', decay: false }],
    update(parameter, value, gradient, state, learningRate) {
      const decayed =
        parameter.decay && weightDecay > 0 ? add(gradient, mul(value, scalar(weightDecay))) : gradient;
      const old = state.get(stateName(parameter));
      if (!old) return { value: sub(value, mul(decayed, learningRate)), state: new Map() };
      const velocity = add(mul(old, scalar(momentum)), decayed);
      const direction = nesterov ? add(decayed, mul(velocity, scalar(momentum))) : velocity;
      return {
        value: sub(value, mul(direction, learningRate)),
        state: new Map([[stateName(parameter), velocity]]),
      };
    },
  };
}
