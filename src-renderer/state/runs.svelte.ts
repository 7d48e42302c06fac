// Training runs and jobs as the window sees them. The core owns both: this is asked for anew after every
// reload or reconnection and then kept up to date by events, so nothing is lost when the window goes away.

import { call, on } from '../bridge/bridge.ts';
import { SvelteMap } from 'svelte/reactivity';
import type {
  EpochMetrics,
  ImageId,
  Job,
  LiveStep,
  Methods,
  ProjectId,
  Run,
  RunId,
} from '../../src-main/contracts/index.ts';

const WITH_MODEL: readonly Run['state'][] = ['done', 'paused', 'interrupted', 'failed'];

export class RunsState {
  /** Newest first. */
  list = $state.raw<Run[]>([]);
  /** False until the list was read once; tells an empty list from one not yet known. */
  loaded = $state(false);
  error = $state.raw<unknown>(null);
  /** Running and just ended jobs, oldest first. */
  jobs = $state.raw<Job[]>([]);
  /** The last step heard of, by run. Only runs that go on have one. */
  readonly live = new SvelteMap<RunId, LiveStep>();
  /** Figures of every epoch, by run; filled by `loadMetrics`. */
  readonly metrics = new SvelteMap<RunId, EpochMetrics[]>();
  /** The four registries and the settings form; the same for every project. */
  methods = $state.raw<Methods | null>(null);
  /** What Inspect and Compare look at; kept here so that one screen can send the person to another. */
  readonly looking = new Looking();
  /** Rises at each finished epoch of any run, so that what depends on epochs can be read anew. */
  epochEvents = $state(0);

  private wanted: RunId[] = [];
  private reading: Promise<void> | null = null;
  /** Rises with each change of project, so that late answers about the last one are dropped. */
  private generation = 0;

  /** The run that is training or waiting to; at most one trains at a time. */
  get active(): Run | null {
    return (
      this.list.find((run) => run.state === 'running') ??
      this.list.find((run) => run.state === 'waiting') ??
      null
    );
  }

  /** Jobs that go on, the training run among them. */
  get runningJobs(): Job[] {
    return this.jobs.filter((job) => job.state === 'running' || job.state === 'waiting');
  }

  /** The one to show where there is room for one: what trains, else what runs, else what waits. */
  get foremostJob(): Job | null {
    const going = this.runningJobs;
    const running = going.filter(({ state }) => state === 'running');
    return (
      running.find(({ kind }) => kind === 'sweep') ??
      running.find(({ kind }) => kind === 'train') ??
      running.at(-1) ??
      going[0] ??
      null
    );
  }

  /** Runs with a model that was kept: they can be evaluated, inspected and compared. */
  get withModel(): Run[] {
    // Without pictures to choose by there is no best epoch, and the last one is kept.
    return this.list.filter((run) => run.epochsDone > 0 && WITH_MODEL.includes(run.state));
  }

  byId(id: RunId | null): Run | null {
    return this.list.find((run) => run.id === id) ?? null;
  }

  jobOf(run: Run, kind: Job['kind']): Job | null {
    return this.jobs.findLast((job) => job.runId === run.id && job.kind === kind) ?? null;
  }

  /** For a screen that shows runs: remembers where the person was in this project, and reads what is not yet known. */
  async open(projectId: ProjectId): Promise<void> {
    this.looking.open(projectId);
    await this.load();
  }

