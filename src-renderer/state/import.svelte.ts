// The way from "New project from a folder…" to a project with pictures: choose, detect, import, result.
// Kept outside the dialog so that the title bar and Home start the same thing.

import { SvelteSet } from 'svelte/reactivity';
import { call, dropped } from '../bridge/bridge.ts';
import type {
  Detection,
  FileRef,
  ImportResult,
  Job,
  JobId,
  PreviewImage,
} from '../../src-main/contracts/index.ts';
import { app } from './app.svelte.ts';
import { importsDialog } from './imports.svelte.ts';
import { project } from './project.svelte.ts';
import { runs } from './runs.svelte.ts';

type Step = 'closed' | 'choosing' | 'detecting' | 'ready' | 'running' | 'done' | 'failed';

class ImportDialog {
  step = $state<Step>('closed');
  kind = $state<'folder' | 'file'>('folder');
  /** Into the open project instead of a new one. */
  into = $state(false);
  /** Full place of the source, for people. */
  label = $state('');
  name = $state('');
  detection = $state.raw<Detection | null>(null);
  /** Formats to read, together where they are several. */
  readonly formats = new SvelteSet<string>();
  readonly format = $derived([...this.formats].join('+'));
  /** Folder of the pictures, where they lie elsewhere than their labels. */
  images = $state.raw<{ ref: FileRef; label: string } | null>(null);
  preview = $state.raw<{ images: PreviewImage[]; pictures: number } | null>(null);
  previewError = $state.raw<unknown>(null);
  error = $state.raw<unknown>(null);
  /** The project that this dialog made, to be forgotten if nothing gets into it. */
  made = $state(false);
  /** What to say above the folder browser. */
  hint = $state('');

  #source: FileRef | null = null;
  /** Rises with each source and on closing, so that an answer that comes late opens nothing. */
  #attempt = 0;
  #look = 0;
  #jobId = $state<JobId | null>(null);

