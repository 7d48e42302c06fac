// The window's mirror of runs: what it does with news of the core, with a reload and with another project.

import { beforeEach, describe, expect, it } from 'vitest';
import type { PreloadApi } from '../../../src-renderer/bridge/preload-transport.ts';
import type {
  EpochMetrics,
  EventName,
  Job,
  LiveStep,
  Methods,
  ProjectId,
  Run,
  RunId,
} from '../../../src-main/contracts/index.ts';

/** A core in this process: answers from tables and sends what it is told to. */
const tables: Record<string, (input: never) => unknown> = {};
const listeners = new Map<EventName, (data: unknown) => void>();
const api: Pick<PreloadApi, 'call' | 'on'> = {
  call: async (_id, method, input) => ({ ok: true, value: await tables[method](input as never) }),
  on(event, listener) {
    listeners.set(event, listener);
    return () => listeners.delete(event);
  },
};
const kept = new Map<string, string>();
Object.assign(globalThis, {
  window: { fovea: api },
  sessionStorage: {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  },
});
const { Looking, RunsState } = await import('../../../src-renderer/state/runs.svelte.ts');

const run = (number: number, more: Partial<Run> = {}) =>
  ({ id: number, number, state: 'done', epochsDone: 3, best: { epoch: 2, accuracy: 0.5 }, ...more }) as Run;
const epoch = (number: number, accuracy = 0.5) => ({ epoch: number, accuracy }) as EpochMetrics;
const id = (number: number) => number as RunId;

function core(runs: Run[], metrics: Record<number, EpochMetrics[]> = {}, jobs: Job[] = []) {
  tables['runs.list'] = () => runs;
  tables['jobs.list'] = () => jobs;
  tables['app.methods'] = () => ({}) as Methods;
  tables['runs.metrics'] = ({ id: runId }: { id: RunId }) => metrics[runId] ?? [];
}

describe('runs', () => {
  let state: InstanceType<typeof RunsState>;
  let stop: () => void;
  beforeEach(() => {
    stop?.();
    state = new RunsState();
    stop = state.listen();
  });

  it('are listed newest first, and news of one replaces it in its place', async () => {
    core([run(1), run(3), run(2)]);
    await state.load();
    listeners.get('run')!(run(2, { state: 'failed' }));
    listeners.get('run')!(run(4, { state: 'waiting' }));
    expect(state.list.map((one) => one.number)).toEqual([4, 3, 2, 1]);
    expect(state.byId(id(2))?.state).toBe('failed');
    expect(state.active?.number).toBe(4);
  });

  it('show an epoch once, the later figures, when a resumed run repeats it', async () => {
    core([run(1)], { 1: [epoch(1), epoch(2), epoch(3, 0.1)] });
    await state.load();
    await state.loadMetrics(id(1));
    listeners.get('epoch')!({ runId: 1, metrics: epoch(3, 0.9) });
    listeners.get('epoch')!({ runId: 1, metrics: epoch(4) });
    expect(state.metrics.get(id(1))!.map((one) => one.epoch)).toEqual([1, 2, 3, 4]);
    expect(state.metrics.get(id(1))![2].accuracy).toBe(0.9);
  });

  it('ask anew when an epoch was missed', async () => {
    const metrics = { 1: [epoch(1)] };
    core([run(1)], metrics);
    await state.load();
    await state.loadMetrics(id(1));
    metrics[1] = [epoch(1), epoch(2), epoch(3)];
    listeners.get('epoch')!({ runId: 1, metrics: epoch(3) });
    await new Promise((resolve) => setTimeout(resolve));
    expect(state.metrics.get(id(1))!.map((one) => one.epoch)).toEqual([1, 2, 3]);
  });

  it('forget the live step as soon as a run no longer runs', async () => {
    core([run(1, { state: 'running' })]);
    await state.load();
    listeners.get('step')!({ runId: 1, epoch: 2, step: 5, steps: 9 } as LiveStep);
    expect(state.live.get(id(1))?.step).toBe(5);
    listeners.get('run')!(run(1, { state: 'paused' }));
    expect(state.live.has(id(1))).toBe(false);
  });

  it('drop the answer about a project that was left meanwhile', async () => {
    let answer = (_runs: Run[]) => {};
    core([]);
    tables['runs.list'] = () => new Promise<Run[]>((resolve) => (answer = resolve));
    const late = state.load();
    const answerLate = answer;
    state.clear();
    core([run(7)]);
    await state.load();
    answerLate([run(1)]);
    await late;
    expect(state.list.map((one) => one.number)).toEqual([7]);
  });

  it('name the job that works, not one that waits behind it, also after a reload', async () => {
    const job = (name: string, kind: Job['kind'], state: Job['state'], runId: number | null = null) =>
      ({ id: name, kind, state, runId }) as Job;
    // As the core lists them: newest first.
    core([run(1), run(2)], {}, [
      job('second', 'train', 'waiting', 2),
      job('first', 'train', 'running', 1),
      job('again', 'evaluate', 'running', 1),
      job('before', 'evaluate', 'done', 1),
    ]);
    await state.load();
    expect(state.foremostJob?.id).toBe('first');
    expect(state.jobOf(run(1), 'evaluate')?.id).toBe('again');
    listeners.get('job')!(job('first', 'train', 'done', 1));
    listeners.get('job')!(job('again', 'evaluate', 'done', 1));
    expect(state.foremostJob?.id).toBe('second');
    listeners.get('job')!(job('second', 'train', 'cancelled', 2));
    expect(state.foremostJob).toBeNull();
  });

  it('can be looked into once an epoch is kept, also without a best one', async () => {
    core([
      run(1, { best: null }),
      run(2, { epochsDone: 0, best: null, state: 'failed' }),
      run(3, { state: 'running' }),
      run(4, { state: 'cancelled' }),
      run(5, { state: 'interrupted' }),
    ]);
    await state.load();
    expect(state.withModel.map((one) => one.number)).toEqual([5, 1]);
  });
});

describe('what was looked at', () => {
  it('is there again after a reload, each project its own', () => {
    const before = new Looking();
    before.open('one' as ProjectId);
    before.inspectId = id(3);
    before.keep();
    const after = new Looking();
    after.open('one' as ProjectId);
    expect(after.inspectId).toBe(3);
    after.open('two' as ProjectId);
    expect(after.inspectId).toBeNull();
  });
});