  /** Starts to listen; returns the way to stop. */
  listen(): () => void {
    const stops = [
      on('job', (job) => this.onJob(job)),
      on('run', (run) => this.onRun(run)),
      on('step', (step) => this.live.set(step.runId, step)),
      on('epoch', ({ runId, metrics }) => this.onEpoch(runId, metrics)),
      on('project', ({ what }) => {
        if (what === 'runs') void this.load();
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }

  /** Reads runs and jobs; also the figures of every run that someone looks at. */
  load(): Promise<void> {
    this.reading ??= this.read().finally(() => (this.reading = null));
    return this.reading;
  }

  private async read(): Promise<void> {
    const generation = this.generation;
    try {
      const [list, jobs, methods] = await Promise.all([
        call('runs.list', {}),
        call('jobs.list', {}).then(oldestFirst),
        this.methods ?? call('app.methods', {}),
      ]);
      if (generation !== this.generation) return;
      this.methods = methods;
      this.list = newestFirst(list);
      this.jobs = jobs;
      this.error = null;
      this.loaded = true;
      await Promise.all(this.wanted.map((id) => this.readMetrics(id)));
    } catch (thrown) {
      if (generation === this.generation) this.error = thrown;
    }
  }

  /** Reads the jobs alone: where no project is open, or news of one may have been missed. */
  async loadJobs(): Promise<void> {
    this.jobs = oldestFirst(await call('jobs.list', {}));
  }

  /** Forgets everything of a project; for a change of project. */
  clear(): void {
    this.generation += 1;
    this.reading = null;
    this.list = [];
    this.loaded = false;
    this.error = null;
    this.live.clear();
    this.metrics.clear();
    this.wanted = [];
  }

  /** Reads a run's epochs unless they are there, and keeps them up to date from then on. */
  async loadMetrics(id: RunId): Promise<void> {
    if (this.wanted.includes(id)) return;
    this.wanted.push(id);
    await this.readMetrics(id).catch((thrown: unknown) => {
      this.wanted = this.wanted.filter((other) => other !== id);
      throw thrown;
    });
  }

  put(run: Run): void {
    this.onRun(run);
  }

  private async readMetrics(id: RunId): Promise<void> {
    if (!this.list.some((run) => run.id === id)) return;
    this.metrics.set(id, await call('runs.metrics', { id }));
  }

  private onJob(job: Job): void {
    const known = this.jobs.findIndex((other) => other.id === job.id);
    this.jobs = known < 0 ? [...this.jobs, job] : this.jobs.with(known, job);
  }

  private onRun(run: Run): void {
    const known = this.list.findIndex((other) => other.id === run.id);
    this.list = known < 0 ? newestFirst([...this.list, run]) : this.list.with(known, run);
    if (run.state !== 'running') this.live.delete(run.id);
  }

  private onEpoch(runId: RunId, metrics: EpochMetrics): void {
    this.epochEvents += 1;
    const known = this.metrics.get(runId);
    if (!known) return;
    // After a resume from the checkpoint an epoch can come twice; the later figures are the run's own.
    const kept = known.filter((other) => other.epoch < metrics.epoch);
    this.metrics.set(runId, [...kept, metrics]);
    if (kept.length !== metrics.epoch - 1) void this.readMetrics(runId).catch(() => undefined);
  }
}

/** The core lists them newest first; here the newest is the last, as it is when it is heard of. */
function oldestFirst(jobs: Job[]): Job[] {
  return jobs.toReversed();
}

function newestFirst(list: Run[]): Run[] {
  return list.toSorted((one, other) => other.number - one.number);
}

/** Survives a reload of the window, since that must lead back to the same place. */
export class Looking {
  /** The run that Train shows; null for the form of a new one. */
  trainId = $state<RunId | null>(null);
  inspectId = $state<RunId | null>(null);
  aId = $state<RunId | null>(null);
  bId = $state<RunId | null>(null);
  imageId = $state<ImageId | null>(null);

  private key = '';

  open(projectId: ProjectId): void {
    const key = `looking-${projectId}`;
    if (key === this.key) return;
    this.key = key;
    let kept: Partial<Record<'trainId' | 'inspectId' | 'aId' | 'bId' | 'imageId', number>> = {};
    try {
      kept = JSON.parse(sessionStorage.getItem(this.key) ?? '{}');
    } catch {
      // Storage can be off or hold another version's text; then nothing is remembered.
    }
    this.trainId = (kept.trainId as RunId | undefined) ?? null;
    this.inspectId = (kept.inspectId as RunId | undefined) ?? null;
    this.aId = (kept.aId as RunId | undefined) ?? null;
    this.bId = (kept.bId as RunId | undefined) ?? null;
    this.imageId = (kept.imageId as ImageId | undefined) ?? null;
  }

  keep(): void {
    const { trainId, inspectId, aId, bId, imageId } = this;
    try {
      sessionStorage.setItem(this.key, JSON.stringify({ trainId, inspectId, aId, bId, imageId }));
    } catch {
      // See open().
    }
  }
}

export const runs = new RunsState();
