import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { AppError } from '../../../src-main/contracts/errors.ts';
import { withStart } from '../../../src-main/cli/weights.ts';
import type { Session } from '../../../src-main/cli/session.ts';
import type { JobId, RunId } from '../../../src-main/contracts/ids.ts';
import type { RunConfigInput } from '../../../src-main/contracts/runs.ts';
import type { WeightsInfo } from '../../../src-main/contracts/weights.ts';
import { modelById, type ModelOptions } from '../../../src-main/engine/nn/index.ts';
import { readCheckpoint } from '../../../src-main/engine/data/checkpoint.ts';
import { writeWeights } from '../../../src-main/engine/data/weights-file.ts';
import { checkpointOf } from '../../../src-main/services/run-records.ts';
import { classFolders, importFrom, scratchFolder, startCore, type TestCore } from './scratch-core.ts';

let folder: string;
let core: TestCore;
beforeEach(() => {
  folder = scratchFolder();
  core = startCore(path.join(folder, 'home'));
});

/** A file with the weights of a model, each value `value`; its path. */
async function weightsOf(
  id: string,
  options: Partial<ModelOptions> = {},
  name = `${id}.safetensors`,
  value = 0.25,
): Promise<string> {
  const model = modelById(id).build({ classes: 1000, sizePx: 224, pool: 'average', ...options });
  const file = path.join(folder, name);
  const tensors = [...model.parameters, ...model.buffers].map(({ name, shape }) => {
    const count = shape.reduce((product, side) => product * side, 1);
    return { name, shape, values: new Float32Array(count).fill(value) };
  });
  await writeWeights(file, tensors, {});
  return file;
}
const complaint = (work: () => Promise<unknown>): Promise<AppError> =>
  work().then(
    () => expect.unreachable('it was not refused'),
    (thrown: unknown) => thrown as AppError,
  );
const take = (file: string) => core.call('weights.import', { file: core.refer(file) });
const refused = (file: string) => complaint(() => take(file));

