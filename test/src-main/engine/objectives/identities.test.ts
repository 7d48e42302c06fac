// What must hold between objectives, whatever the weights: one is a special case of another, a penalty of weight 0 or
// in a ball of radius 0 is none, a reweighting of one group is none.

import { describe, expect, it } from 'vitest';
import {
  add,
  gradient,
  input,
  logSumExp,
  logSoftmax,
  mul,
  reshape,
  sum,
  type Tensor,
} from '../../../../src-main/engine/graph/index.ts';
import { crossEntropy, selectedLogit, type ForwardPass } from '../../../../src-main/engine/nn/index.ts';
import { objectiveById, objectives } from '../../../../src-main/engine/objectives/index.ts';
import {
  batch,
  classes,
  evaluate,
  sizePx,
  tinyBatch,
  tinyNetwork,
  tinyWeights,
} from '../training/tiny-network.ts';
import { contextOf } from './context.ts';
import { tinyLoss } from './loss-graph.ts';

type Values = Record<string, Float64Array>;
type Feeds = Record<string, ArrayLike<number>>;

function run(objective: string, params: Record<string, unknown> = {}, feeds: Feeds = {}): Values {
  const loss = tinyLoss(objective, params);
  return evaluate(loss.outputs, { ...loss.feeds, ...feeds });
}

