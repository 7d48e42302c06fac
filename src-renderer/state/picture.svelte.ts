// The picture on the canvas and its annotations. Every edit is drawn at once, sent at once, and taken back
// with a word if the core refuses it; `saving` falls to 0 only when the core has it on disk.

import { call } from '../bridge/bridge.ts';
import type {
  Annotation,
  AnnotationId,
  ClassId,
  Edit,
  EditOutcome,
  ImageDetail,
  ImageId,
} from '../../src-main/contracts/index.ts';
import { app } from './app.svelte.ts';
import { applyEdits, countAdds, namedIds, renamed, type PendingEdits } from './pending-edits.ts';
import { project } from './project.svelte.ts';

/** After the last of several quick edits. */
const FACTS_WAIT_MS = 250;

class OpenPicture {
  /** What was asked for; `detail` follows. */
  id = $state<ImageId | null>(null);
  detail = $state.raw<ImageDetail | null>(null);
  error = $state.raw<unknown>(null);
  annotations = $state.raw<Annotation[]>([]);
  selection = $state.raw<ReadonlySet<AnnotationId>>(new Set());
  canUndo = $state(false);
  canRedo = $state(false);
  /** Called with a picture's annotations after each change the core has made. */
  onchanged: (id: ImageId, annotations: readonly Annotation[]) => void = () => undefined;
  /** Called with a picture's own class when it may have changed. */
  onclass: (id: ImageId, classId: ClassId | null) => void = () => undefined;

  #base: Annotation[] = [];
  #pending: PendingEdits[] = [];
  #nextId = -1;
  /** Calls of one picture go one after the other, so that undo undoes what was drawn before it. */
  #queue: Promise<unknown> = Promise.resolve();
  #factsTimer: ReturnType<typeof setTimeout> | undefined;

  readonly selected: Annotation[] = $derived(
    this.annotations.filter((annotation) => this.selection.has(annotation.id)),
  );

  async open(id: ImageId): Promise<void> {
    if (id === this.id && this.detail) return;
    this.id = id;
    this.error = null;
    this.selection = new Set();
    await this.#queue;
    if (this.id === id) await this.#read(id);
  }

  /** When everything that was drawn has been answered. */
  async settled(): Promise<void> {
    await this.#queue;
  }

  close(): void {
    this.id = null;
    this.detail = null;
    this.error = null;
    this.selection = new Set();
    this.#settle([], false, false);
  }

  /** Reads it again: after the connection was away. */
  async reload(): Promise<void> {
    await this.#queue;
    if (this.id !== null) await this.#read(this.id);
  }

  select(ids: Iterable<AnnotationId>): void {
    this.selection = new Set(ids);
  }

  /** Draws and sends. Added shapes become the selection when `selectAdded`. */
  edit(edits: Edit[], selectAdded = false): void {
    const imageId = this.detail?.id;
    // While the next picture is on its way, the one still shown takes no edits.
    if (imageId === undefined || imageId !== this.id || edits.length === 0) return;
    const pending = { edits, firstId: this.#nextId };
    this.#nextId -= countAdds(edits);
    this.#pending.push(pending);
    this.#redraw();
    if (selectAdded)
      this.select(
        Array.from({ length: countAdds(edits) }, (_, index) => (pending.firstId - index) as AnnotationId),
      );
    this.#enqueue(imageId, async () => {
      // Earlier answers have renamed the ids in it meanwhile.
      const outcome = await call('annotations.edit', { imageId, edits: pending.edits });
      if (this.detail?.id === imageId) {
        const names = namedIds(this.#base, outcome.annotations, pending);
        this.#pending = this.#pending.filter((other) => other !== pending);
        for (const other of this.#pending) other.edits = renamed(other.edits, names);
        if (edits.some((edit) => edit.do !== 'change' || edit.classId !== undefined)) this.#readFactsSoon();
        if (names.size > 0) this.select([...this.selection].map((id) => names.get(id) ?? id));
      }
      return outcome;
    });
  }

  undo(): void {
    this.#travel('annotations.undo');
  }

  redo(): void {
    this.#travel('annotations.redo');
  }

  async setClass(classId: ClassId | null): Promise<void> {
    const id = this.detail?.id;
    if (id === undefined) return;
    app.saving += 1;
    try {
      const detail = await call('images.setClass', { id, classId });
      app.saveFailed = false;
      this.#takeFacts(detail);
      await project.load();
    } catch (thrown) {
      app.saveFailed = true;
      app.sayProblem(thrown, 'Class not saved');
    } finally {
      app.saving -= 1;
    }
  }

  #travel(method: 'annotations.undo' | 'annotations.redo'): void {
    const imageId = this.detail?.id;
    if (imageId === undefined) return;
    this.#enqueue(imageId, () => call(method, { imageId }));
    this.#readFactsSoon();
  }

