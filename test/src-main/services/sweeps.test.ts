// Sweeps through the core: toy runs in real workers, stopped, killed, taken up again.

import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Input } from '../../../src-main/contracts/api.ts';
import type { Run } from '../../../src-main/contracts/runs.ts';
import { boxGrid, type Sweep } from '../../../src-main/contracts/sweeps.ts';
import { coco, importFrom, refusal, scratchFolder, startCore, type TestCore } from './scratch-core.ts';

const run: Input<'sweeps.start'>['run'] = {
  model: 'resnet8',
  sizePx: 16,
  epochs: 1,
  batch: 8,
  seed: 1,
  objective: 'box-aware',
  device: 'cpu',
};
const asked: Input<'sweeps.start'> = {
  run,
  ...boxGrid([0], [0, 1]),
  repeat: 2,
  measures: [{ id: 'energy-in-box' }],
};

let folder: string;
let core: TestCore;
beforeEach(async () => {
  folder = scratchFolder();
  core = startCore(path.join(folder, 'home'));
  await core.call('projects.create', { name: 'Animals' });
  const images = Array.from({ length: 24 }, (_, index) => ({
    name: `p${index}.png`,
    boxes: [{ category: 1 + (index % 2), bbox: [2, 2, 8, 8] as [number, number, number, number] }],
  }));
  await importFrom(core, await coco(path.join(folder, 'coco'), images));
  await core.call('splits.make', { seed: 1, selection: 0.4, test: 0.2 });
});

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
const runs = (): Promise<Run[]> => core.call('runs.list', {});
const result = ({ id }: Sweep) => core.call('sweeps.get', { id });
const measured = async (sweep: Sweep, count: number) =>
  until(async () => (await result(sweep)).sweep.measured >= count);

