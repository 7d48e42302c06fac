import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EpochMetrics } from '../../../../src-main/contracts/runs.ts';
import type {
  Control,
  TrainOutcome,
  TrainSpec,
  WorkerEvent,
} from '../../../../src-main/contracts/worker-protocol.ts';
import {
  architectureOf,
  readCheckpoint,
  readWeights,
  writeCheckpoint,
} from '../../../../src-main/engine/data/index.ts';
import { train } from '../../../../src-main/engine/training/index.ts';
import { onnxExecutor, type Executor } from '../../../../src-main/engine/runtime/index.ts';
import { isBetter } from '../../../../src-main/engine/training/run-record.ts';
import { makeToy, toySpec, type Toy } from './toy.ts';

let toy: Toy;
beforeAll(async () => {
  toy = await makeToy(84);
});
afterAll(() => toy.remove());

/** Trains; `ask` is called before every step with the number of finished epochs and of steps begun. */
async function run(
  spec: TrainSpec,
  ask: (epochs: number, looks: number) => Control | null = () => null,
  executor?: Executor,
): Promise<{ outcome: TrainOutcome; events: WorkerEvent[] }> {
  const events: WorkerEvent[] = [];
  let looks = 0;
  const outcome = await train(spec, {
    emit: (event) => events.push(event),
    executor,
    control: () => ask(events.filter((event) => event.kind === 'epoch').length, looks++),
  });
  return { outcome, events };
}

/** Every float of the run's state, as bytes. */
async function finalState(spec: TrainSpec, file = 'last.ckpt'): Promise<Record<string, Buffer>> {
  const { tensors } = await readCheckpoint(path.join(spec.runFolder, file));
  return Object.fromEntries([...tensors].map(([name, values]) => [name, Buffer.from(values.buffer)]));
}

const epochsOf = (events: WorkerEvent[]) =>
  events.flatMap((event) => (event.kind === 'epoch' ? [event.metrics] : []));
const warningsOf = (events: WorkerEvent[]) =>
  events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));
const boxAware = { objective: 'box-aware', settings: { outside: 'swap' } } as const;

