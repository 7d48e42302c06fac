import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startFrom, sha256Of } from '../../../../src-main/engine/data/weights-file.ts';
import {
  add,
  constant,
  gradient,
  input,
  logSoftmax,
  mul,
  square,
  sum,
  type Tensor,
} from '../../../../src-main/engine/graph/index.ts';
import { fullGradient } from '../../../../src-main/engine/saliency/fullgrad.ts';
import { initialise, modelById, type BuiltModel } from '../../../../src-main/engine/nn/index.ts';
import { onnxExecutor, type Program } from '../../../../src-main/engine/runtime/index.ts';
import { condense, fixedWeights, isClose, noise, type Condensed } from './fixed-weights.ts';

const { origin, secondOrder, shipped } = JSON.parse(
  readFileSync(new URL('../../../fixtures/engine/efficientnet-lite0.json', import.meta.url), 'utf8'),
) as {
  origin: string;
  secondOrder: {
    sizePx: number;
    batch: number;
    phase: number;
    beta: number;
    penalty: number;
    gradients: Record<string, Condensed>;
  };
  shipped: { sizePx: number; float32: number[]; float16: number[] };
};

const weightInputs = ({ parameters, buffers }: BuiltModel): Map<string, Tensor> =>
  new Map([...parameters, ...buffers].map(({ name, shape }) => [name, input(name, shape)]));

async function outputsOf(program: Program, feeds: Record<string, Float32Array>) {
  const session = await onnxExecutor().compile(program);
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

describe(`EfficientNet-Lite0 against ${origin}`, () => {
  it('has the same weight gradients of a penalty on its input gradient', { timeout: 120_000 }, async () => {
    const { sizePx, batch, phase, beta } = secondOrder;
    const model = modelById('efficientnet-lite0').build({ classes: 10, sizePx, pool: 'average' });
    const weights = weightInputs(model);
    const images = input('images', [batch, 3, sizePx, sizePx]);
    const { logits } = model.forward(images, weights, 'eval', { activation: { kind: 'softplus', beta } });
    const [g] = gradient(sum(logSoftmax(logits)), [images]);
    const right = Float32Array.from({ length: sizePx ** 2 }, (_, i) => (i % sizePx >= sizePx / 2 ? 1 : 0));
    const penalty = sum(mul(square(g), constant(right, [1, 1, sizePx, sizePx])));
    const names = Object.keys(secondOrder.gradients);
    const gradients = gradient(
      penalty,
      names.map((name) => weights.get(name)!),
    );
    const values = await outputsOf(
      {
        inputs: [images, ...weights.values()],
        outputs: {
          penalty,
          ...Object.fromEntries(names.map((name, i) => [`gradient/${name}`, gradients[i]])),
        },
      },
      {
        images: noise(batch * 3 * sizePx * sizePx, phase).map((u) => 0.5 + 0.5 * u),
        ...fixedWeights(model),
      },
    );
    expect(Math.abs(values.penalty[0] / secondOrder.penalty - 1)).toBeLessThan(1e-4);
    const unequal = names.filter(
      (name) => !isClose(condense(values[`gradient/${name}`]), secondOrder.gradients[name]),
    );
    expect(unequal).toEqual([]);
  });

  it('has a full gradient that sums with the bias of the head to the logit, what ReLU6 cuts off included', async () => {
    const { sizePx } = shipped;
    const { model, state } = await shippedNetwork();
    const weights = weightInputs(model);
    const images = input('images', [1, 3, sizePx, sizePx]);
    const pass = model.forward(images, weights, 'eval');
    const best = shipped.float16.indexOf(Math.max(...shipped.float16));
    const target = Float32Array.from({ length: 1000 }, (_, k) => (k === best ? 1 : 0));
    const score = sum(mul(pass.logits, constant(target, [1, 1000])));
    const { pixels, biases } = fullGradient(pass, images, score, model.normalisation);
    const whole = add(sum(pixels), biases.map((part) => sum(part)).reduce(add));
    const values = await outputsOf(
      { inputs: [images, ...weights.values()], outputs: { score, whole } },
      { images: waves(sizePx), ...Object.fromEntries(state) },
    );
    expect(values.score[0]).toBeGreaterThan(1);
    expect(values.whole[0] + state.get('classifier.bias')![best]).toBeCloseTo(values.score[0], 3);
  });

  it('says of a picture with the shipped weights what the published ones say', async () => {
    const { sizePx } = shipped;
    const { model, state, fit } = await shippedNetwork();
    expect([fit.fresh, fit.skipped]).toEqual([[], []]);
    const images = input('images', [1, 3, sizePx, sizePx]);
    const weights = weightInputs(model);
    const { logits } = await outputsOf(
      {
        inputs: [images, ...weights.values()],
        outputs: { logits: model.forward(images, weights, 'eval').logits },
      },
      { images: waves(sizePx), ...Object.fromEntries(state) },
    );
    const largest = Math.max(...shipped.float32.map(Math.abs));
    const furthest = (wanted: number[]): number =>
      Math.max(...wanted.map((value, k) => Math.abs(value - logits[k]))) / largest;
    expect(furthest(shipped.float16)).toBeLessThan(1e-4);
    // what rounding to float16 costs
    expect(furthest(shipped.float32)).toBeLessThan(0.02);
  });
});

/** The network for ImageNet's classes with the weights that come with the app. */
async function shippedNetwork() {
  const model = modelById('efficientnet-lite0').build({
    classes: 1000,
    sizePx: shipped.sizePx,
    pool: 'average',
  });
  const state = initialise([...model.parameters, ...model.buffers]);
  const file = fileURLToPath(
    new URL('../../../../resources/weights/efficientnet-lite0.safetensors', import.meta.url),
  );
  const fit = await startFrom(state, model, 'efficientnet-lite0', {
    name: 'efficientnet-lite0',
    file,
    sha256: await sha256Of(file),
  });
  return { model, state, fit };
}

/** Two waves a channel, as in test/reference/efficientnet_lite0.py. @returns [1, 3, side, side] */
function waves(side: number): Float32Array {
  const values = new Float32Array(3 * side * side);
  for (let c = 0, i = 0; c < 3; c++)
    for (let row = 0; row < side; row++)
      for (let column = 0; column < side; column++, i++) {
        const [x, y] = [column / side, row / side];
        values[i] =
          0.5 +
          0.25 * Math.sin(2 * Math.PI * ((c + 1) * x + 2 * y)) +
          0.25 * Math.cos(2 * Math.PI * (3 * y - c * x));
      }
  return values;
}
