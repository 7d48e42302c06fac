import fs from 'node:fs';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RunConfigInput } from '../../../src-main/contracts/runs.ts';
import type { ExportOutcome, ExportSpec } from '../../../src-main/contracts/worker-protocol.ts';
import { onnxExecutor, type Executor } from '../../../src-main/engine/runtime/index.ts';
import { readCheckpoint } from '../../../src-main/engine/data/index.ts';
import { exportModel } from '../../../src-main/engine/inference/index.ts';
import { openWeights } from '../../../src-main/engine/data/weights-file.ts';
import { decodeRgb } from '../../../src-main/imaging/index.ts';
import { cacheFolderOf } from '../../../src-main/core/open-project.ts';
import { checkpointOf, modelOf, imagesOf, storedRun } from '../../../src-main/services/run-records.ts';
import {
  classFolders,
  importFrom,
  refusal,
  scratchFolder,
  startCore,
  type TestCore,
} from './scratch-core.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const config: RunConfigInput = {
  objective: 'standard',
  model: 'smallcnn',
  sizePx: 16,
  epochs: 1,
  batch: 4,
  seed: 1,
  device: 'cpu',
  settings: { activation: 'softplus', dropout: 0.1, adl: true },
};

let folder: string;
let core: TestCore;
beforeEach(async () => {
  folder = scratchFolder();
  core = startCore(path.join(folder, 'home'));
  await core.call('projects.create', { name: 'Animals' });
  await importFrom(core, await classFolders(path.join(folder, 'pictures'), 20));
  const run = await core.call('runs.start', config);
  expect((await core.jobEnded(run.jobId!)).error).toBeNull();
});

const run = () => storedRun(core.context.project(), 1 as never);
const asked = (name: string, format: 'onnx' | 'safetensors') => ({
  runId: run().id,
  format,
  name,
  folder: core.refer(folder),
});
const exported = async (name: string, format: 'onnx' | 'safetensors' = 'onnx'): Promise<ExportOutcome> => {
  const job = await core.jobEnded(await core.call('exports.model', asked(name, format)));
  expect(job.error).toBeNull();
  return job.result as ExportOutcome;
};
/** The same call in this process. */
function specOf(out: string): ExportSpec {
  const project = core.context.project();
  const snapshot = project.store.snapshots.load(run().snapshotId);
  return {
    out,
    format: 'onnx',
    metadata: {},
    model: modelOf(project, run()),
    images: imagesOf(project, run(), snapshot, 'train'),
    cacheFolder: cacheFolderOf(project),
  };
}

describe('an exported model', () => {
  it('answers in plain ONNX Runtime as the run does, for whole pictures, several at a time', async () => {
    const outcome = await exported('m.onnx');
    expect(outcome).toMatchObject({ batch: 'any', pictures: 32 });
    expect(outcome.logitDifference).toBeLessThan(1e-4);
    expect(outcome.probabilityDifference).toBeLessThan(0.02);
    const session = await ort.InferenceSession.create(path.join(folder, 'm.onnx'));
    onTestFinished(() => session.release());
    expect([session.inputNames, session.outputNames]).toEqual([['image'], ['logits', 'probabilities']]);

    const evaluation = (await core.call('jobs.list', {})).find((job) => job.kind === 'evaluate')!;
    await core.jobEnded(evaluation.id);
    const seen = (await core.call('evaluations.images', { runId: run().id })).slice(0, 3);
    const whole = await Promise.all(
      seen.map(({ imageId }) => {
        const { file } = core.context.project().store.images.byId(imageId)!;
        return decodeRgb(file, { width: 16, height: 12 });
      }),
    );
    const images = new ort.Tensor('uint8', Buffer.concat(whole), [3, 12, 16, 3]);
    const { probabilities } = await session.run({ image: images });
    expect(probabilities.dims).toEqual([3, 2]);
    const classes = run().trainedOn.classes.map(({ classId }) => classId);
    seen.forEach(({ classId, trueScore }, i) => {
      const own = (probabilities.data as Float32Array)[2 * i + classes.indexOf(classId)];
      expect(Math.abs(own - trueScore)).toBeLessThan(0.02); // the pictures were stretched by other code
    });

    const text = fs.readFileSync(path.join(folder, 'm.onnx'), 'latin1');
    for (const words of [
      '["cat","dog"]',
      'uint8 [N, height, width, 3]',
      '"activation":"softplus"',
      'Fovea 0.0.0',
    ])
      expect(text).toContain(words);
    expect(text).not.toContain('com.microsoft');
  });

  it('as safetensors holds the very weights of the run under their usual names', async () => {
    const outcome = await exported('m.safetensors', 'safetensors');
    const file = await openWeights(path.join(folder, 'm.safetensors'));
    onTestFinished(() => file.close());
    const { tensors } = await readCheckpoint(checkpointOf(core.context.project(), run().id));
    expect(file.tensors.map(({ name }) => name)).toContain('stage1.conv1.weight');
    for (const tensor of file.tensors) expect(await file.read(tensor)).toEqual(tensors.get(tensor.name));
    expect(file.metadata.get('classes')).toBe('["cat","dog"]');
    expect(outcome.sizeBytes).toBe(fs.statSync(path.join(folder, 'm.safetensors')).size);
    // And a run can start from it.
    const taken = await core.call('weights.import', { file: core.refer(path.join(folder, 'm.safetensors')) });
    expect(taken.models).toEqual(['smallcnn']);
  });

  it('is refused where a file is, under a name that is no model’s, and when it does not answer as the run does', async () => {
    fs.writeFileSync(path.join(folder, 'mine.onnx'), 'mine');
    expect(await refusal(core, 'exports.model', asked('mine.onnx', 'onnx'))).toBe('conflict');
    for (const name of ['../m.onnx', 'm.txt', '.onnx', 'a/b.onnx'])
      expect(await refusal(core, 'exports.model', asked(name, 'onnx'))).toBe('bad-input');
    expect(fs.readFileSync(path.join(folder, 'mine.onnx'), 'utf8')).toBe('mine');

    const astray: Executor = {
      ...onnxExecutor(),
      async compile(program) {
        const session = await onnxExecutor().compile(program);
        return {
          ...session,
          async run(feeds) {
            const { logits, ...rest } = await session.run(feeds);
            return { ...rest, logits: logits.map((value, i) => value + (i === 0 ? 1e-3 : 0)) };
          },
        };
      },
    };
    const out = path.join(folder, 'astray.onnx');
    const hooks = { progress: () => {}, cancelled: () => false, executor: astray };
    await expect(exportModel(specOf(out), hooks)).rejects.toMatchObject({
      code: 'conflict',
      message: 'the exported model does not answer as the run does, so nothing was written',
    });
    expect(fs.readdirSync(folder).filter((name) => name.startsWith('astray'))).toEqual([]);
  });
});
