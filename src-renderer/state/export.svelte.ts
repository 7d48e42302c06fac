// The way from "Export annotations…" to a folder that other tools read: format, destination, job, result.

import { call } from '../bridge/bridge.ts';
import type { Exported, FileRef, ImageFilter, Job, JobId, Loss } from '../../src-main/contracts/index.ts';
import { images } from './images.svelte.ts';
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
  pictures = $state<Exported['pictures']>('copy');
  /** Only what the strip of pictures shows. */
  filtered = $state(false);
  split = $state<NonNullable<ImageFilter['split']> | ''>('');
  classId = $state<NonNullable<ImageFilter['classId']> | 0>(0);
  /** Of the new folder; found by itself where it is empty. */
  name = $state('');
  /** What goes out, and what the format cannot hold of it; null while it is looked for. */
  preview = $state.raw<{ images: number; annotations: number; losses: Loss[] } | null>(null);
  folder = $state.raw<{ ref: FileRef; label: string } | null>(null);
  error = $state.raw<unknown>(null);
  #jobId = $state<JobId | null>(null);

  readonly job: Job | null = $derived(runs.jobs.find(({ id }) => id === this.#jobId) ?? null);
  readonly isInFlight = $derived(this.job?.state === 'running' || this.job?.state === 'waiting');
  readonly result = $derived(this.job?.state === 'done' ? (this.job.result as ExportResult) : null);

  readonly include: ImageFilter = $derived({
    ...(this.filtered ? images.filter : {}),
    ...(this.split === '' ? {} : { split: this.split }),
    ...(this.classId === 0 ? {} : { classId: this.classId }),
  });
  #asked = 0;

  /** Called when anything that it depends on has changed. */
  async look(): Promise<void> {
    const asked = ++this.#asked;
    this.preview = null;
    if (this.format === '') return;
    try {
      const { format, include, pictures } = this;
      const preview = await call('exports.losses', { format, include, pictures });
      if (asked !== this.#asked) return;
      this.preview = preview;
      this.error = null;
    } catch (thrown) {
      if (asked === this.#asked) this.error = thrown;
    }
  }

  open(): void {
    this.filtered = images.isFiltered;
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
      this.#jobId = await call('exports.start', {
        format: this.format,
        include: this.include,
        pictures: this.pictures,
        folder: this.folder.ref,
        ...(this.name.trim() === '' ? {} : { name: this.name.trim() }),
      });
      if (!runs.jobs.some(({ id }) => id === this.#jobId)) await runs.loadJobs();
    } catch (thrown) {
      this.error = thrown;
    }
  }
}

export const exportDialog = new ExportDialog();
