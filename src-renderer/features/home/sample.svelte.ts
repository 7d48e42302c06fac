// "Open the sample": a job that makes, imports and opens it. Found again after a reload by its kind.

import { call } from '../../bridge/bridge.ts';
import type { Job, JobId } from '../../../src-main/contracts/index.ts';
import { app } from '../../state/app.svelte.ts';
import { project } from '../../state/project.svelte.ts';
import { runs } from '../../state/runs.svelte.ts';

class Sample {
  asked = $state(false);
  error = $state.raw<unknown>(null);
  #jobId = $state<JobId | null>(null);

  /** The job that is making it now. */
  readonly job: Job | null = $derived(
    runs.runningJobs.find(({ id, kind }) =>
      this.#jobId === null ? kind === 'sample' : id === this.#jobId,
    ) ?? null,
  );

  async open(): Promise<void> {
    if (this.asked || this.job) return;
    this.error = null;
    this.asked = true;
    try {
      this.#jobId = await call('sample.open', {});
      if (!runs.jobs.some(({ id }) => id === this.#jobId)) await runs.loadJobs();
    } catch (thrown) {
      this.error = thrown;
    } finally {
      this.asked = false;
    }
  }

  cancel(): void {
    if (this.job) call('jobs.cancel', { id: this.job.id }).catch((thrown) => app.sayProblem(thrown));
  }

  /** Goes to the sample when its job is done while Home is looked at. */
  follow(): void {
    const ended = runs.jobs.find(({ id }) => id === this.#jobId);
    if (!ended || ended.state === 'running' || ended.state === 'waiting') return;
    this.#jobId = null;
    if (ended.state === 'failed') this.error = ended.error;
    if (ended.state === 'done')
      void project.load().then(
        () => app.go('annotate'),
        (thrown) => (this.error = thrown),
      );
  }

  /** Takes up a job that was started before the window was loaded. */
  adopt(): void {
    const job = runs.runningJobs.find(({ kind }) => kind === 'sample');
    if (this.#jobId === null && job) this.#jobId = job.id;
  }
}

export const sample = new Sample();
