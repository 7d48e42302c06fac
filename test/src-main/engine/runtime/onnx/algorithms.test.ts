import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as g from '../../../../../src-main/engine/graph/index.ts';
import { referenceExecutor, type Program } from '../../../../../src-main/engine/runtime/index.ts';
import { blockSize } from '../../../../../src-main/engine/runtime/onnx/blocked.ts';
import {
  convolutionKey,
  algorithmsOf,
  isConvolution,
  lowering,
  type Convolution,
  type AlgorithmTarget,
} from '../../../../../src-main/engine/runtime/onnx/algorithms.ts';
import {
  inputPrefix,
  lowerProgram,
  outputPrefix,
} from '../../../../../src-main/engine/runtime/onnx/lowering.ts';
import {
  autotune,
  trialIn,
  type Took,
  type Trial,
} from '../../../../../src-main/engine/runtime/onnx/autotune.ts';
import { loadRuntime } from '../../../../../src-main/engine/runtime/onnx/executor.ts';
import { randomNumbers, relativeError } from '../../graph/finite-differences.ts';

const options = { graphOptimizationLevel: 'disabled', intraOpNumThreads: 1 } as const;
const runtime = await loadRuntime();
const target: AlgorithmTarget = { provider: 'cpu', block: await blockSize(runtime) };

type Window = Partial<{ stride: number; padding: number; dilation: number; groups: number }>;

/** A convolution with both its gradients. */
function threeConvolutions(x: number[], w: number[], window: Window): Program {
  const images = g.input('images', x);
  const filters = g.input('filters', w);
  const y = g.conv(images, filters, window);
  const grads = g.input('grads', y.shape);
  const [imageGrad, filterGrad] = g.gradient(g.sum(g.mul(y, grads)), [images, filters]);
  return { inputs: [images, filters, grads], outputs: { y, imageGrad, filterGrad } };
}

const convolutionsOf = ({ outputs }: Program): Convolution[] =>
  g.topologicalOrder(g.simplify(Object.values(outputs))).filter(isConvolution);

function feedsOf({ inputs }: Program): Record<string, Float32Array> {
  const random = randomNumbers(3);
  return Object.fromEntries(
    inputs.map((tensor) => [
      tensor.op === 'input' ? tensor.attributes.name : '',
      Float32Array.from({ length: g.sizeOf(tensor.shape) }, () => 2 * random() - 1),
    ]),
  );
}

describe('every algorithm of a convolution and its gradients', () => {
  for (const [title, x, w, window] of [
    ['stride 1', [4, 16, 17, 33], [32, 16, 3, 3], { padding: 1 }],
    ['stride 2', [4, 16, 15, 16], [32, 16, 3, 3], { stride: 2, padding: 1 }],
    ['single pixels', [4, 16, 8, 7], [32, 16, 1, 1], {}],
    ['dilation 2', [4, 16, 14, 15], [16, 16, 3, 3], { padding: 2, dilation: 2 }],
    ['a wide border', [3, 16, 5, 9], [32, 16, 3, 3], { padding: 2 }],
    ['no border', [3, 16, 9, 6], [32, 16, 3, 3], {}],
    ['groups', [4, 16, 9, 8], [32, 8, 3, 3], { padding: 1, groups: 2 }],
  ] as [string, number[], number[], Window][])
    it(`agrees with the float64 reference: ${title}`, async () => {
      const program = threeConvolutions(x, w, window);
      const feeds = feedsOf(program);
      const expected = await (await referenceExecutor().compile(program)).run(feeds);
      // Those of the GPU are made of operations that the processor has too.
      for (const device of [target, { provider: 'webgpu', block: 1 }] as AlgorithmTarget[])
        for (const tensor of convolutionsOf(program))
          for (const algorithm of algorithmsOf(tensor, device).keys()) {
            const algorithms = { [convolutionKey(tensor)]: algorithm };
            const { model, usedInputs } = lowerProgram(program, lowering(device, algorithms));
            const session = await runtime.InferenceSession.create(model, options);
            const actual = await session.run(
              Object.fromEntries(
                usedInputs.map(({ name, shape }) => [
                  inputPrefix + name,
                  new runtime.Tensor('float32', feeds[name], shape),
                ]),
              ),
            );
            for (const [name, values] of Object.entries(expected)) {
              const own = actual[outputPrefix + name].data as Float32Array;
              expect(relativeError(own, values), `${device.provider}, ${algorithm}, ${name}`).toBeLessThan(
                1e-5,
              );
            }
            await session.release();
          }
    });
});

