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
import { modelById, type Activation } from '../../../../src-main/engine/nn/index.ts';
import { condense, fixedWeights, isClose, noise, product, type Condensed } from './fixed-weights.ts';
import { onnxExecutor, type Program } from '../../../../src-main/engine/runtime/index.ts';
import {
  convolutionKey,
  algorithmsOf,
  isConvolution,
} from '../../../../src-main/engine/runtime/onnx/algorithms.ts';

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

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/engine/${name}.json`, import.meta.url), 'utf8')) as {
    cases: Case[];
    origin: string;
  };
const { cases, origin } = fixture('models');
cases.push(...fixture('efficientnet-lite0').cases);

const classes = 10;

/** @param algorithm  that every convolution takes which has it, whatever the rules say */
async function outputsOf(program: Program, feeds: Record<string, Float32Array>, algorithm: string) {
  const convolutions = topologicalOrder(simplify(Object.values(program.outputs))).filter(isConvolution);
  const able = convolutions.filter((one) => algorithmsOf(one, { provider: 'cpu', block: 1 }).has(algorithm));
  const algorithms = Object.fromEntries(able.map((one) => [convolutionKey(one), algorithm]));
  const session = await onnxExecutor().compileStep!(program, [], algorithms);
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
      const grads = gradient(
        score,
        names.map((name) => weights.get(name)!),
      );
      const values = await outputsOf(
        {
          inputs,
          outputs: {
            ...Object.fromEntries(names.map((name, i) => [`slope/${name}`, grads[i]])),
            ...Object.fromEntries(pass.bufferUpdates),
          },
        },
        feeds,
        form,
      );
      const longest = largest(Object.values(one.gradients).map(([norm]) => norm));
      const isRight = (name: string): boolean => {
        const [expected, actual] = [one.gradients![name], condense(values[`slope/${name}`])];
        // A shift that the next batch-norm takes away has no gradient but rounding.
        return expected[0] < 1e-12 * longest ? actual[0] < 1e-6 * longest : isClose(actual, expected);
      };
      const unequal = [
        ...names.filter((name) => !isRight(name)),
        ...Object.entries(one.statistics ?? {})
          .filter(([name, expected]) => !isClose(condense(values[name]), expected))
          .map(([name]) => name),
      ];
      expect(unequal).toEqual([]);
    },
  );
});
