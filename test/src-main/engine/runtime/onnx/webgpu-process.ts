// A process of its own for WebGPU: what a driver does to it is not done to the tests. Prints one line of JSON for
// each thing asked for by its arguments: "ops NAME,NAME" compares operations with the reference interpreter,
// "train OBJECTIVE STEPS RATE" trains the tiny network here and on the CPU.

import type { Tensor } from '../../../../../src-main/engine/graph/index.ts';
import { onnxExecutor, referenceExecutor } from '../../../../../src-main/engine/runtime/index.ts';
import { lowering } from '../../../../../src-main/engine/runtime/onnx/algorithms.ts';
import { lowerProgram } from '../../../../../src-main/engine/runtime/onnx/lowering.ts';
import { relativeError } from '../../graph/finite-differences.ts';
import { operationCases, probe } from '../../graph/operation-cases.ts';
import { trainStepOf } from '../../training/tiny-network.ts';
import { stateDifference, trainOn } from '../train-steps.ts';

const gpu = onnxExecutor({ provider: 'webgpu' });
const [what, list, count, learningRate] = process.argv.slice(2);

if (what === 'ops') {
  for (const name of list.split(',')) {
    // One case of each is enough for a driver as slow as this.
    const cases = operationCases.filter(({ title }) => title.startsWith(`${name} of`)).slice(0, 2);
    const probes = cases.map((operation, index) => probe(operation, index, `${index}: `));
    const inputs = probes.flatMap((one) => one.inputs);
    const feeds = Object.assign({}, ...probes.map((one) => one.feeds)) as Record<string, Float32Array>;
    const outputs = Object.assign({}, ...probes.map((one) => one.outputs)) as Record<string, Tensor>;
    const session = await gpu.compile({ inputs, outputs });
    const actual = await session.run(feeds);
    await session.dispose();
    const expected = await (await referenceExecutor().compile({ inputs, outputs })).run(feeds);
    const worst = Math.max(...Object.keys(outputs).map((key) => relativeError(actual[key], expected[key])));
    console.log(JSON.stringify({ name, worst }));
  }
} else {
  const step = trainStepOf(list, {}, { momentum: 0.9, weightDecay: 1e-3 });
  const how = { steps: Number(count), learningRate: Number(learningRate) };
  const actual = await trainOn(gpu, step, how);
  const expected = await trainOn(onnxExecutor({ threads: 1 }), step, how);
  console.log(
    JSON.stringify({
      name: list,
      losses: actual.losses,
      worst: Math.max(
        relativeError(actual.losses, expected.losses),
        stateDifference(expected.state, actual.state).worst,
      ),
      onProcessor: await nodesOnProcessor(
        lowerProgram(step.program, lowering({ provider: 'webgpu', block: 1 })).model,
      ),
    }),
  );
}

/** Whether the provider leaves anything of a model to the processor. */
async function nodesOnProcessor(model: Uint8Array): Promise<boolean> {
  const runtime = await import('onnxruntime-node');
  try {
    const session = await runtime.InferenceSession.create(model, {
      executionProviders: ['webgpu'],
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4,
      extra: { session: { disable_cpu_ep_fallback: '1' } },
    });
    await session.release();
    return false;
  } catch {
    return true;
  }
}