  #enqueue(imageId: ImageId, send: () => Promise<EditOutcome | null>): void {
    app.saving += 1;
    this.#queue = this.#queue.then(async () => {
      let isRefused = false;
      try {
        const outcome = await send();
        app.saveFailed = false;
        if (!outcome) return;
        project.setCounts(outcome.counts);
        this.onchanged(imageId, outcome.annotations);
        if (this.detail?.id === imageId) this.#settle(outcome.annotations, outcome.canUndo, outcome.canRedo);
      } catch (thrown) {
        app.saveFailed = true;
        app.sayProblem(thrown, 'Not saved, and taken back');
        isRefused = true;
      } finally {
        app.saving -= 1;
      }
      if (!isRefused || this.detail?.id !== imageId) return;
      // What was drawn on top of the refused edit goes with it; then the core's own word is shown.
      this.#pending = [];
      this.#redraw();
      if (this.id === imageId) await this.#read(imageId);
    });
  }

  /**
   * A picture without a class of its own takes the one its annotations agree on, and undo can undo the
   * picture's class, too: both come with the picture's facts, not with the answer to the edit.
   */
  #readFactsSoon(): void {
    clearTimeout(this.#factsTimer);
    this.#factsTimer = setTimeout(() => {
      void this.#queue.then(async () => {
        const id = this.detail?.id;
        if (id === undefined) return;
        try {
          this.#takeFacts(await call('images.get', { id }));
          await project.load();
        } catch (thrown) {
          app.sayProblem(thrown);
        }
      });
    }, FACTS_WAIT_MS);
  }

  #takeFacts(detail: ImageDetail): void {
    this.onclass(detail.id, detail.classId);
    if (this.detail?.id !== detail.id) return;
    this.detail = detail;
    this.canUndo = detail.canUndo;
    this.canRedo = detail.canRedo;
  }

  async #read(id: ImageId): Promise<void> {
    try {
      const detail = await call('images.get', { id });
      if (this.id !== id) return;
      this.#pending = [];
      this.detail = detail;
      this.#settle(detail.annotations, detail.canUndo, detail.canRedo);
      void call('projects.seen', { imageId: id }).catch(() => undefined); // only where to come back to
    } catch (thrown) {
      if (this.id !== id) return;
      this.detail = null;
      this.error = thrown;
      this.#settle([], false, false);
    }
  }

  #settle(annotations: Annotation[], canUndo: boolean, canRedo: boolean): void {
    this.#base = annotations;
    this.canUndo = canUndo;
    this.canRedo = canRedo;
    this.#redraw();
  }

  #redraw(): void {
    const imageId = this.detail?.id;
    this.annotations =
      imageId === undefined
        ? []
        : this.#pending.reduce((shown, pending) => applyEdits(shown, pending, imageId), this.#base);
    const there = new Set(this.annotations.map((annotation) => annotation.id));
    if ([...this.selection].some((id) => !there.has(id)))
      this.selection = new Set([...this.selection].filter((id) => there.has(id)));
  }
}

export const picture = new OpenPicture();
