import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  constant,
  gradient,
  input,
  mul,
  reshape,
  simplify,
  sum,
  topologicalOrder,
} from '../../../../src-main/engine/graph/index.ts';
import { modelById, type Activation, type BuiltModel } from '../../../../src-main/engine/nn/index.ts';
import { onnxExecutor, type Program } from '../../../../src-main/engine/runtime/index.ts';
import {
  convolutionKey,
  formsOf,
  isConvolution,
} from '../../../../src-main/engine/runtime/onnx/algorithms.ts';

/** Norm, and product with a fixed pattern. */
type Condensed = [number, number];
interface Case {
  model: string;
  sizePx: number;
  batch: number;
  phase: number;
  parameters: number;
  logits: number[];
  mode?: 'train' | 'eval';
  activation?: Activation;
  gradients?: Record<string, Condensed>;
  statistics?: Record<string, Condensed>;
}

const { cases, origin } = JSON.parse(
  readFileSync(new URL('../../../fixtures/engine/models.json', import.meta.url), 'utf8'),
) as { cases: Case[]; origin: string };

const classes = 10;
const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Fixed numbers in [-1, 1) that look random, as in test/reference/models.py. */
function noise(count: number, phase: number): Float32Array {
  const values = new Float32Array(count);
  const start = Math.imul(phase, 0x85ebca77);
  for (let i = 0; i < count; i++) {
    let h = (Math.imul(i, 0x9e3779b1) + start) | 0;
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
    values[i] = ((h ^ (h >>> 15)) >>> 8) / 2 ** 23 - 1;
  }
  return values;
}

function fixedWeights(model: BuiltModel): Record<string, Float32Array> {
  const values: Record<string, Float32Array> = {};
  const made = (name: string, count: number, phase: number, base: number, factor: number): void => {
    const u = noise(count, phase);
    for (let i = 0; i < count; i++) u[i] = base + factor * u[i];
    values[name] = u;
  };
  model.parameters.forEach(({ name, shape }, place) => {
    if (shape.length > 1) made(name, product(shape), place, 0, Math.sqrt(6 / product(shape.slice(1))));
    else if (name.endsWith('bn3.weight')) made(name, product(shape), place, 0.2, 0.04);
    else if (name.endsWith('weight')) made(name, product(shape), place, 1, 0.2);
    else made(name, product(shape), place, 0, 0.1);
  });
  model.buffers.forEach(({ name, shape }, place) =>
    name.endsWith('running_var')
      ? made(name, product(shape), 1000 + place, 1, 0.4)
      : made(name, product(shape), 1000 + place, 0, 0.1),
  );
  return values;
}

function condense(values: Float32Array): Condensed {
  const pattern = noise(values.length, 77);
  let [squares, along] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    squares += values[i] ** 2;
    along += values[i] * pattern[i];
  }
  return [Math.sqrt(squares), along];
}

/** @param form  that every convolution takes which has it, whatever the rules say */
async function outputsOf(program: Program, feeds: Record<string, Float32Array>, form: string) {
  const convolutions = topologicalOrder(simplify(Object.values(program.outputs))).filter(isConvolution);
  const able = convolutions.filter((one) => formsOf(one, { provider: 'cpu', block: 1 }).has(form));
  const forms = Object.fromEntries(able.map((one) => [convolutionKey(one), form]));
  const session = await onnxExecutor().compileStep!(program, [], forms);
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

const largest = (values: readonly number[]): number => Math.max(...values.map(Math.abs));

describe(`models against ${origin}`, () => {
  // In the form of the rules, which these small batches seldom bring to tiles, and in tiles wherever it can be done.
  it.each(cases.flatMap((one) => ['by the rules', 'tiles of 4'].map((form) => ({ ...one, form }))))(
    '$model has the same weights, logits and weight gradients, $form',
    { timeout: 60_000 },
    async ({ form, ...one }) => {
      const { batch, sizePx } = one;
      const model = modelById(one.model).build({ classes, sizePx, pool: 'average', stem: 'imagenet' });
      expect(model.parameters.reduce((total, { shape }) => total + product(shape), 0)).toBe(one.parameters);

      const specs = [...model.parameters, ...model.buffers];
      const weights = new Map(specs.map(({ name, shape }) => [name, input(name, shape)]));
      const images = input('images', [batch, 3, sizePx, sizePx]);
      const inputs = [images, ...weights.values()];
      const feeds = {
        images: noise(batch * 3 * sizePx * sizePx, one.phase).map((u) => 0.5 + 0.5 * u),
        ...fixedWeights(model),
      };

      const { logits } = await outputsOf(
        { inputs, outputs: { logits: model.forward(images, weights, 'eval').logits } },
        feeds,
        form,
      );
      one.logits.forEach((expected, i) =>
        expect(Math.abs(logits[i] - expected)).toBeLessThan(1e-4 * largest(one.logits)),
      );
      if (!one.gradients) return;

      const pass = model.forward(images, weights, one.mode!, { activation: one.activation });
      const count = batch * classes;
      const score = sum(mul(reshape(pass.logits, [count]), constant(noise(count, 600), [count])));
      const names = model.parameters.map(({ name }) => name);
      expect(names).toEqual(Object.keys(one.gradients));
      const slopes = gradient(
        score,
        names.map((name) => weights.get(name)!),
      );
      const values = await outputsOf(
        {
          inputs,
          outputs: {
            ...Object.fromEntries(names.map((name, i) => [`slope/${name}`, slopes[i]])),
            ...Object.fromEntries(pass.bufferUpdates),
          },
        },
        feeds,
        form,
      );
      const isClose = (actual: Condensed, [norm, along]: Condensed): boolean =>
        Math.abs(actual[0] - norm) < 1e-4 * norm && Math.abs(actual[1] - along) < 1e-4 * norm;
      const unequal = [
        ...names.filter((name) => !isClose(condense(values[`slope/${name}`]), one.gradients![name])),
        ...model.buffers
          .map(({ name }) => name)
          .filter((name) => !isClose(condense(values[name]), one.statistics![name])),
      ];
      expect(unequal).toEqual([]);
    },
  );
});
