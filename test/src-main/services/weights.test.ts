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
import { openWeights, writeWeights } from '../../../src-main/engine/data/weights-file.ts';
import { bundled } from '../../../src-main/services/weights-catalogue.ts';
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
    expect(await core.call('weights.list', {})).toHaveLength(7);
    expect(fs.readdirSync(path.join(folder, 'home', 'weights'))).toEqual([]);
  });

  it('that nearly fit are refused with the nearest model and what is wrong: missing, of a type, not finite', async () => {
    const model = modelById('resnet18').build({ classes: 1000, sizePx: 224, pool: 'average' });
    const all = [...model.parameters, ...model.buffers].map(({ name, shape }) => {
      const count = shape.reduce((product, side) => product * side, 1);
      return { name, shape, values: new Float32Array(count).fill(0.25) };
    });
    const file = path.join(folder, 'near.safetensors');
    const refusedWith = async (tensors: typeof all) => {
      await writeWeights(file, tensors, {});
      const { code, message, detail } = await refused(file);
      expect([code, message]).toEqual(['bad-file', 'near.safetensors fits none of the models']);
      return detail.reason;
    };
    expect(await refusedWith(all.filter(({ name }) => !name.includes('running_')))).toMatch(
      /^the nearest is resnet18, but it has no bn1\.running_mean, .* and 37 more$/,
    );
    expect(await refusedWith(all.filter(({ name }) => !name.startsWith('layer4.1.')))).toMatch(
      /^the nearest is resnet18, but it has no layer4\.1\.conv1\.weight, /,
    );
    await writeWeights(file, all, {});
    const halves = fs.readFileSync(file);
    const header = halves.subarray(8, 8 + Number(halves.readBigUInt64LE(0))).toString();
    const entries = JSON.parse(header) as Record<string, { dtype: string; data_offsets: number[] }>;
    for (const [name, entry] of Object.entries(entries)) {
      if (name === '__metadata__') continue;
      entry.dtype = 'F8_E4M3';
      entry.data_offsets = entry.data_offsets.map((at) => at / 4);
    }
    const bytes = Buffer.from(JSON.stringify(entries));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    const payload = (halves.length - 8 - header.length) / 4;
    fs.writeFileSync(file, Buffer.concat([length, bytes, Buffer.alloc(payload)]));
    expect((await refused(file)).detail.reason).toBe(
      'the nearest is resnet18, but conv1.weight is of type F8_E4M3; weights are read as F32, F16, BF16 or F64',
    );

    const last = all.find(({ name }) => name === 'layer4.1.bn2.bias')!;
    last.values[511] = NaN;
    await writeWeights(file, all, {});
    expect((await refused(file)).message).toBe(
      'near.safetensors: layer4.1.bn2.bias has values that are not finite',
    );
    expect(fs.readdirSync(path.join(folder, 'home', 'weights'))).toEqual([]);
  });

  it('of a deeper network are not those of a shallower one', async () => {
    expect((await take(await weightsOf('resnet34'))).models).toEqual(['resnet34']);
  });

  it('that come with the app are listed first, with size, licence and hash, and are what those say', async () => {
    const [first] = await core.call('weights.list', {});
    expect(first).toMatchObject({
      name: 'efficientnet-lite0-imagenet',
      origin: 'bundled',
      models: ['efficientnet-lite0'],
      licence: 'Apache-2.0',
    });
    for (const one of bundled) {
      const bytes = fs.readFileSync(path.join(core.context.options.weightsFolder, one.file));
      expect(bytes.length).toBe(one.sizeBytes);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(one.sha256);
    }
    const file = path.join(core.context.options.weightsFolder, bundled[0].file);
    expect(await take(file)).toEqual(first); // the same weights
    expect(await complaint(() => core.call('weights.get', { name: first.name }))).toMatchObject({
      message: 'efficientnet-lite0-imagenet comes with the app and needs no download',
    });
    expect(fs.existsSync(path.join(folder, 'home', 'weights'))).toBe(false);
  });

  it('that should come with the app and do not are not listed, and a run cannot start from them', async () => {
    const poor = startCore(path.join(folder, 'poor'), { weightsFolder: path.join(folder, 'nothing') });
    expect((await poor.call('weights.list', {})).map(({ origin }) => origin)).not.toContain('bundled');
    const [{ name, sha256, model }] = bundled;
    const asked = { start: { name, sha256 }, config: { model, sizePx: 64 }, classes: 2 };
    expect(await complaint(() => poor.call('weights.fit', asked))).toMatchObject({ code: 'not-found' });
  });

  it('of the catalogue come from the hub, or the mirror that a person names', async () => {
    const get = { name: 'resnet18-imagenet' };
    onTestFinished(() => {
      vi.unstubAllEnvs();
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
    const { port } = server.address() as AddressInfo;
    vi.stubEnv('FOVEA_WEIGHTS_BASE', '');
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:2');
    const offline = await core.jobEnded(await core.call('weights.get', get));
    expect(offline.error).toMatchObject({
      code: 'unavailable',
      message: 'resnet18-imagenet cannot be downloaded: 127.0.0.1:2 cannot be reached',
    });
    vi.stubEnv('FOVEA_WEIGHTS_BASE', `http://127.0.0.1:${port}/`);
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
    objective: 'standard',
    model: 'resnet8',
    sizePx: 16,
    epochs: 1,
    batch: 2,
    seed: 1,
    device: 'cpu',
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
      loaded: 45,
      fresh: ['fc.weight', 'fc.bias'],
      skipped: ['fc.weight', 'fc.bias'],
    });
    const run = await core.call('runs.start', { ...config, start });
    expect(run.config.start).toEqual(start);
    expect((await core.jobEnded(run.jobId!)).error).toBeNull();
    const { tensors } = await readCheckpoint(checkpointOf(core.context.project(), run.id));
    expect([...new Set(tensors.get('layer1.0.conv1.weight'))]).toEqual([0.25]); // nothing was learnt at rate 0
    expect(tensors.get('fc.weight')).toHaveLength(2 * 64);
    expect(new Set(tensors.get('fc.weight')).size).toBeGreaterThan(100);
  });

  it('can start from those that come with the app, which are read where they lie', async () => {
    const [own] = await core.call('weights.list', {});
    const start = startOf(own);
    const settings = { ...config.settings, freeze: 'backbone' as const };
    const asked = { ...config, model: 'efficientnet-lite0', sizePx: 64, settings, start };
    expect(await core.call('weights.fit', { start, config: asked, classes: 2 })).toMatchObject({
      fresh: ['classifier.weight', 'classifier.bias'],
    });
    const run = await core.call('runs.start', asked);
    expect((await core.jobEnded(run.jobId!)).error).toBeNull();
    const { tensors } = await readCheckpoint(checkpointOf(core.context.project(), run.id));
    const file = await openWeights(path.join(core.context.options.weightsFolder, bundled[0].file));
    const name = 'blocks.2.0.conv_dw.weight';
    const stored = await file.read(file.tensors.find((one) => one.name === name)!);
    await file.close();
    expect(tensors.get(name)).toEqual(stored);
  });

  it('starts as its model usually does unless scratch is asked for, with settings that suit the weights', async () => {
    const session = { core, finish: (id: JobId) => core.jobEnded(id) } as unknown as Session;
    const light = { ...config, model: 'efficientnet-lite0', sizePx: 64 };
    const [own] = await core.call('weights.list', {});
    expect(await withStart(session, { ...light, settings: { clipNorm: 2 } }, undefined)).toMatchObject({
      start: startOf(own),
      settings: { batchNorm: 'eval', learningRate: 0.01, clipNorm: 2 },
    });
    expect(await withStart(session, light, 'scratch')).toEqual(light);
    expect(await withStart(session, config, undefined)).toEqual(config); // its model has none
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
