// The picture on the canvas and its annotations. Every edit is drawn at once, sent at once, and taken back
// with a word if the core refuses it; `saving` falls to 0 only when the core has it on disk.

import { call } from '../bridge/bridge.ts';
import type {
  Annotation,
  AnnotationId,
  AttributeRecord,
  Attributes,
  ClassId,
  Edit,
  EditOutcome,
  ImageDetail,
  ImageId,
  ImageRecord,
} from '../../src-main/contracts/index.ts';
import { app } from './app.svelte.ts';
import { applyEdits, countAdds, namedIds, renamed, type PendingEdits } from './pending-edits.ts';
import { project } from './project.svelte.ts';

class OpenImage {
  /** What was asked for; `detail` follows. */
  id = $state<ImageId | null>(null);
  detail = $state.raw<ImageDetail | null>(null);
  error = $state.raw<unknown>(null);
  /** Attributes of the project. */
  known = $state.raw<Record<'pictures' | 'shapes', AttributeRecord[]>>({ pictures: [], shapes: [] });
  annotations = $state.raw<Annotation[]>([]);
  selection = $state.raw<ReadonlySet<AnnotationId>>(new Set());
  canUndo = $state(false);
  canRedo = $state(false);
  /** Called with a picture's record after each change the core has made. */
  onchanged: (record: ImageRecord) => void = () => undefined;

  #base: Annotation[] = [];
  #pending: PendingEdits[] = [];
  #nextId = -1;
  /** Calls of one picture go one after the other, so that undo undoes what was drawn before it. */
  #queue: Promise<unknown> = Promise.resolve();

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
    void this.#enqueue(imageId, async () => {
      // Earlier answers have renamed the ids in it meanwhile.
      const outcome = await call('annotations.edit', { imageId, edits: pending.edits });
      if (this.detail?.id === imageId) {
        const names = namedIds(this.#base, outcome.annotations, pending);
        this.#pending = this.#pending.filter((other) => other !== pending);
        for (const other of this.#pending) other.edits = renamed(other.edits, names);
        if (names.size > 0) this.select([...this.selection].map((id) => names.get(id) ?? id));
      }
      return outcome;
    });
  }

  undo(): void {
    this.#undoOrRedo('annotations.undo');
  }

  redo(): void {
    this.#undoOrRedo('annotations.redo');
  }

  async setClass(classId: ClassId | null): Promise<void> {
    const id = this.detail?.id;
    if (id === undefined) return;
    await this.#enqueue(id, () => call('images.setClass', { id, classId }));
  }

  /** Of the picture, all of them. */
  async setAttributes(attributes: Attributes): Promise<void> {
    const id = this.detail?.id;
    if (id === undefined) return;
    await this.#enqueue(id, () => call('images.setAttributes', { id, attributes }));
  }

  /** What others of the project are said to be, to choose from; read when attributes are shown. */
  async readAttributes(): Promise<void> {
    try {
      this.known = await call('images.attributes', {});
    } catch {
      // Only suggestions: any name and value can be typed.
    }
  }

  #undoOrRedo(method: 'annotations.undo' | 'annotations.redo'): void {
    const imageId = this.detail?.id;
    if (imageId === undefined) return;
    void this.#enqueue(imageId, () => call(method, { imageId }));
  }

  #enqueue(imageId: ImageId, send: () => Promise<EditOutcome | null>): Promise<void> {
    app.saving += 1;
    const done = this.#queue.then(async () => {
      let isRefused = false;
      try {
        const outcome = await send();
        app.saveFailed = false;
        if (!outcome) return;
        this.onchanged(outcome.image);
        await this.#take(outcome);
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
    this.#queue = done;
    return done;
  }

  /** What the core answers to an edit is all that it changed: nothing is asked after it. */
  async #take({ image, annotations, attributes, canUndo, canRedo }: EditOutcome): Promise<void> {
    // Left meanwhile: what it was before is not known here.
    if (this.detail?.id !== image.id) return project.load().catch(() => undefined);
    if (isNew(attributes, annotations, this.known)) {
      // The project lists what pictures can be grouped by.
      await Promise.all([this.readAttributes(), project.load().catch(() => undefined)]);
      if (this.detail?.id !== image.id) return;
    } else project.changed({ image: this.detail, annotations: this.#base }, { image, annotations });
    this.detail = { ...this.detail, ...image, annotations, attributes, canUndo, canRedo };
    this.#settle(annotations, canUndo, canRedo);
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

/** Whether a name or value is said that the project's list lacks. */
function isNew(
  attributes: Attributes,
  annotations: readonly Annotation[],
  known: Record<'pictures' | 'shapes', readonly AttributeRecord[]>,
): boolean {
  const lacks = (said: Attributes, records: readonly AttributeRecord[]) =>
    Object.entries(said).some(
      ([name, value]) => !records.find((record) => record.name === name)?.values.includes(value),
    );
  return (
    lacks(attributes, known.pictures) || annotations.some((shape) => lacks(shape.attributes, known.shapes))
  );
}

export const image = new OpenImage();
