import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FromWorker, WorkerCall, WorkerEvent } from '../../../src-main/contracts/worker-protocol.ts';
import { readCheckpoint } from '../../../src-main/engine/data/index.ts';
import { makeToy, toyClasses, toySpec, type Toy } from '../engine/training/toy.ts';

const entry = fileURLToPath(new URL('../../../src-main/worker/main.ts', import.meta.url));
let toy: Toy;
const workers: ChildProcess[] = [];
beforeAll(async () => {
  toy = await makeToy(84);
});
afterAll(() => toy.remove());
afterEach(() => {
  for (const worker of workers.splice(0)) if (worker.exitCode === null) worker.kill('SIGKILL');
});

async function start(): Promise<ChildProcess> {
  const worker = fork(entry, [], { serialization: 'advanced' });
  workers.push(worker);
  const [message] = (await once(worker, 'message')) as [FromWorker];
  expect(message).toEqual({ ready: true });
  return worker;
}

let lastId = 0;
type Reply = Exclude<FromWorker, { ready: true } | { event: WorkerEvent }>;
function call(
  worker: ChildProcess,
  name: WorkerCall,
  input: unknown,
  onEvent: (event: WorkerEvent, id: number) => void = () => {},
): Promise<Reply> {
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      if (!('id' in message) || message.id !== id) return;
      if ('event' in message) onEvent(message.event, id);
      else resolve(message);
    });
    worker.once('exit', () => reject(new Error('the worker has ended')));
    worker.send({ id, call: name, input });
  });
}

describe('the worker process', () => {
  it('answers calls side by side, errors as records', async () => {
    const worker = await start();
    const lying = path.join(toy.folder, 'lying.png');
    writeFileSync(lying, 'no picture');
    const [good, bad, missing, unknown] = await Promise.all([
      call(worker, 'probe', { file: toy.images[0].file }),
      call(worker, 'probe', { file: lying }),
      call(worker, 'probe', { file: path.join(toy.folder, 'none.png') }),
      call(worker, 'nonsense' as WorkerCall, {}),
    ]);
    expect(good).toMatchObject({
      ok: true,
      value: { widthPx: 16, contentHash: toy.images[0].contentHash },
    });
    expect(bad).toMatchObject({ ok: false, error: { code: 'bad-file' } });
    expect(missing).toMatchObject({ ok: false, error: { code: 'not-found' } });
    expect(unknown).toMatchObject({ ok: false, error: { code: 'internal' } });
  });

  it('finds the CPU able to train', async () => {
    const answer = await call(await start(), 'tryDevice', { device: 'cpu' });
    expect(answer).toMatchObject({ ok: true, value: { id: 'cpu', available: true } });
  });

  it('ends when its parent lets go of it', async () => {
    const worker = await start();
    worker.disconnect();
    expect(await once(worker, 'exit')).toEqual([0, null]);
  });

  it('trains, pauses between steps, evaluates and explains', async () => {
    const worker = await start();
    const spec = toySpec(toy, 'through-worker', { epochs: 30 });
    let seen = 0;
    const trained = await call(worker, 'train', spec, (event, id) => {
      if (event.kind === 'epoch' && ++seen === 2) worker.send({ id, control: 'stop' });
    });
    expect(trained).toMatchObject({ ok: true, value: { ended: 'stopped', device: 'cpu' } });
    const model = {
      config: spec.config,
      classes: toyClasses,
      checkpoint: path.join(spec.runFolder, 'best.ckpt'),
    };
    const { cacheFolder } = spec;
    const images = toy.images.slice(60);
    const measures = [{ id: 'accuracy', params: {} }];
    const evaluated = await call(worker, 'evaluate', {
      model,
      images,
      cacheFolder,
      measures,
      groups: [],
      against: [],
      seed: 1,
    });
    expect(evaluated).toMatchObject({ ok: true, value: { metrics: [{ measure: 'accuracy', skipped: 0 }] } });
    const asked = {
      model,
      image: images[0],
      method: 'grad-cam',
      params: {},
      target: 1,
      cacheFolder,
      eps: 0,
    };
    const explained = await call(worker, 'explain', asked);
    expect(explained).toMatchObject({
      ok: true,
      value: { values: expect.any(Float32Array), targetIndex: 1 },
    });
  });

  it('killed while training goes on from its checkpoint to the weights of an uninterrupted run', async () => {
    // Long enough that the worker is far from its end when it is killed. Steps are told of a few times a second, so an
    // epoch can go by without one: the first that is heard after two epochs is the one.
    const epochs = 24;
    const config = { objective: 'box-aware', epochs, settings: { outside: 'swap' } } as const;
    const straight = toySpec(toy, 'not-killed', config);
    expect(await call(await start(), 'train', straight)).toMatchObject({ ok: true });

    const killed = toySpec(toy, 'killed', config);
    const victim = await start();
    let ended = 0;
    const end = call(victim, 'train', killed, (event) => {
      if (event.kind === 'epoch') ended += 1;
      if (event.kind === 'step' && ended >= 2) victim.kill('SIGKILL');
    });
    await expect(end).rejects.toThrow('the worker has ended');
    expect(ended).toBeLessThan(epochs);

    const resumed = await call(await start(), 'train', { ...killed, resume: true });
    expect(resumed).toMatchObject({ ok: true, value: { epochs, ended: 'finished' } });
    for (const name of ['last.ckpt', 'best.ckpt']) {
      const [a, b] = await Promise.all(
        [straight, killed].map((spec) => readCheckpoint(path.join(spec.runFolder, name))),
      );
      expect([...b.tensors.keys()]).toEqual([...a.tensors.keys()]);
      for (const [key, values] of a.tensors)
        expect(Buffer.from(b.tensors.get(key)!.buffer).equals(Buffer.from(values.buffer))).toBe(true);
    }
    expect(readFileSync(path.join(killed.runFolder, 'last.ckpt')).length).toBeGreaterThan(1000);
  });
});
