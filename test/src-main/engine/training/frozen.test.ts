import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunConfigInput } from '../../../../src-main/contracts/runs.ts';
import type { TrainSpec, WorkerEvent } from '../../../../src-main/contracts/worker-protocol.ts';
import { readCheckpoint } from '../../../../src-main/engine/data/index.ts';
import { onnxExecutor, type Executor } from '../../../../src-main/engine/runtime/index.ts';
import { train } from '../../../../src-main/engine/training/index.ts';
import { makeToy, toySpec, type Toy } from './toy.ts';

const sizePx = 64;
const bundled = {
  startFile: path.resolve('resources/weights/efficientnet-lite0.safetensors'),
  start: {
    name: 'efficientnet-lite0-imagenet',
    sha256: 'dd51c6b7b94161bc99ef5b83e8d4481eac34afcda2de1b990515b73a5617c0df',
  },
};

let toy: Toy;
beforeAll(async () => {
  toy = await makeToy(84);
});
afterAll(() => toy.remove());

const specOf = (name: string, settings: NonNullable<RunConfigInput['settings']>): TrainSpec =>
  toySpec(
    toy,
    name,
    {
      model: 'efficientnet-lite0',
      sizePx,
      epochs: 1,
      start: bundled.start,
      settings: { backbone: 'frozen', ...settings },
    },
    { startFile: bundled.startFile, train: toy.images.slice(0, 30), selection: toy.images.slice(30, 42) },
  );

/** Counts the pictures that the body reads. */
function counting(): { executor: Executor; read(): number } {
  const inner = onnxExecutor();
  let read = 0;
  return {
    read: () => read,
    executor: {
      ...inner,
      async compile(program, ...rest) {
        const session = await inner.compile(program, ...rest);
        const isBody = 'pooled' in program.outputs;
        return {
          ...session,
          run(feeds, ...more) {
            if (isBody) read++;
            return session.run(feeds, ...more);
          },
        };
      },
    },
  };
}

async function run(spec: TrainSpec, executor?: Executor) {
  const events: WorkerEvent[] = [];
  const outcome = await train(spec, { emit: (event) => events.push(event), control: () => null, executor });
  return { outcome, metrics: events.flatMap((event) => (event.kind === 'epoch' ? [event.metrics] : [])) };
}

describe('a run with a frozen backbone', () => {
  it('changes the classifier layer alone, and learns', async () => {
    const spec = specOf('frozen', { flip: false });
    const { outcome, metrics } = await run(spec);
    expect(outcome).toMatchObject({ epochs: 1, ended: 'finished' });
    expect(metrics).toHaveLength(1);
    expect(metrics[0].trainAccuracy).toBe(1);
    expect(metrics[0].accuracy).toBeGreaterThan(0.8);
    const other = specOf('frozen-stronger', { flip: false, headL2: 10 });
    await run(other);
    const [one, two] = await Promise.all(
      [spec, other].map(({ runFolder }) => readCheckpoint(path.join(runFolder, 'best.ckpt'))),
    );
    const changed = [...one.tensors].filter(([name, values]) =>
      values.some((value, i) => value !== two.tensors.get(name)![i]),
    );
    expect(changed.map(([name]) => name)).toEqual(['classifier.weight', 'classifier.bias']);
  });

  it('reads each picture and each copy once, whatever else of the run changes', async () => {
    const settings = { flip: true, outside: 'swap', swappedCopies: 1 } as const;
    const first = counting();
    await run(specOf('copies', settings), first.executor);
    expect(first.read()).toBeGreaterThan(0);
    const second = counting();
    await run(specOf('copies-again', { ...settings, headL2: 1 }), second.executor);
    expect(second.read()).toBe(0);
    // One folder of features for the network, as the first test made it.
    const folders = readdirSync(path.join(toy.folder, 'cache')).filter((name) =>
      name.startsWith('features-'),
    );
    expect(folders).toHaveLength(1);
  });

  it('taken up when it is done, is done, and has all of itself in its folder to be repeated', async () => {
    const spec = specOf('again', { flip: false });
    await run(spec);
    const kept = JSON.parse(readFileSync(path.join(spec.runFolder, 'config.json'), 'utf8'));
    expect(kept).toMatchObject({ ...spec.config, device: 'cpu' });
    const { outcome, metrics } = await run({ ...spec, resume: true });
    expect(outcome).toMatchObject({ epochs: 1, ended: 'finished' });
    expect(metrics).toEqual([]);
  });

  it('refuses penalties and weights that were never trained', async () => {
    const spec = specOf('refused', {});
    const guided = { ...spec, config: { ...spec.config, objective: 'box-aware' } };
    await expect(run(guided)).rejects.toThrow('box-aware changes all layers');
    const scratch = { ...spec, config: { ...spec.config, start: undefined } };
    await expect(run(scratch)).rejects.toThrow('needs trained weights');
  });
});

describe('fine-tuning with the head first', () => {
  it('begins with a classifier that knows the training pictures', async () => {
    const settings = {
      backbone: 'fine-tuned',
      batchNorm: 'eval',
      learningRate: 1e-6,
      flip: false,
      shift: 0,
    } as const;
    const solved = await run(specOf('head-first', { ...settings, headFirst: true }));
    expect(solved.metrics[0].trainAccuracy).toBe(1);
  });
});