  readonly job: Job | null = $derived(runs.jobs.find(({ id }) => id === this.#jobId) ?? null);
  readonly result = $derived(this.job?.state === 'done' ? (this.job.result as ImportResult) : null);

  /** The report names pictures of the project, or there is something to decide. */
  readonly needsLook = $derived(
    this.result !== null && this.result.warnings.length + this.result.gone + this.result.conflicts > 0,
  );

  /** There is a source, whose pictures may lie in another folder. */
  get canAskForImages(): boolean {
    return this.step === 'failed' && this.#source !== null && this.images === null;
  }

  watches(id: JobId): boolean {
    return this.step !== 'closed' && id === this.#jobId;
  }

  /** Native dialog where there is one, else our own folder browser. */
  async pick(kind: 'folder' | 'file', into = false): Promise<void> {
    this.kind = kind;
    this.into = into;
    this.error = null;
    this.made = false;
    this.#jobId = null;
    this.hint = '';
    this.images = null;
    if (app.info?.shell !== 'electron') {
      this.step = 'choosing';
      return;
    }
    try {
      const title = kind === 'folder' ? 'Folder with pictures' : 'Annotation file';
      const ref = await call('files.pick', { kind, title });
      if (ref === null) return;
      const label = kind === 'folder' ? ((await call('files.browse', { folder: ref })).label ?? '') : '';
      await this.chosen(ref, label);
    } catch (thrown) {
      app.sayProblem(thrown);
    }
  }

  /** What was dropped onto the window. A browser does not tell where it lies, so there it has to be found again. */
  async drop(file: File, kind: 'folder' | 'file', into: boolean): Promise<void> {
    this.kind = kind;
    this.into = into;
    this.error = null;
    this.made = false;
    this.images = null;
    this.#jobId = null;
    this.hint = '';
    try {
      const ref = await dropped(file);
      if (ref === null) {
        this.hint = `A browser does not tell where “${file.name}” lies. Find it here: pictures are read where they are, nothing is uploaded.`;
        this.step = 'choosing';
        return;
      }
      const label =
        kind === 'folder' ? ((await call('files.browse', { folder: ref })).label ?? '') : file.name;
      await this.chosen(ref, label);
    } catch (thrown) {
      app.sayProblem(thrown);
    }
  }

  async chosen(source: FileRef, label: string): Promise<void> {
    this.#source = source;
    this.label = label;
    this.name = nameOf(label);
    this.step = 'detecting';
    const attempt = ++this.#attempt;
    try {
      const detection = await call('imports.detect', { source, images: this.images?.ref ?? null });
      if (attempt !== this.#attempt) return;
      this.detection = detection;
      this.formats.clear();
      for (const format of detection.format.split('+')) this.formats.add(format);
      this.step = 'ready';
    } catch (thrown) {
      if (attempt !== this.#attempt) return;
      this.detection = null;
      this.error = thrown;
      this.step = 'failed';
    }
  }

  /** Pictures of the source as they would come in; called when the source or the formats change. */
  async look(): Promise<void> {
    const source = this.#source;
    const look = ++this.#look;
    this.preview = null;
    this.previewError = null;
    if (source === null || this.format === '') return;
    try {
      const { format, images } = this;
      const preview = await call('imports.preview', { source, format, images: images?.ref ?? null });
      if (look === this.#look) this.preview = preview;
    } catch (thrown) {
      if (look === this.#look) this.previewError = thrown;
    }
  }

  /** The pictures lie in another folder, or null: beside their labels. */
  async lieIn(images: { ref: FileRef; label: string } | null): Promise<void> {
    this.images = images;
    if (this.#source) await this.chosen(this.#source, this.label);
  }

  /** After one that failed: to the choice of formats. */
  again(): void {
    this.error = null;
    this.step = 'ready';
  }

  async start(): Promise<void> {
    if (this.#source === null) return;
    this.error = null;
    this.step = 'running';
    try {
      if (!this.into && !this.made) {
        await project.create(this.name, null);
        this.made = true;
      }
      const id = await call('imports.start', {
        source: this.#source,
        format: this.format || 'auto',
        images: this.images?.ref ?? null,
      });
      // Its first event may have come before this answer; its place is found by the id either way.
      this.#jobId = id;
      if (!runs.jobs.some((job) => job.id === id)) await runs.loadJobs();
    } catch (thrown) {
      this.error = thrown;
      this.step = 'failed';
    }
  }

  /** Called for every change of the watched job. */
  follow(): void {
    const job = this.job;
    if (this.step !== 'running' || !job) return;
    if (job.state === 'done') this.step = 'done';
    else if (job.state === 'failed') {
      this.error = job.error;
      this.step = 'failed';
    } else if (job.state === 'cancelled') void this.close();
  }

  /** Another source after one that failed, for the project that was made already if there is one. */
  async another(): Promise<void> {
    const { made, kind, into } = this;
    this.step = 'closed';
    await this.pick(kind, into);
    this.made = made;
  }

  /** Told of every import that ends, also of one that went on in the background. */
  ended({ id, state }: Job): void {
    if (id === this.#jobId && state === 'cancelled' && this.step === 'closed') void this.close();
  }

  cancelJob(): void {
    if (this.#jobId) call('jobs.cancel', { id: this.#jobId }).catch((thrown) => app.sayProblem(thrown));
  }

  async finish(): Promise<void> {
    this.step = 'closed';
    await project.load();
    project.imagesChanged += 1;
    app.go('annotate');
  }

  /** Leaves for the list of imports, where the report leads to the pictures that it names. */
  async review(): Promise<void> {
    await this.finish();
    await importsDialog.open();
  }

  /** Leaves; an empty project made on the way goes again, with its folder. */
  async close(): Promise<void> {
    const job = this.job;
    const emptied =
      this.made && job?.state !== 'done' && job?.state !== 'running' && job?.state !== 'waiting';
    this.step = 'closed';
    this.#attempt += 1;
    if (!emptied || !project.id) return;
    try {
      this.made = false;
      await call('projects.discard', { id: project.id });
      await project.load();
    } catch (thrown) {
      app.sayProblem(thrown);
    }
  }
}

/** "pets" of "~/pictures/pets/", "train" of "C:\\data\\train.json". */
function nameOf(label: string): string {
  const last = label.split(/[/\\]/).filter(Boolean).at(-1) ?? '';
  const stem = last.replace(/\.[a-z0-9]{1,5}$/i, '').trim();
  return (stem === '' || stem === '~' ? 'New project' : stem).slice(0, 100);
}

export const importDialog = new ImportDialog();
