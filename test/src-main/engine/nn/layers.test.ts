import { describe, expect, it, onTestFinished } from 'vitest';
import {
  gradient,
  input,
  max,
  mean,
  mul,
  reshape,
  slice,
  square,
  sub,
  sum,
  type Tensor,
} from '../../../../src-main/engine/graph/index.ts';
import {
  imageMean,
  modelById,
  perChannel,
  type BuiltModel,
  type ModelOptions,
  type Noise,
} from '../../../../src-main/engine/nn/index.ts';
import { adaptiveAveragePool } from '../../../../src-main/engine/nn/adaptive-pool.ts';
import { network } from '../../../../src-main/engine/nn/layers.ts';
import { onnxExecutor } from '../../../../src-main/engine/runtime/index.ts';
import { evaluate, tinyWeights, wave } from '../training/tiny-network.ts';

const sizePx = 16;
const batch = 2;
const images = input('images', [batch, 3, sizePx, sizePx]);
const pixels = Float32Array.from(wave(batch * 3 * sizePx * sizePx, 0.4), (x) => 0.5 + 0.5 * x);
const build = (id: string, options: Partial<ModelOptions> = {}): BuiltModel =>
  modelById(id).build({ classes: 3, sizePx, pool: 'average', ...options });
const inputsOf = (model: BuiltModel): Map<string, Tensor> =>
  new Map([...model.parameters, ...model.buffers].map(({ name, shape }) => [name, input(name, shape)]));
const feedsOf = (model: BuiltModel) => ({ images: pixels, ...tinyWeights(model) });

/** Two stages of known maps and no weights but the head: everything about it is known in closed form. */
const bare = (options: Partial<ModelOptions>): BuiltModel =>
  network({ classes: 3, pool: 'average', ...options }, (net, x) =>
    net.classify(net.stage(net.stage(x)), 'fc'),
  );

describe('what a model adds up', () => {
  it.each(['resnet8', 'smallcnn', 'wrn-40-2'])(
    '%s: a logit is its input gradient times the input, and the gradients at its biases times the biases',
    async (id) => {
      const model = build(id);
      const weights = inputsOf(model);
      const { logits, biased } = model.forward(images, weights, 'eval');
      const score = sum(slice(logits, [0, 0], [batch, 1]));
      const [grads, ...biasGradients] = gradient(score, [images, ...biased.map(({ output }) => output)]);
      const parts = [
        sum(mul(grads, sub(images, perChannel(imageMean)))),
        ...biased.map(({ bias }, i) => sum(mul(biasGradients[i], reshape(bias, [1, bias.shape[0], 1, 1])))),
      ];
      const session = await onnxExecutor().compile({
        inputs: [images, ...weights.values()],
        outputs: { score, ...Object.fromEntries(parts.map((part, i) => [`part${i}`, part])) },
      });
      onTestFinished(() => session.dispose());
      const values = await session.run(feedsOf(model));
      const bias = batch * tinyWeights(model)['fc.bias'][0];
      const addends = [bias, ...parts.map((_, i) => values[`part${i}`][0])];
      const total = addends.reduce((all, one) => all + one, 0);
      // The parts cancel: float32 is exact to a share of what is added, not of what is left.
      const added = addends.reduce((all, one) => all + Math.abs(one), 0);
      expect(Math.abs(total - values.score[0]) / added).toBeLessThan(1e-5);
      expect(biased.length).toBeGreaterThan(5);
    },
  );

  it('is told in eval mode only', () => {
    const model = build('smallcnn');
    expect(model.forward(images, inputsOf(model), 'train').biased).toEqual([]);
  });
});

describe('stages', () => {
  it('come in order and end with the features the logits are made of', () => {
    for (const [id, count] of [
      ['resnet8', 3],
      ['wrn-40-2', 3],
      ['smallcnn', 3],
      ['resnet50', 4],
    ] as const) {
      const model = build(id);
      const { stages, features, logits } = model.forward(images, inputsOf(model), 'eval');
      expect(stages).toHaveLength(count);
      expect(stages.at(-1)).toBe(features);
      expect(gradient(sum(logits), [stages[0]])[0].shape).toEqual(stages[0].shape);
    }
  });
});

describe('activation', () => {
  it('of one pass takes the place of the model’s own', () => {
    const softplus = { kind: 'softplus', beta: 3 } as const;
    const [plain, smooth] = [build('resnet8'), build('resnet8', { activation: softplus })];
    const logits = (model: BuiltModel, options = {}) => [
      ...evaluate({ y: model.forward(images, inputsOf(model), 'eval', options).logits }, feedsOf(model)).y,
    ];
    expect(logits(plain, { activation: softplus })).toEqual(logits(smooth));
    expect(logits(smooth, { activation: { kind: 'relu' } })).toEqual(logits(plain));
    expect(logits(plain)).not.toEqual(logits(smooth));
  });
});