describe('a sweep', () => {
  it('trains each run of its plan once, as ordinary runs, and chooses by pictures that no run has seen', async () => {
    const sweep = await core.call('sweeps.start', asked);
    expect(sweep).toMatchObject({ id: 1, state: 'running', planned: 6, measured: 0, error: null });
    const job = await core.jobEnded(sweep.jobId!);
    expect([job.state, job.error, job.done, job.total]).toEqual(['done', null, 6, 6]);

    const { pictures: allImages, cells, choices, sweep: done } = await result(sweep);
    expect(done).toMatchObject({ state: 'done', measured: 6, lost: 0, halved: 0, jobId: null });
    expect(allImages).toEqual({ train: 12, selection: 4, tuning: 4, test: 4 });
    const all = await runs();
    expect(all.map(({ config }) => [config.objective, config.seed]).toReversed()).toEqual([
      ...[1, 2].flatMap((seed) =>
        ['standard', 'blackout', 'box-aware'].map((objective) => [objective, seed]),
      ),
    ]);
    for (const one of all) {
      expect(one).toMatchObject({ state: 'done', sweep: 1, trainedOn: { selection: 4, tuning: 4 } });
      // Measured by what the sweep asks for, and nothing else.
      expect(one.evaluated!.metrics.map(({ measure }) => measure)).toEqual(['accuracy', 'energy-in-box']);
    }

    // The parts do not share a picture, and every picture of the selection part is in one of them.
    const { store } = core.context.project();
    const { images } = store.snapshots.load(store.sweeps.byId(1)!.snapshotId);
    const before = store.images.all().filter(({ split }) => split === 'selection');
    const setApart = images.filter(({ split }) => split === 'tuning');
    expect(setApart).toHaveLength(4);
    expect(before.map(({ id }) => id)).toEqual(
      images.filter(({ split }) => split === 'tuning' || split === 'selection').map(({ id }) => id),
    );

    const means = cells.map(({ tuning }) => tuning.energyInBox.mean);
    expect(cells.every(({ runs: own }) => own.length === 2)).toBe(true);
    const chosen = choices.find(({ family, measure }) => family === 'all' && measure === 'energyInBox')!;
    expect(chosen.tuning!.mean).toBe(Math.max(means[0], means[2]));
    const onTest = cells[chosen.cell!].runs.map(
      ({ runId }) =>
        all
          .find(({ id }) => id === runId)!
          .evaluated!.metrics.find(({ measure }) => measure === 'energy-in-box')!.value!,
    );
    expect(chosen.test!.mean).toBeCloseTo((onTest[0] + onTest[1]) / 2, 12);
    expect(chosen.test!.std).toBeCloseTo(Math.abs(onTest[0] - onTest[1]) / Math.SQRT2, 12);

    // Done is done: going on trains nothing.
    const again = await core.call('sweeps.resume', { id: sweep.id });
    await core.jobEnded(again.jobId!);
    expect(await runs()).toEqual(all);
  }, 60_000);

  it('tests as it asks, however its runs are measured before and after', async () => {
    const grid = boxGrid([0], [1]);
    const measures = [{ id: 'content-heat-map' }];
    const otherwise = [{ id: 'content-heat-map', params: { method: 'input-gradient' } }];
    const sweep = await core.call('sweeps.start', { ...asked, ...grid, measures, repeat: 1 });
    await until(async () => (await runs()).some(({ state }) => state === 'running'));
    await core.call('jobs.cancel', { id: sweep.jobId! });
    await core.jobEnded(sweep.jobId!);
    const { id, state } = (await runs()).at(-1)!;
    if (state !== 'done') await core.call('runs.resume', { id });
    await until(async () => (await core.call('runs.get', { id })).state === 'done');
    const measure = async () => {
      await core.jobEnded(await core.call('evaluations.start', { runId: id, measures: otherwise }));
      return (await core.call('runs.get', { id })).evaluated!.metrics.find(
        ({ measure, params }) => measure === 'content-heat-map' && params['method'] === 'input-gradient',
      )!.value;
    };
    const other = await measure();
    const resumed = await core.call('sweeps.resume', { id: sweep.id });
    await core.jobEnded(resumed.jobId!);
    const { cells, sweep: done } = await result(sweep);
    expect(done.state).toBe('done');
    expect(cells[0].test.contentHeatMap.mean).not.toBe(other);
    await measure();
    expect((await result(sweep)).cells).toEqual(cells);

    const whole = await core.call('sweeps.start', { ...asked, ...grid, measures, repeat: 1 });
    await core.jobEnded(whole.jobId!);
    expect((await result(whole)).cells.map(({ test }) => test)).toEqual(cells.map(({ test }) => test));
  }, 60_000);

  it('chooses by pictures of several classes, where the runs are told of several', async () => {
    await core.call('projects.create', { name: 'Several' });
    const images = Array.from({ length: 24 }, (_, index) => ({
      name: `p${index}.png`,
      boxes: [1, 2].map((category) => ({
        category,
        bbox: [4 * category, 2, 4, 8] as [number, number, number, number],
      })),
    }));
    await importFrom(core, await coco(path.join(folder, 'several'), images));
    await core.call('splits.make', { seed: 1, selection: 0.4, test: 0.2 });
    const sweep = await core.call('sweeps.start', {
      ...asked,
      repeat: 1,
      ...boxGrid([0], [1]),
      run: { ...run, settings: { labels: 'several' } },
    });
    await core.jobEnded(sweep.jobId!);
    const { pictures: parts, sweep: done } = await result(sweep);
    expect(done).toMatchObject({ state: 'done', measured: 3, error: null });
    expect(parts).toEqual({ train: 11, selection: 4, tuning: 4, test: 5 });
  }, 60_000);

  it('that was stopped keeps what its run has, and goes on to the same figures', async () => {
    const whole = await core.call('sweeps.start', { ...asked, repeat: 1 });
    await core.jobEnded(whole.jobId!);
    const expected = (await result(whole)).cells.map(({ tuning, test }) => ({ tuning, test }));

    const sweep = await core.call('sweeps.start', { ...asked, repeat: 1 });
    await measured(sweep, 1);
    expect(await refusal(core, 'sweeps.resume', { id: sweep.id })).toBe('conflict');
    await until(async () => (await runs())[0].state === 'running');
    await core.call('jobs.cancel', { id: sweep.jobId! });
    expect((await core.jobEnded(sweep.jobId!)).state).toBe('cancelled');
    const stopped = (await result(sweep)).sweep;
    expect(stopped).toMatchObject({ state: 'stopped', jobId: null, error: null });
    expect(stopped.measured).toBeLessThan(3);

    const resumed = await core.call('sweeps.resume', { id: sweep.id });
    await core.jobEnded(resumed.jobId!);
    const { cells, sweep: done } = await result(sweep);
    expect(done.state).toBe('done');
    expect(cells.map(({ tuning, test }) => ({ tuning, test }))).toEqual(expected);
    expect(await runs()).toHaveLength(6);
  }, 60_000);

  it('that was going on when the core ended is taken up by the next one', async () => {
    const sweep = await core.call('sweeps.start', { ...asked, repeat: 1 });
    await measured(sweep, 1);
    const { id } = (await core.call('projects.current', {}))!;
    await core.close();
    core = startCore(path.join(folder, 'home'));
    await core.call('projects.open', { id });
    const [stopped] = await core.call('sweeps.list', {});
    expect(stopped).toMatchObject({ id: sweep.id, state: 'stopped', error: null });
    const before = await runs();
    const resumed = await core.call('sweeps.resume', { id: sweep.id });
    await core.jobEnded(resumed.jobId!);
    expect((await result(sweep)).sweep).toMatchObject({ state: 'done', measured: 3 });
    const after = await runs();
    expect(after).toHaveLength(3);
    for (const one of before.filter(({ state }) => state === 'done'))
      expect(after.find((other) => other.id === one.id)).toEqual({
        ...one,
        evaluated: after.find((other) => other.id === one.id)!.evaluated,
      });
  }, 60_000);

  it('leaves out what was cancelled or diverged, and says how many', async () => {
    const sweep = await core.call('sweeps.start', {
      ...asked,
      repeat: 1,
      run: { ...run, epochs: 3 },
      ...boxGrid([0], [1]),
    });
    await until(async () => (await runs()).some(({ state }) => state === 'running'));
    const [first] = await runs();
    await core.call('runs.cancel', { id: first.id });
    await core.jobEnded(sweep.jobId!);
    const { sweep: done, cells, choices } = await result(sweep);
    expect(done).toMatchObject({ state: 'done', measured: 2, lost: 1 });
    expect(cells[0].runs).toMatchObject([{ state: 'cancelled', isMeasured: false }]);
    expect(choices.filter(({ family }) => family === 'standard').every(({ cell }) => cell === null)).toBe(
      true,
    );
  }, 60_000);

  it.each<[string, Partial<Input<'sweeps.start'>>, RegExp]>([
    ['an unknown objective', { objectives: ['magic'] }, /no objective "magic"/],
    ['a weight outside the grid', { run: { ...run, params: { lambdaInside: 1 } } }, /lambdaInside is swept/],
    ['no values', boxGrid([], [1]), /vary/],
    ['a value below 0', boxGrid([-1], [1]), /lambdaInside/],
    ['an unknown measure', { measures: [{ id: 'nope' }] }, /nope/],
    ['a measure that compares', { measures: [{ id: 'ood-auroc' }] }, /cannot choose by ood-auroc/],
    ['a measure of groups', { measures: [{ id: 'worst-group-accuracy' }] }, /cannot choose by worst-group/],
    ['an unknown model', { run: { ...run, model: 'magic' } }, /no model "magic"/],
  ])('is refused with %s, and leaves nothing', async (_, more, says) => {
    const answer = await core.handle('sweeps.start', { ...asked, ...more });
    expect(answer).toMatchObject({ ok: false, error: { message: expect.stringMatching(says) } });
    expect([await core.call('sweeps.list', {}), await runs()]).toEqual([[], []]);
  });

  it('is refused where the selection part cannot be halved, or there is nothing to report on', async () => {
    for (const parts of [
      { selection: 0, test: 0.2 },
      { selection: 0.4, test: 0 },
    ]) {
      await core.call('splits.make', { seed: 1, fresh: true, ...parts });
      const answer = await core.handle('sweeps.start', asked);
      expect(answer).toMatchObject({
        ok: false,
        error: { message: expect.stringMatching(/validation pictures/) },
      });
    }
    expect(await refusal(core, 'sweeps.resume', { id: 9 as never })).toBe('not-found');
  });
});

