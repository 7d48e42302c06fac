// The same seed gives the same bits: however often a run is paused, and whichever processes it goes on in.

import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunConfigInput } from '../../../../src-main/contracts/runs.ts';
import type { TrainSpec } from '../../../../src-main/contracts/worker-protocol.ts';
import { readCheckpoint } from '../../../../src-main/engine/data/checkpoint.ts';
import { simplify, topologicalOrder } from '../../../../src-main/engine/graph/index.ts';
import {
  convolutionKey,
  algorithmsOf,
  isConvolution,
} from '../../../../src-main/engine/runtime/onnx/algorithms.ts';
import { onnxExecutor, type Executor } from '../../../../src-main/engine/runtime/index.ts';
import { train } from '../../../../src-main/engine/training/train.ts';
import { makeToy, toySpec, type Toy } from './toy.ts';

let toy: Toy;
beforeAll(async () => {
  toy = await makeToy(60);
});
afterAll(() => toy.remove());

const cases: [string, Partial<RunConfigInput>][] = [
  ['standard', { objective: 'standard' }],
  ['box-aware with swapped surroundings', { objective: 'box-aware', settings: { outside: 'swap' } }],
  // Noise of the objective and of dropout, state of the objective and of the optimiser, sums of parts.
  [
    'group DRO with a Hessian penalty',
    {
      objective: 'group-dro+hessian',
      settings: { optimiser: 'adamw', learningRate: 0.002, dropout: 0.3, averageDecay: 0.9, accumulate: 2 },
    },
  ],
];
/** Two epochs of three steps, the last of them padded. */
const specOf = (name: string, config: Partial<RunConfigInput>): TrainSpec =>
  toySpec(
    toy,
    name,
    { epochs: 2, batch: 18, ...config },
    { train: toy.images.slice(0, 48), selection: toy.images.slice(48) },
  );

async function bitsOf({ runFolder }: TrainSpec): Promise<Record<string, Buffer>> {
  const bits: Record<string, Buffer> = {};
  for (const file of ['last.ckpt', 'best.ckpt'])
    for (const [name, values] of (await readCheckpoint(path.join(runFolder, file))).tensors)
      bits[`${file}/${name}`] = Buffer.from(values.buffer);
  return bits;
}

describe.each(cases)('training by %s', (name, config) => {
  let expected: Record<string, Buffer>;
  beforeAll(async () => {
    const spec = specOf(`${name}, straight`, config);
    expect(await train(spec, { emit() {}, control: () => null })).toMatchObject({ ended: 'finished' });
    expected = await bitsOf(spec);
  });

  it('ends with the same bits when it is paused after every step', async () => {
    const spec = specOf(`${name}, paused`, config);
    let sessions = 0;
    for (let ended = 'paused'; ended === 'paused'; sessions++) {
      let looks = 0;
      const outcome = await train(
        { ...spec, resume: sessions > 0 },
        { emit() {}, control: () => (looks++ < 1 ? null : 'pause') },
      );
      ({ ended } = outcome);
    }
    expect(sessions).toBe(6);
    expect(await bitsOf(spec)).toEqual(expected);
  });

  it('ends with the same bits when processes take turns at it', async () => {
    const spec = specOf(`${name}, three processes`, config);
    const file = path.join(toy.folder, 'spec.json');
    const ends: string[] = [];
    for (const steps of [2, 3, 100]) {
      writeFileSync(file, JSON.stringify({ ...spec, resume: ends.length > 0 }));
      const program = path.join(import.meta.dirname, 'train-process.ts');
      const { stdout } = await promisify(execFile)(process.execPath, [program, file, String(steps)]);
      ends.push(stdout.trim());
    }
    expect(ends).toEqual(['paused', 'paused', 'finished']);
    expect(await bitsOf(spec)).toEqual(expected);
  });
});

describe('convolution algorithms', () => {
  const config: Partial<RunConfigInput> = { objective: 'standard' };
  /** As on a machine where another than the rule's is the fastest for every convolution. */
  const otherwise: Executor = {
    ...onnxExecutor(),
    autotune: async ({ outputs }) =>
      Object.fromEntries(
        topologicalOrder(simplify(Object.values(outputs)))
          .filter(isConvolution)
          .map((tensor) => [
            convolutionKey(tensor),
            [...algorithmsOf(tensor, { provider: 'cpu', block: 1 }).keys()].at(-1)!,
          ]),
      ),
  };

  it('of an earlier run repeat its bits where timing or the rules would give others', async () => {
    const hooks = { emit() {}, control: () => null };
    const timed = { ...specOf('timed', config), autotuneFile: path.join(toy.folder, 'none.json') };
    await train(timed, { ...hooks, executor: otherwise });
    const algorithms = JSON.parse(readFileSync(path.join(timed.runFolder, 'algorithms.json'), 'utf8'));
    expect(Object.keys(algorithms).length).toBeGreaterThan(0);

    const again = { ...specOf('repeated', { ...config, algorithms }), autotuneFile: timed.autotuneFile };
    await train(again, hooks);
    const expected = await bitsOf(timed);
    expect(await bitsOf(again)).toEqual(expected);

    // All of the run in one file says so, too.
    const kept = JSON.parse(readFileSync(path.join(timed.runFolder, 'config.json'), 'utf8'));
    expect(kept).toMatchObject({ ...timed.config, params: timed.params, device: 'cpu', algorithms });
    const fromFile = { ...specOf('from its file', kept), autotuneFile: timed.autotuneFile };
    await train(fromFile, hooks);
    expect(await bitsOf(fromFile)).toEqual(expected);

    const ruled = specOf('ruled', { ...config, settings: { convolutions: 'rules' } });
    await train({ ...ruled, autotuneFile: timed.autotuneFile }, { ...hooks, executor: otherwise });
    expect(await bitsOf(ruled)).not.toEqual(expected);
    expect(JSON.parse(readFileSync(path.join(ruled.runFolder, 'algorithms.json'), 'utf8'))).toEqual({});
  });
});
