import { describe, expect, it } from 'vitest';
import { input } from '../../../../src-main/engine/graph/index.ts';
import { sgd, type ParamSpec } from '../../../../src-main/engine/nn/index.ts';
import { evaluate } from '../training/tiny-network.ts';

/** Three steps on the gradients 1, -2, 0.5 from the weight 2 at learning rate 0.1. */
function descend(options: Parameters<typeof sgd>[0], decay = true): number[] {
  const parameter: ParamSpec = { name: 'w', shape: [1], init: 'zeros', decay };
  const optimiser = sgd(options);
  const state = new Map(optimiser.init(parameter).map(({ name, shape }) => [name, input(name, shape)]));
  const next = optimiser.update(parameter, input('w', [1]), input('g', [1]), state, input('rate', []));
  let feeds: Record<string, ArrayLike<number>> = {
    w: [2],
    rate: [0.1],
    ...Object.fromEntries([...state.keys()].map((name) => [name, [0]])),
  };
  return [1, -2, 0.5].map((grad) => {
    const values = evaluate({ w: next.value, ...Object.fromEntries(next.state) }, { ...feeds, g: [grad] });
    feeds = { ...feeds, ...values };
    return values.w[0];
  });
}

/** The same by hand, after PyTorch's documentation of SGD. */
function expected(momentum: number, weightDecay: number, nesterov: boolean): number[] {
  let [w, v] = [2, 0];
  return [1, -2, 0.5].map((grad) => {
    const g = grad + weightDecay * w;
    v = momentum * v + g;
    w -= 0.1 * (nesterov ? g + momentum * v : v);
    return w;
  });
}

describe('stochastic gradient descent', () => {
  it.each([
    [0, 0, false],
    [0.9, 0, false],
    [0.9, 0.01, false],
    [0.9, 0.01, true],
  ])(
    'follows the update rule with momentum %d, weight decay %d, Nesterov %s',
    (momentum, weightDecay, nesterov) => {
      const actual = descend({ momentum, weightDecay, nesterov });
      expected(momentum, weightDecay, nesterov).forEach((w, i) => expect(actual[i]).toBeCloseTo(w, 6));
    },
  );

  it('does not pull on parameters that are spared', () => {
    const spared = descend({ momentum: 0.9, weightDecay: 0.5 }, false);
    expected(0.9, 0, false).forEach((w, i) => expect(spared[i]).toBeCloseTo(w, 6));
  });

  it('keeps no state without momentum', () => {
    expect(
      sgd({ momentum: 0, weightDecay: 0 }).init({ name: 'w', shape: [1], init: 'zeros', decay: true }),
    ).toEqual([]);
  });
});