describe('the choice by trial', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'fovea-algorithms-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const program = threeConvolutions([16, 32, 20, 20], [32, 32, 3, 3], { padding: 1 });
  const filterGrad = convolutionsOf(program).find((tensor) => tensor.op === 'convFilterGrad')!;
  const [rule, ...others] = algorithmsOf(filterGrad, target).keys();

  /** Trials of the filter gradient that take what they are said to take, and a list of those that were begun. */
  function stopwatch(took: (algorithm: string, run: number) => Partial<Took>) {
    const begun: string[] = [];
    const begin = async (tensor: Convolution, algorithm: string): Promise<Trial> => {
      begun.push(algorithm);
      let run = 0;
      return {
        run: async () => ({
          elapsed: 10,
          processor: 10,
          ...(tensor.op === 'convFilterGrad' && took(algorithm, run++)),
        }),
        dispose: async () => {},
      };
    };
    return { begun, begin };
  }

  const choose = (file: string, { begin }: ReturnType<typeof stopwatch>, machine = 'this one') =>
    autotune(program, target, machine, { file: path.join(folder, file) }, begin);

  it('departs from the rules only for a algorithm that is clearly faster, each time, without more work', async () => {
    const clearly = stopwatch((algorithm) => (algorithm === others[1] ? { elapsed: 8 } : {}));
    expect(await choose('clearly.json', clearly)).toEqual({ [convolutionKey(filterGrad)]: others[1] });
    const faintly = stopwatch((algorithm) => (algorithm === others[1] ? { elapsed: 9.5 } : {}));
    expect(await choose('faintly.json', faintly)).toEqual({});
    const atFirst = stopwatch((algorithm, run) => (algorithm === others[1] && run < 3 ? { elapsed: 5 } : {}));
    expect(await choose('at-first.json', atFirst)).toEqual({});
    const byWork = stopwatch((algorithm) => (algorithm === others[1] ? { elapsed: 5, processor: 11 } : {}));
    expect(await choose('by-work.json', byWork)).toEqual({});
  });

  it('stays with the rules where they cannot be tried', async () => {
    const { begin } = stopwatch((algorithm) => (algorithm === others[1] ? { elapsed: 5 } : {}));
    const refused = async (tensor: Convolution, algorithm: string): Promise<Trial> => {
      if (algorithm === rule) throw new Error('no memory');
      return begin(tensor, algorithm);
    };
    const failing = async (tensor: Convolution, algorithm: string): Promise<Trial> => ({
      ...(await begin(tensor, algorithm)),
      run: () => Promise.reject(new Error('no memory')),
    });
    expect(await choose('refused.json', { begun: [], begin: refused })).toEqual({});
    expect(await choose('failing.json', { begun: [], begin: failing })).toEqual({});
  });

  it('is made once for a machine: the next program reads it back', async () => {
    const first = stopwatch((algorithm) => (algorithm === others[0] ? { elapsed: 5 } : {}));
    const algorithms = await choose('once.json', first);
    expect(algorithms).toEqual({ [convolutionKey(filterGrad)]: others[0] });
    const second = stopwatch((algorithm) => (algorithm === others[1] ? { elapsed: 2 } : {}));
    expect(await choose('once.json', second)).toEqual(algorithms);
    expect(second.begun).toEqual([]);
    expect(await choose('once.json', second, 'another')).not.toEqual(algorithms);
    expect(
      await choose(
        'once.json',
        stopwatch(() => ({})),
      ),
    ).toEqual(algorithms);
  });

  it('stands against what a process beside it finds later', async () => {
    const file = path.join(folder, 'beside.json');
    const key = convolutionKey(filterGrad);
    const slower = stopwatch((algorithm) => {
      writeFileSync(file, JSON.stringify({ 'this one': { [key]: others[1] } }));
      return algorithm === others[0] ? { elapsed: 5 } : {};
    });
    expect(await choose('beside.json', slower)).toEqual({ [key]: others[1] });
    expect(JSON.parse(readFileSync(file, 'utf8'))['this one'][key]).toBe(others[1]);
  });

  it.each(['{ "this one": ', '[]', '{ "this one": { "conv": 3 } }'])(
    'passes over a damaged file: %s',
    async (content) => {
      writeFileSync(path.join(folder, 'damaged.json'), content);
      const trial = stopwatch((algorithm) => (algorithm === others[0] ? { elapsed: 5 } : {}));
      expect(await choose('damaged.json', trial)).toEqual({ [convolutionKey(filterGrad)]: others[0] });
      expect(trial.begun).toContain(rule);
    },
  );

  it('passes over algorithms that fail here and shapes that are too small to matter', async () => {
    const failing = stopwatch((algorithm) => {
      if (algorithm !== rule) throw new Error('not on this device');
      return {};
    });
    expect(await choose('failing.json', failing)).toEqual({});
    const small = stopwatch(() => ({}));
    const tiny = threeConvolutions([2, 3, 9, 10], [5, 3, 3, 3], {});
    await autotune(tiny, target, 'this one', { file: path.join(folder, 'small.json') }, small.begin);
    expect(small.begun).toEqual([]);
  });

  it('runs each algorithm at its shapes, on a GPU without feeding it', async () => {
    const small = threeConvolutions([4, 16, 9, 8], [16, 16, 3, 3], { padding: 1 });
    for (const device of [target, { provider: 'webgpu', block: 1 }] as AlgorithmTarget[])
      for (const tensor of convolutionsOf(small))
        for (const algorithm of algorithmsOf(tensor, device).keys()) {
          const trial = await trialIn(runtime, device, options)(tensor, algorithm);
          expect((await trial.run()).elapsed, `${device.provider}, ${algorithm}`).toBeGreaterThan(0);
          await trial.dispose();
        }
  });
});