describe('a sweep over anything', () => {
  const general: Input<'sweeps.start'> = {
    run: { ...run, objective: 'standard', epochs: 4 },
    objectives: ['standard', 'box-aware'],
    vary: [
      { name: 'lambda', values: [0.1, 1] },
      { name: 'optimiser', values: ['sgd', 'adam'] },
    ],
    repeat: 1,
    measures: [{ id: 'accuracy' }],
  };

  it('with halving ends most runs early, which keep their epochs, and takes the others up from where they are', async () => {
    const sweep = await core.call('sweeps.start', { ...general, halving: { firstEpochs: 1, eta: 3 } });
    const job = await core.jobEnded(sweep.jobId!);
    expect([job.error, job.state]).toEqual([null, 'done']);
    const { cells, sweep: done, choices } = await result(sweep);
    expect(done).toMatchObject({ state: 'done', planned: 6, measured: 1, halved: 5, lost: 0 });
    const all = await runs();
    expect(all.map(({ epochsDone }) => epochsDone).sort()).toEqual([1, 1, 1, 1, 3, 4]);
    expect(cells.map(({ isHalved }) => isHalved).filter(Boolean)).toHaveLength(5);
    const winner = cells.findIndex(({ isHalved }) => !isHalved);
    expect(choices.find(({ family }) => family === 'any')!.cell).toBe(winner);
    expect(cells[winner].rungs.map(({ epoch }) => epoch)).toEqual([1, 3]);

    // The winner is what it would have been alone.
    const config = all.find(({ epochsDone }) => epochsDone === 4)!.config;
    const store = core.context.project().store;
    const ofSweep = store.runs.all().find((one) => one.epochsDone === 4)!;
    const alone = store.runs.add(config, ofSweep.trainedOn, ofSweep.snapshotId, 'x');
    store.runs.setState(alone, 'interrupted');
    const again = await core.call('runs.resume', { id: alone });
    await core.jobEnded(again.jobId!);
    const logs = [ofSweep.id, alone].map((id) =>
      store.epochMetrics.ofRun(id).map(({ seconds: _s, picturesPerSecond: _p, ...figures }) => figures),
    );
    expect(logs[0]).toEqual(logs[1]);
  }, 90_000);

  it('starts nothing more when its time is used up, and goes on when it is resumed', async () => {
    const sweep = await core.call('sweeps.start', { ...general, budgetSeconds: 0.001 });
    const job = await core.jobEnded(sweep.jobId!);
    expect(job.error).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/time for sweep 1 is used up/),
    });
    expect((await result(sweep)).sweep).toMatchObject({ state: 'stopped', measured: 1 });
    const again = await core.call('sweeps.resume', { id: sweep.id });
    await core.jobEnded(again.jobId!);
    expect((await result(sweep)).sweep).toMatchObject({ state: 'stopped', measured: 2 });
  }, 60_000);

  it('does not train further repetitions of what has diverged', async () => {
    const sweep = await core.call('sweeps.start', {
      ...general,
      objectives: ['standard'],
      vary: [
        { name: 'learningRate', values: [0.01, 10] },
        { name: 'momentum', values: [0.999] },
      ],
      run: {
        ...general.run,
        model: 'smallcnn',
        epochs: 6,
        settings: { warmUpEpochs: 0, schedule: 'constant' },
      },
      repeat: 3,
    });
    await core.jobEnded(sweep.jobId!);
    const { sweep: done, cells } = await result(sweep);
    expect(done).toMatchObject({ measured: 3, lost: 3 });
    expect(cells[1].runs).toHaveLength(1);
  }, 90_000);

  it('says before the start how many runs it has, and about how long they take', async () => {
    const preview = await core.call('sweeps.preview', { config: general, isTried: true });
    expect(preview).toMatchObject({ runs: 6 });
    expect(preview.estimate!.seconds).toBeGreaterThan(0);
    expect(preview.estimate!.bytes).toBeGreaterThan(6 * 10_000);
    expect(await core.call('sweeps.preview', { config: general, isTried: false })).toMatchObject({
      estimate: null,
    });
    expect(await runs()).toEqual([]);
  }, 60_000);
});
