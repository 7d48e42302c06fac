import { describe, expect, it } from 'vitest';
import * as g from '../../../../../src-main/engine/graph/index.ts';
import type { Tensor } from '../../../../../src-main/engine/graph/index.ts';
import { objectives } from '../../../../../src-main/engine/objectives/index.ts';
import {
  loadTensorFlow,
  onnxExecutor,
  referenceExecutor,
  tensorFlowExecutor,
} from '../../../../../src-main/engine/runtime/index.ts';
import { relativeError } from '../../graph/finite-differences.ts';
import { operationCases, operationFamilies, probe } from '../../graph/operation-cases.ts';
import { trainStepOf } from '../../training/tiny-network.ts';
import { stateDifference, trainOn } from '../train-steps.ts';

const executor = tensorFlowExecutor();

describe('the TensorFlow.js executor agrees with the float64 reference', () => {
  for (const [name] of operationFamilies) {
    it(`on ${name}, its gradient and the gradient of that`, async () => {
      const probes = operationCases
        .filter(({ title }) => title.startsWith(`${name} of`))
        .map((operation, index) => probe(operation, index, `${operation.title}, ${index}: `));
      const inputs = probes.flatMap((one) => one.inputs);
      const feeds = Object.assign({}, ...probes.map((one) => one.feeds)) as Record<string, Float32Array>;
      const outputs = Object.assign({}, ...probes.map((one) => one.outputs)) as Record<string, Tensor>;
      const session = await executor.compile({ inputs, outputs });
      const actual = await session.run(feeds);
      await session.dispose();
      const expected = await (await referenceExecutor().compile({ inputs, outputs })).run(feeds);
      for (const output of Object.keys(outputs))
        expect(relativeError(actual[output], expected[output]), output).toBeLessThan(1e-4);
    });
  }
});

/**
 * ART's search steps by the sign of gradients through softplus(50 x): where one is nearly 0, float32 rounding decides
 * it, and the executors part at that pixel. Softer, all their signs agree, and the graph is the same.
 */
const wellConditioned: Record<string, Record<string, unknown>> = { art: { beta: 10 } };

describe('the TensorFlow.js executor', () => {
  it.each(objectives.map(({ id }) => id))(
    'makes the training step of ONNX Runtime: %s',
    async (objective) => {
      const step = trainStepOf(objective, wellConditioned[objective] ?? {}, {
        momentum: 0.9,
        weightDecay: 1e-3,
      });
      const how = { steps: 1, learningRate: 0.01 };
      const actual = await trainOn(executor, step, how);
      const expected = await trainOn(onnxExecutor({ threads: 1 }), step, how);
      expect(relativeError(actual.losses, expected.losses)).toBeLessThan(1e-4);
      expect(stateDifference(expected.state, actual.state).worst).toBeLessThan(1e-4);
    },
  );

  it('chooses the first of equal maxima of a window, as the reference does', async () => {
    const x = g.input('x', [2, 2, 6, 7]);
    const values = Float32Array.from({ length: 168 }, (_, i) => Math.max(0, Math.round(2 * Math.sin(i))));
    const options = { window: 3, stride: 2, padding: 1 };
    const ranks = g.constant(
      Array.from({ length: 168 }, (_, index) => index),
      x.shape,
    );
    const outputs = {
      places: g.maxPoolGather(x, ranks, options),
      grad: g.gradient(g.sum(g.square(g.maxPool(x, options))), [x])[0],
    };
    const session = await executor.compile({ inputs: [x], outputs });
    const actual = await session.run({ x: values });
    const expected = await (await referenceExecutor().compile({ inputs: [x], outputs })).run({ x: values });
    expect(actual).toEqual(expected);
  });

  it('keeps no tensor beyond the session', async () => {
    const { tf } = await loadTensorFlow();
    const step = trainStepOf('box-aware', {}, { momentum: 0.9 });
    await trainOn(executor, step, { steps: 1, learningRate: 0.01 });
    const before = tf.memory().numTensors;
    await trainOn(executor, step, { steps: 2, learningRate: 0.01 });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses a feed that is missing, naming it', async () => {
    const x = g.input('images', [2, 2]);
    const session = await executor.compile({ inputs: [x], outputs: { y: g.exp(x) } });
    await expect(session.run({})).rejects.toMatchObject({ code: 'bad-input', detail: { place: 'images' } });
  });
});