describe('dropout', () => {
  const drawn = () => {
    const asked: [string, readonly number[], string][] = [];
    const noise: Noise = (name, shape, kind) => {
      asked.push([name, shape, kind]);
      return input(name, shape);
    };
    return { asked, noise };
  };
  const logits = (model: BuiltModel, mode: 'train' | 'eval', noise?: Noise, value = 0) => {
    const weights = inputsOf(model);
    const pass = model.forward(images, weights, mode, { noise });
    return [
      ...evaluate({ y: pass.logits }, { ...feedsOf(model), 'dropout/fc': Array(batch * 64).fill(value) }).y,
    ];
  };

  it('keeps what is drawn at its share or more, made larger, and hides the rest', () => {
    const model = build('resnet8', { dropout: 0.25 });
    const bias = tinyWeights(model)['fc.bias'];
    const usual = logits(model, 'train'); // nobody draws
    const { noise, asked } = drawn();
    const kept = logits(model, 'train', noise, 0.26);
    kept.forEach((value, i) => expect(value).toBeCloseTo((usual[i] - bias[i % 3]) / 0.75 + bias[i % 3], 6));
    logits(model, 'train', noise, 0.24).forEach((value, i) => expect(value).toBeCloseTo(bias[i % 3], 6));
    expect(asked[0]).toEqual(['dropout/fc', [batch, 64], 'uniform']);
  });

  it('happens in training only', () => {
    const model = build('resnet8', { dropout: 0.5 });
    const { noise, asked } = drawn();
    expect(logits(model, 'eval', noise)).toEqual(logits(model, 'eval'));
    expect(asked).toEqual([]);
  });

  it('sits where the definition of each network has it', () => {
    const places = (id: string, side = sizePx): string[] => {
      const model = build(id, { dropout: 0.5, sizePx: side });
      const { asked, noise } = drawn();
      model.forward(input('images', [1, 3, side, side]), inputsOf(model), 'train', { noise });
      return asked.map(([name]) => name);
    };
    expect(places('alexnet', 64)).toEqual(['dropout/classifier.1', 'dropout/classifier.4']);
    expect(places('vgg11', 32)).toEqual(['dropout/classifier.0', 'dropout/classifier.3']);
    expect(places('wrn-28-10')).toHaveLength(12 + 1); // each block, and before the classifier
    expect(places('resnet8')).toEqual(['dropout/fc']);
    expect(places('mlp')).toEqual(['dropout/fc1', 'dropout/fc2']);
  });
});

describe('attention-based dropout', () => {
  const model = bare({ adl: { dropRate: 0.75, threshold: 0.9 } });
  const noise: Noise = (name, shape) => input(name, shape);
  const features = (draw: number, mode: 'train' | 'eval' = 'train') => {
    const { stages } = model.forward(images, inputsOf(model), mode, { noise });
    const attention = mean(stages[0], [1], true);
    return evaluate(
      { first: stages[0], second: stages[1], attention, top: max(attention, [2, 3], true) },
      { ...feedsOf(model), 'adl/1': [0.99], 'adl/2': [draw] },
    );
  };
  const place = (i: number): [number, number] => [Math.floor(i / (3 * 256)), i % 256];

  it('hides what is attended most, by the channel mean and its maximum in each picture', () => {
    const { first, second, attention, top } = features(0.74);
    let hidden = 0;
    first.forEach((value, i) => {
      const [b, at] = place(i);
      const isTop = attention[b * 256 + at] >= 0.9 * top[b];
      expect(second[i]).toBeCloseTo(isTop ? 0 : value, 9);
      hidden += isTop ? 1 : 0;
    });
    expect(hidden).toBeGreaterThan(0);
    expect(hidden).toBeLessThan(first.length / 2);
  });

  it('stresses by the sigmoid of the attention in the other steps', () => {
    const { first, second, attention } = features(0.76);
    first.forEach((value, i) => {
      const [b, at] = place(i);
      expect(second[i]).toBeCloseTo(value / (1 + Math.exp(-attention[b * 256 + at])), 6);
    });
  });

  it.each([
    ['hides', 0.74],
    ['stresses', 0.76],
  ])('has the gradient of finite differences where it %s', (_, draw) => {
    const { logits } = model.forward(images, inputsOf(model), 'train', { noise });
    const score = sum(square(logits));
    const [grads] = gradient(score, [images]);
    const feeds = { ...feedsOf(model), 'adl/1': [0.76], 'adl/2': [draw] };
    const at = (by: number) => ({
      ...feeds,
      images: Float64Array.from(pixels, (x, i) => x + by * direction[i]),
    });
    const direction = wave(pixels.length, 2.1);
    const width = 1e-6;
    const expected =
      (evaluate({ score }, at(width)).score[0] - evaluate({ score }, at(-width)).score[0]) / (2 * width);
    const actual = evaluate({ grads }, feeds).grads.reduce((all, grad, i) => all + grad * direction[i], 0);
    expect(Math.abs(actual - expected)).toBeLessThan(1e-5 * Math.abs(expected));
    expect(Math.abs(expected)).toBeGreaterThan(1e-3);
  });

  it('does nothing outside training', () => {
    const { first, second } = features(0.1, 'eval');
    expect(second).toEqual(first);
  });
});

describe('adaptive average pooling', () => {
  it.each([
    [4, 2],
    [2, 7],
    [5, 3],
    [7, 7],
  ])('of maps of side %d to a side of %d averages from floor to ceiling', (extent, side) => {
    const x = input('x', [1, 2, extent, extent]);
    const values = wave(2 * extent * extent, 0.1);
    const { y } = evaluate({ y: adaptiveAveragePool(x, side) }, { x: values });
    const span = (i: number) => {
      const from = Math.floor((i * extent) / side);
      return Array.from({ length: Math.ceil(((i + 1) * extent) / side) - from }, (_, k) => from + k);
    };
    for (let c = 0; c < 2; c++)
      for (let row = 0; row < side; row++)
        for (let column = 0; column < side; column++) {
          const cell = span(row).flatMap((r) =>
            span(column).map((k) => values[(c * extent + r) * extent + k]),
          );
          const average = cell.reduce((a, b) => a + b) / cell.length;
          expect(y[(c * side + row) * side + column]).toBeCloseTo(average, 6);
        }
  });
});