describe('weights', () => {
  it('of a file are taken in once, with the models that can start from them', async () => {
    const file = await weightsOf('resnet8');
    const taken = await take(file);
    expect(taken).toMatchObject({ name: 'resnet8', origin: 'file', models: ['resnet8'], licence: null });
    expect(taken.sha256).toBe(createHash('sha256').update(fs.readFileSync(file)).digest('hex'));
    fs.renameSync(file, path.join(folder, 'other.safetensors'));
    expect(await take(path.join(folder, 'other.safetensors'))).toEqual(taken);
    const another = await take(await weightsOf('resnet8', {}, 'resnet8.safetensors', 0.5));
    expect(another.name).toBe('resnet8-2');
    const names = (await core.call('weights.list', {})).map(({ name }) => name);
    expect(names.slice(-2)).toEqual(['resnet8', 'resnet8-2']);
  });

  it('that fit no model, are damaged or are a pickle are refused in one line', async () => {
    const strange = path.join(folder, 'strange.safetensors');
    await writeWeights(strange, [{ name: 'a', shape: [1], values: Float32Array.of(1) }], {});
    expect(await refused(strange)).toMatchObject({
      code: 'bad-file',
      message: 'strange.safetensors fits none of the models',
    });
    fs.truncateSync(strange, fs.statSync(strange).size - 1);
    expect((await refused(strange)).message).toContain(
      'strange.safetensors cannot be read as weights: a: it ends',
    );
    const pickle = path.join(folder, 'resnet18.pth');
    fs.writeFileSync(pickle, Buffer.from('PK\x03\x04and so on', 'latin1'));
    expect((await refused(pickle)).message).toContain('resnet18.pth is a PyTorch pickle');
    expect(await core.call('weights.list', {})).toHaveLength(6);
    expect(fs.readdirSync(path.join(folder, 'home', 'weights'))).toEqual([]);
  });

  it('of the catalogue come from the host that a person names, and only from there', async () => {
    const get = { name: 'resnet18-imagenet' };
    vi.stubEnv('FOVEA_WEIGHTS_BASE', '');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    expect(await complaint(() => core.call('weights.get', get))).toMatchObject({
      code: 'unavailable',
      message: 'resnet18-imagenet cannot be downloaded: nobody said from where',
    });
    expect(await complaint(() => core.call('weights.get', { name: 'resnet19' }))).toMatchObject({
      code: 'not-found',
    });

    const bytes = fs.readFileSync(await weightsOf('resnet18'));
    const hash = createHash('sha256').update(bytes).digest('hex');
    const wanted: string[] = [];
    const server = createServer((request, response) => {
      wanted.push(request.url!);
      response.writeHead(200, { 'content-length': bytes.length, 'x-linked-etag': `"${hash}"` }).end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
    });
    vi.stubEnv('FOVEA_WEIGHTS_BASE', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const job = await core.jobEnded(await core.call('weights.get', get));
    expect(job).toMatchObject({ state: 'done', error: null });
    expect(job.result as WeightsInfo).toMatchObject({ name: get.name, sha256: hash, models: ['resnet18'] });
    expect(wanted).toEqual(['/timm/resnet18.tv_in1k/resolve/main/model.safetensors']);
    await core.jobEnded(await core.call('weights.get', get));
    expect(wanted).toHaveLength(1); // it is here
  });
});

describe('a run that starts from weights', () => {
  const config: RunConfigInput = {
    ...{ objective: 'standard', model: 'resnet8', sizePx: 16, epochs: 1, batch: 2, seed: 1, device: 'cpu' },
    settings: { learningRate: 0, warmUpEpochs: 0, weightDecay: 0 },
  };
  const startOf = ({ name, sha256 }: WeightsInfo) => ({ name, sha256: sha256! });
  beforeEach(async () => {
    await core.call('projects.create', { name: 'Animals' });
    await importFrom(core, await classFolders(path.join(folder, 'pictures'), 4));
  });

  it('has their body and a classifier of its own, and says so in its record', async () => {
    const start = startOf(await take(await weightsOf('resnet8')));
    expect(await core.call('weights.fit', { start, config, classes: 2 })).toEqual({
      ...{ loaded: 45, fresh: ['fc.weight', 'fc.bias'], skipped: ['fc.weight', 'fc.bias'] },
    });
    const run = await core.call('runs.start', { ...config, start });
    expect(run.config.start).toEqual(start);
    expect((await core.jobEnded(run.jobId!)).error).toBeNull();
    const { tensors } = await readCheckpoint(checkpointOf(core.context.project(), run.id));
    expect([...new Set(tensors.get('layer1.0.conv1.weight'))]).toEqual([0.25]); // nothing was learnt at rate 0
    expect(tensors.get('fc.weight')).toHaveLength(2 * 64);
    expect(new Set(tensors.get('fc.weight')).size).toBeGreaterThan(100);
  });

  it('can go on with what another run has learnt, its classifier too', async () => {
    const first = await core.call('runs.start', { ...config, settings: { pool: 'max' } });
    expect((await core.jobEnded(first.jobId!)).error).toBeNull();
    const job = await core.jobEnded(await core.call('weights.ofRun', { runId: first.id }));
    expect(job.error).toBeNull();
    const taken = job.result as WeightsInfo;
    expect(taken).toMatchObject({ name: 'Animals, run 1', origin: 'run', models: ['resnet8'] });
    const again = await core.jobEnded(await core.call('weights.ofRun', { runId: first.id }));
    expect(again.result).toEqual(taken); // the same weights
    expect(fs.readdirSync(path.join(folder, 'home', 'weights')).sort()).toEqual(
      [`${taken.sha256}.safetensors`, 'index.json'].sort(),
    );

    const session = { core, finish: (id: JobId) => core.jobEnded(id) } as unknown as Session;
    const further = await withStart(session, config, 'run:1');
    expect(further).toMatchObject({ start: startOf(taken), settings: { pool: 'max', learningRate: 0 } });
    const second = await core.call('runs.start', further);
    expect((await core.jobEnded(second.jobId!)).error).toBeNull();
    const [before, after] = await Promise.all(
      [first, second].map(({ id }) => readCheckpoint(checkpointOf(core.context.project(), id))),
    );
    for (const name of ['layer1.0.conv1.weight', 'fc.weight'])
      expect(after.tensors.get(name)).toEqual(before.tensors.get(name)); // nothing was learnt at rate 0
    expect(await complaint(() => core.call('weights.ofRun', { runId: 9 as RunId }))).toMatchObject({
      message: 'there is no run 9 in this project',
    });
  });

  it('is refused before it begins when they are of another model or not here, as is a model with options it lacks', async () => {
    const start = startOf(await take(await weightsOf('resnet18')));
    expect((await complaint(() => core.call('runs.start', { ...config, start }))).message).toMatch(
      /^resnet18 does not fit resnet8: /,
    );
    const gone = { name: 'gone', sha256: '0'.repeat(64) };
    expect(await complaint(() => core.call('runs.start', { ...config, start: gone }))).toMatchObject({
      code: 'not-found',
    });
    const unfit = { ...config, model: 'mlp', settings: { pool: 'max' as const } };
    expect((await complaint(() => core.call('runs.start', unfit))).message).toContain(
      'mlp has no global pooling',
    );
    expect(await core.call('runs.list', {})).toEqual([]);
  });
});