describe('training', () => {
  it('learns the toy set, from the first epoch on telling of each', async () => {
    const spec = toySpec(toy, 'learns', { epochs: 6 }, { pinned: [62, 3] });
    const { outcome, events } = await run(spec);
    expect(outcome).toMatchObject({ epochs: 6, device: 'cpu', ended: 'finished' });
    expect(outcome.best!.accuracy).toBeGreaterThan(0.9);
    const metrics = epochsOf(events);
    expect(metrics.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(metrics.at(-1)!.loss.class).toBeLessThan(metrics[0].loss.class / 2);
    // Of the two pinned pictures only the first is of the selection split.
    const pinned = events.flatMap((event) => (event.kind === 'pinned' ? [event] : []));
    expect(pinned.map(({ epoch, imageId }) => [epoch, imageId])).toEqual(
      [1, 2, 3, 4, 5, 6].map((epoch) => [epoch, 62]),
    );
    const [step] = events.flatMap((event) => (event.kind === 'step' ? [event.step] : []));
    expect(step).toMatchObject({ runId: 1, epoch: 1, epochs: 6, steps: 4, patienceLeft: null });
  });

  it('weighs the groups that training pictures are in, and refuses to if there is none', async () => {
    const groupDro = { objective: 'group-dro', epochs: 1, groupBy: 'sticker' };
    const spec = toySpec(toy, 'groups', groupDro, { groups: ['a', 'b', 'c', 'd'] });
    // One in four has no group, and nobody is in the first or the last.
    spec.train = spec.train.map((image, i) => (i % 4 === 3 ? image : { ...image, group: 1 + (i % 2) }));
    const [{ loss }] = epochsOf((await run(spec)).events);
    const { tensors } = await readCheckpoint(path.join(spec.runFolder, 'last.ckpt'));
    const shares = tensors.get('objective/groupShares')!;
    expect(shares).toHaveLength(2);
    expect(shares[0] + shares[1]).toBeCloseTo(1, 5);
    // The mean loss of two groups, not a half of it because two of four are empty.
    expect(loss.class).toBeGreaterThan(0.6);

    const none = toySpec(toy, 'no-groups', groupDro, { groups: ['a', 'b', 'c', 'd'] });
    await expect(run(none)).rejects.toThrow('no training picture has the attribute "sticker"');
  });

  it('gives the same weights bit for bit for the same seed, others for another', async () => {
    const one = toySpec(toy, 'same-1', boxAware);
    const two = toySpec(toy, 'same-2', boxAware);
    const other = toySpec(toy, 'other', { ...boxAware, seed: 6 });
    await run(one);
    await run(two);
    await run(other);
    const state = await finalState(one);
    expect(await finalState(two)).toEqual(state);
    expect((await finalState(other))['conv1.weight'].equals(state['conv1.weight'])).toBe(false);
  });

  it('equals uninterrupted training when paused between epochs and within one', async () => {
    const config = { ...boxAware, epochs: 4 };
    const straight = toySpec(toy, 'straight', config);
    const { outcome, events } = await run(straight);

    const paused = toySpec(toy, 'paused', config);
    const first = await run(paused, (epochs) => (epochs === 2 ? 'pause' : null));
    expect(first.outcome).toMatchObject({ epochs: 2, ended: 'paused' });
    const again = { ...paused, resume: true };
    const second = await run(again, (_, looks) => (looks === 3 ? 'pause' : null)); // three steps into epoch 3
    expect(second.outcome).toMatchObject({ epochs: 2, ended: 'paused' });
    const third = await run(again);
    expect(third.outcome).toMatchObject({ epochs: 4, ended: 'finished', best: outcome.best });

    expect(await finalState(paused)).toEqual(await finalState(straight));
    expect(await finalState(paused, 'best.ckpt')).toEqual(await finalState(straight, 'best.ckpt'));
    const timeless = (metrics: EpochMetrics[]) =>
      metrics.map((one) => ({ ...one, seconds: 0, picturesPerSecond: 0 }));
    const log = timeless(epochsOf(events));
    expect(timeless(epochsOf(first.events))).toEqual(log.slice(0, 2));
    expect(timeless(epochsOf(third.events))).toEqual(log.slice(2));
    // All epochs before the pause are told of again, with the best of them.
    for (const session of [second, third]) {
      const [resumed] = session.events.flatMap((event) => (event.kind === 'resumed' ? [event] : []));
      expect(timeless(resumed.metrics)).toEqual(log.slice(0, 2));
      expect(resumed.best).toEqual(first.outcome.best);
    }
  });

  it('begins anew when it is to go on but was killed before its first checkpoint', async () => {
    const straight = toySpec(toy, 'never-killed', { epochs: 1 });
    await run(straight);
    const killed = toySpec(toy, 'killed-early', { epochs: 1 }, { resume: true });
    const { events } = await run(killed);
    expect(await finalState(killed)).toEqual(await finalState(straight));
    expect(warningsOf(events)).toEqual([]); // it never began
  });

  it('without its last.ckpt says that it begins again, and keeps its best.ckpt until it has trained as far', async () => {
    const config = { ...boxAware, epochs: 5 };
    const straight = toySpec(toy, 'has-last', config);
    const { outcome } = await run(straight);
    const best = outcome.best!.epoch;
    expect(best).toBeGreaterThan(1);

    const spec = toySpec(toy, 'lost-last', config);
    const first = await run(spec, (epochs) => (epochs === best ? 'pause' : null));
    expect(first.outcome.best).toEqual(outcome.best);
    const kept = await finalState(spec, 'best.ckpt');
    rmSync(path.join(spec.runFolder, 'last.ckpt'));

    const again = { ...spec, resume: true };
    const second = await run(again, (epochs) => (epochs === 1 ? 'pause' : null));
    expect(second.events.find(({ kind }) => kind === 'resumed')).toEqual({
      kind: 'resumed',
      metrics: [],
      best: outcome.best,
    });
    expect(warningsOf(second.events)).toEqual([
      'the run begins again at epoch 1: there is no last.ckpt in its folder; ' +
        `best.ckpt of epoch ${best} is kept until epoch ${best} is trained again`,
    ]);
    expect(second.outcome).toMatchObject({ epochs: 1, best: outcome.best });
    expect(await finalState(spec, 'best.ckpt')).toEqual(kept);
    const third = await run(again);
    expect(third.outcome).toMatchObject({ epochs: 5, ended: 'finished', best: outcome.best });
    expect(warningsOf(third.events)).toEqual([]);
    expect(await finalState(spec)).toEqual(await finalState(straight));
    expect(await finalState(spec, 'best.ckpt')).toEqual(await finalState(straight, 'best.ckpt'));
  });

  it('says in one line that it goes on with the steps of another version, once', async () => {
    const spec = toySpec(toy, 'older-steps', { epochs: 3 });
    const first = await run(spec, (epochs) => (epochs === 1 ? 'pause' : null));
    expect(warningsOf(first.events)).toEqual([]);
    const last = path.join(spec.runFolder, 'last.ckpt');
    const { tensors, record } = await readCheckpoint(last);
    // As it was written before checkpoints had a version of their steps.
    const { stepVersion: _, ...older } = record as Record<string, unknown>;
    const shapes = [...tensors].map(([name, { length }]) => ({ name, shape: [length] }));
    await writeCheckpoint(last, shapes, tensors, older);

    const second = await run({ ...spec, resume: true }, (epochs) => (epochs === 1 ? 'pause' : null));
    expect(warningsOf(second.events)).toEqual([
      expect.stringMatching(/^epoch 2 on is computed by another version of Fovea than the epochs before/),
    ]);
    const third = await run({ ...spec, resume: true });
    expect(third.outcome).toMatchObject({ epochs: 3, ended: 'finished' });
    expect(warningsOf(third.events)).toEqual([]);
  });

  it('computes few images that have no equal parts whole, and says so', async () => {
    const spec = toySpec(toy, 'no-parts', { epochs: 1, settings: { accumulate: 2 } });
    spec.train = spec.train.slice(0, 7);
    const { events } = await run(spec);
    expect(warningsOf(events)).toEqual([
      'a batch of 7 pictures has no equal parts of two or more: it is computed whole',
    ]);
  });

  it('refuses to go on with other boxes or settings', async () => {
    const spec = toySpec(toy, 'changed');
    await run(spec);
    const train = spec.train.map((image, i) => (i === 0 ? { ...image, regions: [] } : image));
    await expect(run({ ...spec, train, resume: true })).rejects.toMatchObject({ code: 'conflict' });
    const config = { ...spec.config, seed: 9 };
    await expect(run({ ...spec, config, resume: true })).rejects.toMatchObject({ code: 'conflict' });
    const moved = spec.train.map((image) => ({ ...image, file: `${image.file}.moved` }));
    expect((await run({ ...spec, train: moved, resume: true })).outcome.ended).toBe('finished');
  });

  it('keeps the best epoch when stopped', async () => {
    const spec = toySpec(toy, 'stopped', { epochs: 50 });
    const { outcome } = await run(spec, (epochs) => (epochs === 2 ? 'stop' : null));
    expect(outcome).toMatchObject({ epochs: 2, ended: 'stopped' });
    expect(outcome.best!.epoch).toBeLessThanOrEqual(2);
    const architecture = architectureOf(spec.config, 3);
    await expect(readWeights(path.join(spec.runFolder, 'best.ckpt'), architecture)).resolves.toBeDefined();
  });

  it('has something to keep even when stopped before the first epoch ends', async () => {
    const spec = toySpec(toy, 'stopped-early', { epochs: 50 });
    const { outcome, events } = await run(spec, () => 'stop');
    expect(outcome).toMatchObject({ epochs: 1, ended: 'stopped', best: { epoch: 1 } });
    expect(epochsOf(events)).toHaveLength(1);
    expect(existsSync(path.join(spec.runFolder, 'best.ckpt'))).toBe(true);
  });

  it('ends at once when cancelled', async () => {
    const spec = toySpec(toy, 'cancelled', { epochs: 50 });
    const { outcome, events } = await run(spec, (epochs) => (epochs === 1 ? 'cancel' : null));
    expect(outcome).toMatchObject({ epochs: 1, ended: 'cancelled' });
    expect(epochsOf(events)).toHaveLength(1);
  });

  it('ends by patience when the selection split gains nothing', async () => {
    const spec = toySpec(toy, 'patience', { epochs: 50, settings: { learningRate: 0, patienceEpochs: 2 } });
    spec.config.settings.weightDecay = 0;
    const { outcome } = await run(spec);
    expect(outcome.ended).toBe('patience');
    expect(outcome.epochs).toBeLessThan(50);
  });

  it('names the loss term that diverges and keeps the last good checkpoint', async () => {
    const spec = toySpec(
      toy,
      'diverges',
      { objective: 'box-aware', epochs: 12, settings: { lambdaRamp: 1 } },
      { params: { lambdaOutside: 1e4 } },
    );
    // The step that overshoots still has a finite loss; every term of the next is lost, but "outside" led there.
    await expect(run(spec)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(/diverged in epoch \d+, step \d+: the loss term outside is /),
    });
    const { tensors } = await readCheckpoint(path.join(spec.runFolder, 'last.ckpt'));
    for (const values of tensors.values()) expect(values.every(Number.isFinite)).toBe(true);
  });

  it('names the layer at which numbers stop being finite', async () => {
    const spec = toySpec(toy, 'bursts', {
      model: 'smallcnn',
      epochs: 12,
      settings: { learningRate: 10, warmUpEpochs: 0 },
    });
    await expect(run(spec)).rejects.toMatchObject({
      message: expect.stringMatching(
        /diverged in epoch 1, step \d+: the loss term class is .*, first in the output of stage\d\.conv\d;/,
      ),
    });
  });

  it('goes on with fewer pictures at a time when memory runs out, says so once, and remembers it', async () => {
    const onnx = onnxExecutor({ threads: 1 });
    const small: Executor = {
      id: 'small machine',
      async compile(program) {
        const images = program.inputs.find(
          (tensor) => tensor.op === 'input' && tensor.attributes.name === 'images',
        );
        // Looking at pictures takes less memory than learning from them.
        const learns = 'gradientNorm' in program.outputs;
        if (learns && images!.shape[0] > 4) throw new Error('Failed to allocate memory for requested buffer');
        return onnx.compile(program);
      },
    };
    const spec = toySpec(toy, 'little-memory', { objective: 'box-aware', epochs: 3 });
    const first = await run(spec, (epochs) => (epochs === 1 ? 'pause' : null), small);
    const warnings = first.events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));
    expect(
      warnings.map((message) => /^memory ran out: .* of 16 pictures .* (\d+) at a time/.exec(message)?.[1]),
    ).toEqual(['4']);
    const second = await run({ ...spec, resume: true }, () => null, small);
    expect(second.outcome).toMatchObject({ epochs: 3, ended: 'finished' });
    expect(second.events.filter(({ kind }) => kind === 'warning')).toEqual([]);
    // The run learns as one that has memory does: batch-norm apart, it is the same.
    const plenty = toySpec(toy, 'much-memory', { objective: 'box-aware', epochs: 3 });
    const losses = epochsOf((await run(plenty)).events).map(({ loss }) => loss.class);
    const ownLosses = epochsOf([...first.events, ...second.events.slice(1)]).map(({ loss }) => loss.class);
    expect(ownLosses.at(-1)!).toBeLessThan(1.5 * losses.at(-1)! + 0.1);
  });

  it('goes on with the convolution algorithms that it began with, whatever is faster by then', async () => {
    const onnx = onnxExecutor({ threads: 1 });
    const given: unknown[] = [];
    let trials = 0;
    const executor: Executor = {
      ...onnx,
      autotune: async () => ({ 'the filters of some layer': `form ${++trials}` }),
      compileStep(program, state, algorithms) {
        given.push(algorithms);
        return onnx.compileStep!(program, state, algorithms);
      },
    };
    const spec = toySpec(toy, 'forms', { epochs: 3 }, { autotuneFile: path.join(toy.folder, 'forms.json') });
    await run(spec, (epochs) => (epochs === 1 ? 'pause' : null), executor);
    await run({ ...spec, resume: true }, () => null, executor);
    expect(given).toEqual(Array(2).fill({ 'the filters of some layer': 'form 1' }));
    expect(trials).toBe(1);
    const rules = { epochs: 1, settings: { convolutions: 'rules' } } as const;
    await run(toySpec(toy, 'ruled', rules, { autotuneFile: spec.autotuneFile }), undefined, executor);
    expect([given.at(-1), trials]).toEqual([{}, 1]);
  });

  it('judges and keeps the average of the weights where one is asked for', async () => {
    const spec = toySpec(toy, 'average', { epochs: 2, settings: { averageDecay: 0.9 } }, { selection: [] });
    await run(spec);
    const last = await finalState(spec);
    const kept = await finalState(spec, 'best.ckpt');
    expect(kept['conv1.weight']).toEqual(last['average/conv1.weight']);
    expect(kept['bn1.running_mean']).toEqual(last['average/bn1.running_mean']);
    expect(kept['conv1.weight'].equals(last['conv1.weight'])).toBe(false);
  });

  it('leaves everything but the last layer as it began when the backbone is frozen', async () => {
    const begins = toySpec(toy, 'begins', { epochs: 1, settings: { freeze: 'backbone', learningRate: 0 } });
    const spec = toySpec(toy, 'frozen', { epochs: 1, settings: { freeze: 'backbone' } });
    await run(begins);
    await run(spec);
    const [before, after] = [await finalState(begins), await finalState(spec)];
    const moved = Object.keys(after).filter((name) => !after[name].equals(before[name]));
    expect(moved).toEqual(['fc.weight', 'fc.bias', 'momentum/fc.weight', 'momentum/fc.bias']);
  });

  it('trains without a selection split and keeps the last epoch', async () => {
    const spec = toySpec(toy, 'unselected', {}, { selection: [] });
    const { outcome, events } = await run(spec);
    expect(outcome.best).toBeNull();
    expect(epochsOf(events).map(({ accuracy }) => accuracy)).toEqual([null, null]);
    const last = await finalState(spec);
    const kept = await finalState(spec, 'best.ckpt');
    expect(kept['fc.weight']).toEqual(last['fc.weight']);
  });

  it('trains when the batch is larger than the set', async () => {
    const spec = toySpec(toy, 'small', { batch: 64, epochs: 1 }, { train: toy.images.slice(0, 5) });
    expect((await run(spec)).outcome.ended).toBe('finished');
  });

  it('refuses a single class', async () => {
    const train = toy.images.filter((image) => image.classIndex === 1);
    await expect(run(toySpec(toy, 'single', {}, { train }))).rejects.toMatchObject({ code: 'bad-input' });
  });
});

describe('the best epoch', () => {
  const at = (accuracy: number, crossEntropy: number, full = true) => ({ accuracy, crossEntropy, full });
  it('is the one of higher accuracy, then of lower cross-entropy', () => {
    expect(isBetter(at(0.5, 9), null)).toBe(true);
    expect(isBetter(at(0.6, 2), at(0.5, 1))).toBe(true);
    expect(isBetter(at(0.5, 2), at(0.5, 1))).toBe(false);
    expect(isBetter(at(0.5, 1), at(0.5, 2))).toBe(true);
    expect(isBetter(at(0.5, 1), at(0.5, 1))).toBe(false);
  });
  it('has full penalties where any epoch has', () => {
    expect(isBetter(at(0.5, 2), at(0.9, 1, false))).toBe(true);
    expect(isBetter(at(0.9, 1, false), at(0.5, 2))).toBe(false);
  });
});
