// The way from "Export annotations…" to a folder that other tools read: format, destination, job, result.

import { call } from '../bridge/bridge.ts';
import type { FileRef, Job, JobId } from '../../src-main/contracts/index.ts';
import { runs } from './runs.svelte.ts';

/** What an export's job has to say when it is done. */
interface ExportResult {
  place: string;
  images: number;
  annotations: number;
}

class ExportDialog {
  isOpen = $state(false);
  format = $state('');
  folder = $state.raw<{ ref: FileRef; label: string } | null>(null);
  error = $state.raw<unknown>(null);
  #jobId = $state<JobId | null>(null);

  readonly job: Job | null = $derived(runs.jobs.find(({ id }) => id === this.#jobId) ?? null);
  readonly isInFlight = $derived(this.job?.state === 'running' || this.job?.state === 'waiting');
  readonly result = $derived(this.job?.state === 'done' ? (this.job.result as ExportResult) : null);

  open(): void {
    this.isOpen = true;
    this.error = null;
    if (!this.isInFlight) this.#jobId = null;
  }
  close(): void {
    this.isOpen = false;
  }

  watches(id: JobId): boolean {
    return this.isOpen && id === this.#jobId;
  }

  async start(): Promise<void> {
    if (!this.folder || this.format === '') return;
    this.error = null;
    try {
      this.#jobId = await call('exports.start', { format: this.format, folder: this.folder.ref });
      if (!runs.jobs.some(({ id }) => id === this.#jobId)) await runs.loadJobs();
    } catch (thrown) {
      this.error = thrown;
    }
  }
}

export const exportDialog = new ExportDialog();