function expectSame(a: Values, b: Values, digits = 10): void {
  for (const name of ['total', ...Object.keys(b).filter((name) => /^(gradient|next)\//.test(name))])
    a[name].forEach((value, i) => expect(value, name).toBeCloseTo(b[name][i], digits));
}

describe('an objective of weight 0 is the standard one', () => {
  const standard = run('standard');
  it.each([
    ...['box-aware', 'mask-energy', 'gradcam-consistency', 'input-grad', 'density', 'hessian'],
    ...['score-matching', 'cure', 'trades'],
  ])('%s', (objective) => {
    const none = objective === 'box-aware' ? { lambdaInside: 0, lambdaOutside: 0 } : { lambda: 0 };
    expectSame(run(objective, none), standard);
  });

  it('and so it is at ramp 0', () => {
    for (const objective of ['mask-energy', 'input-grad', 'density', 'hessian', 'score-matching', 'cure'])
      expectSame(run(objective, {}, { ramp: [0] }), standard);
  });
});

describe('padding of a short batch teaches nothing, whatever it shows as label, region and group', () => {
  it.each(objectives)('$id', ({ id, schema }) => {
    const { labels, regionMask } = tinyBatch();
    labels.set([0, 0, 1], 3 * classes);
    // Blackout hides by the region, and what batch-norm sees of padding changes with it.
    if (id !== 'blackout') regionMask.fill(1, 3 * sizePx * sizePx);
    const params = 'steps' in schema.shape ? { steps: 1 } : {};
    expectSame(run(id, params, { labels, regionMask, groups: [1, 0, 0, 1, 1, 0, 1, 0] }), run(id, params));
  });
});

/** Through softplus the features are made otherwise than through ReLU, and every penalty has a curvature to see. */
it.each(objectives)('$id teaches a network with softplus', ({ id, schema }) => {
  const params = 'steps' in schema.shape ? { steps: 1 } : {};
  const { outputs, feeds } = tinyLoss(id, params, { activation: { kind: 'softplus', beta: 10 } });
  for (const [name, values] of Object.entries(evaluate(outputs, feeds)))
    expect(values.every(Number.isFinite), name).toBe(true);
});

describe('adversarial objectives', () => {
  it('with epsilon 0 are the standard one', () => {
    const standard = run('standard');
    for (const objective of ['fgsm-training', 'pgd-training', 'ig-norm', 'ig-sum-norm'])
      expect(
        run(objective, { ...(objective !== 'fgsm-training' && { steps: 1 }), eps: 0 }).total[0],
      ).toBeCloseTo(standard.total[0], 10);
    expectSame(run('pgd-training', { eps: 0 }), standard);
    expect(run('trades', { eps: 0 })['term/robust'][0]).toBeLessThan(1e-9);
  });

  it('raise the loss, the more the more steps they take', () => {
    const at = (steps: number): number =>
      run('pgd-training', { eps: 0.1, steps, stepSize: 0.3, randomStart: false }).total[0];
    expect(at(1)).toBeGreaterThan(run('standard').total[0] + 0.01);
    expect(at(4)).toBeGreaterThan(at(1) + 0.01);
  });

  it('of one step from the picture are the same by both names', () => {
    for (const norm of ['linf', 'l2']) {
      const one = { norm, eps: 0.1, stepSize: 1, randomStart: false };
      expectSame(run('pgd-training', { ...one, steps: 1 }), run('fgsm-training', one));
    }
  });

  it('count the passes of their search into the running statistics only when told to', () => {
    const name = 'next/bn1.running_mean';
    const [kept, counted] = ['batch', 'batch-counted'].map(
      (statistics) => run('pgd-training', { statistics, steps: 2 })[name],
    );
    expect(kept[0]).not.toBeCloseTo(counted[0], 4);
    // Nearly the same pictures thrice: 1 - 0.9³ of their mean against 0.1 of it.
    expect(counted[0] / kept[0]).toBeCloseTo((1 - 0.9 ** 3) / 0.1, 0);
  });

  it('IG-NORM as sums is the batch size times its means', () => {
    const params = { eps: 0.1, steps: 2, points: 3 };
    const [mean, total] = ['mean', 'sum'].map((reduction) => run('ig-norm', { ...params, reduction }));
    expect(mean['term/attribution'][0]).toBeGreaterThan(0.01);
    for (const term of ['term/class', 'term/attribution'])
      expect(total[term][0]).toBeCloseTo(3 * mean[term][0], 10); // 3 real pictures
  });
});

describe('gradient penalties', () => {
  it('box-aware with equal weights is double backprop', () => {
    const hasRegion = [1, 1, 1, 1];
    for (const of of ['loss', 'log-probability'])
      for (const [reduction, ours] of [
        ['per-image', 'per-image'],
        ['paper', 'batch'],
      ])
        expectSame(
          run(
            'box-aware',
            { lambdaInside: 2, lambdaOutside: 2, of, reduction },
            { hasRegion, regionMask: binary() },
          ),
          run('input-grad', { lambda: 2, of, reduction: ours }, { hasRegion }),
        );
  });

  it('the three computations of the density agree, in value and weight gradients', () => {
    for (const form of [{}, { p: '1', power: 2 }, { p: 'inf', reduction: 'batch' }]) {
      const [one, two, three] = ['log-sum-exp', 'stable', 'efficient'].map((computation) =>
        run('density', { ...form, computation, lambda: 3 }),
      );
      expect(one['term/density'][0]).toBeGreaterThan(1e-3);
      expectSame(two, one, 9);
      expectSame(three, one, 9);
    }
  });

  it('d log p(x|y)/dx is the gradient of the logit, and dl/dx is ds/dx less it', () => {
    const { forward, feeds } = evalNetwork();
    const images = input('images', [batch, 3, sizePx, sizePx]);
    const labels = input('labels', [batch, classes]);
    const { logits } = forward(images);
    const grads = (scores: Tensor): Tensor => gradient(sum(scores), [images])[0];
    const density = grads(logSumExp(logits));
    const joint = grads(add(logSumExp(logits), selectedLogit(logSoftmax(logits), labels))); // log p(x) + log p(y|x)
    const values = evaluate(
      {
        logit: grads(selectedLogit(logits, labels)),
        joint,
        loss: grads(crossEntropy(logits, labels)),
        density,
      },
      feeds,
    );
    values.logit.forEach((value, i) => {
      expect(values.joint[i]).toBeCloseTo(value, 12); // uniform p(y)
      expect(values.loss[i]).toBeCloseTo(values.density[i] - value, 12);
    });
    expect(Math.hypot(...values.logit)).toBeGreaterThan(0.1);
  });

  it('a ReLU network without batch statistics has no curvature for the Hessian penalty, with softplus it has', () => {
    const { forward, feeds } = evalNetwork();
    const at = (beta: number): number => {
      const context = contextOf({
        batch,
        classes,
        sizePx,
        forward: (images, options) => forward(images, options),
      });
      const graph = objectiveById('hessian').build(context, {
        lambda: 1,
        of: 'logit',
        directions: 1,
        units: 'pixels',
        beta,
      });
      return evaluate({ term: graph.terms.curvature }, { ...feeds, 'noise/direction/0': feeds.images })
        .term[0];
    };
    expect(at(0)).toBe(0);
    expect(at(5)).toBeGreaterThan(1e-3);
  });

  it('the Hessian penalty is |Hv|² for a function whose Hessian is known', () => {
    // f_1 = <a, x>²/2 + x_0: H = a aᵀ, Hv = a <a, v>.
    const count = 3 * sizePx * sizePx;
    const a = Float64Array.from({ length: count }, (_, i) => Math.sin(i));
    const v = Float64Array.from({ length: count }, (_, i) => Math.cos(2 * i));
    const forward = (images: Tensor): ForwardPass => {
      const along = sum(mul(reshape(images, [1, count]), input('a', [1, count])), [1], true); // [1, 1]
      const logits = mul(mul(along, along), input('halfOnes', [1, 2]));
      return { logits } as ForwardPass;
    };
    const context = contextOf({ batch: 1, classes: 2, sizePx, forward });
    const graph = objectiveById('hessian').build(context, {
      lambda: 1,
      of: 'logit',
      directions: 1,
      beta: 0,
      units: 'pixels',
    });
    const { term } = evaluate(
      { term: graph.terms.curvature },
      {
        a,
        halfOnes: [0.5, 0.5],
        'noise/direction/0': v,
        labels: [1, 0],
        sampleWeight: [1],
        ramp: [1],
        images: new Float64Array(count).fill(0.3),
      },
    );
    const dot = (x: Float64Array, y: Float64Array): number =>
      x.reduce((total, value, i) => total + value * y[i], 0);
    expect(term[0]).toBeCloseTo(dot(a, a) * dot(a, v) ** 2, 8);
  });
});

describe('Group DRO', () => {
  const oneGroup = Float32Array.of(1, 0, 1, 0, 1, 0, 1, 0);

  it('of a single group is the standard objective', () => {
    expectSameLoss(
      run('group-dro', {}, { groups: oneGroup, 'objective/groupShares': [1, 0] }),
      run('standard'),
    );
  });

  it('moves weight to the group with the higher loss, by exp(step times loss)', () => {
    const values = run('group-dro', { groupStep: 0.5 });
    const [first, second] = values['next/objective/groupShares'];
    expect(first + second).toBeCloseTo(1, 12);
    const perGroup = [
      [1, 0],
      [0, 1],
    ].map((shares) => run('group-dro', { groupStep: 1e-5 }, { 'objective/groupShares': shares }).total[0]);
    expect(first / second).toBeCloseTo((0.3 / 0.7) * Math.exp(0.5 * (perGroup[0] - perGroup[1])), 4);
    expect(values.total[0]).toBeCloseTo(first * perGroup[0] + second * perGroup[1], 10);
  });

  it('refuses to be built without groups', () => {
    const context = contextOf({ batch, classes, sizePx, forward: evalNetwork().forward });
    expect(() => objectiveById('group-dro').build(context, { groupStep: 0.01 })).toThrow('groups');
  });
});

describe('objectives that add up', () => {
  it('have the class loss of the first and the penalties of all', () => {
    const sumOf = run('box-aware+density', { lambdaOutside: 3, 'density.lambda': 2 });
    const [box, density] = [run('box-aware', { lambdaOutside: 3 }), run('density', { lambda: 2 })];
    expect(sumOf['term/class'][0]).toBeCloseTo(box['term/class'][0], 12);
    expect(sumOf['term/outside'][0]).toBeCloseTo(box['term/outside'][0], 12);
    expect(sumOf['term/density.density'][0]).toBeCloseTo(density['term/density'][0], 12);
    // Both look at the pictures in the same way: they pass once, and the statistics move once.
    expect(sumOf['next/bn1.running_mean']).toEqual(box['next/bn1.running_mean']);
  });

  it('after standard are the other alone', () => {
    expectSameLoss(run('standard+density', { 'density.lambda': 3 }), run('density', { lambda: 3 }));
  });

  it('let Group DRO weigh the class loss of the other, at either place', () => {
    const feeds = { 'objective/groupShares': [0.3, 0.7], 'objective/group-dro.groupShares': [0.3, 0.7] };
    const before = run('group-dro+pgd-training', { groupStep: 0.5, 'pgd-training.steps': 2 }, feeds);
    const after = run('pgd-training+group-dro', { steps: 2, 'group-dro.groupStep': 0.5 }, feeds);
    expectSameLoss(after, before);
    expect(before.total[0]).not.toBeCloseTo(run('pgd-training', { steps: 2 }).total[0], 3);
    expect(after['next/objective/group-dro.groupShares']).toEqual(before['next/objective/groupShares']);
  });

  it('need what their parts need, and offer their parameters by name', () => {
    const { id, needs, schema } = objectiveById('group-dro+gradcam-consistency');
    expect(id).toBe('group-dro+gradcam-consistency');
    expect(needs).toEqual({ composites: true, groups: true });
    expect(Object.keys(schema.shape)).toContain('gradcam-consistency.lambda');
    expect(Object.keys(schema.shape)).toContain('groupStep');
  });

  it('refuse a part that comes twice, adds nothing or is unknown', () => {
    expect(() => objectiveById('density+density')).toThrow('twice');
    expect(() => objectiveById('density+')).toThrow('no objective ""');
    expect(() => objectiveById('density+pgd-training')).toThrow('no penalty to add');
  });
});

function expectSameLoss(a: Values, b: Values): void {
  const names = ['total', ...Object.keys(b).filter((name) => name.startsWith('gradient/'))];
  for (const name of names) a[name].forEach((value, i) => expect(value, name).toBeCloseTo(b[name][i], 10));
}

/** Masks of 0 and 1 for every picture. */
const binary = (): Float32Array => tinyBatch().regionMask;

/** The tiny network on running statistics: pictures do not touch each other. */
function evalNetwork(): {
  forward: (
    images: Tensor,
    options?: Parameters<ReturnType<typeof tinyNetwork>['forward']>[3],
  ) => ForwardPass;
  feeds: Feeds & { images: Float32Array };
} {
  const model = tinyNetwork('average');
  const images = tinyBatch();
  const weights = new Map(
    [...model.parameters, ...model.buffers].map((p) => [p.name, input(p.name, p.shape)]),
  );
  return {
    forward: (images, options) => model.forward(images, weights, 'eval', options),
    feeds: { ...tinyWeights(model), ...images, images: images.images, ramp: Float32Array.of(1) },
  };
}
