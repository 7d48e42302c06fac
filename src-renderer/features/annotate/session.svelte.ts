// What the person does on the Annotate screen: tool, current class, clipboard, place in the list of
// pictures. The commands of the key map and of the buttons end here.

import { allowedMove, grown, translated, union } from '../../canvas/box-edits.ts';
import { fitsImage, placeCopies } from '../../canvas/paste.ts';
import { bounds } from '../../canvas/shapes.ts';
import { defaultTool, type ToolName } from '../../canvas/tools/registry.ts';
import type {
  Annotation,
  AnnotationId,
  ClassId,
  Edit,
  ImageFilter,
  ImageId,
  Shape,
} from '../../../src-main/contracts/index.ts';
import { app } from '../../state/app.svelte.ts';
import { image } from '../../state/image.svelte.ts';
import { images } from '../../state/images.svelte.ts';
import { project } from '../../state/project.svelte.ts';

class AnnotateSession {
  tool = $state<ToolName>(defaultTool);
  /** Class of the next box. */
  classId = $state<ClassId | null>(null);
  /** Place of the open picture in the list; -1 if it does not fit the filter. */
  index = $state(-1);
  shapesShown = $state(true);
  brightness = $state(0);
  contrast = $state(0);
  hovered = $state<number | null>(null);
  moving = $state(false);
  /** The selection was made elsewhere than on the canvas, which should bring it into sight. */
  reveal = $state(false);

  #clipboard: { classId: ClassId | null; shape: Shape }[] = [];

  /** Opens the screen: where the person was, or the first picture. */
  async start(): Promise<void> {
    try {
      if (!images.known) await images.refresh();
      const id = image.id ?? project.current?.lastImageId ?? null;
      const index = id === null ? -1 : await images.indexOf(id).catch(() => -1);
      if (id !== null && index >= 0) await this.openAt(index);
      else if (images.total > 0) await this.openAt(0);
    } catch (thrown) {
      app.sayProblem(thrown);
    }
  }

  async filter(filter: ImageFilter, sort = images.sort): Promise<void> {
    await images.query(filter, sort);
    if (image.id !== null) this.index = await images.indexOf(image.id).catch(() => -1);
    if (this.index < 0 && images.total > 0) await this.openAt(0);
  }

  /** The list anew, without losing the place in it. */
  async refreshList(): Promise<void> {
    await images.refresh();
    this.index = image.id === null ? -1 : await images.indexOf(image.id).catch(() => -1);
    if (image.id === null && images.total > 0) await this.openAt(0);
  }

  async openAt(index: number): Promise<void> {
    const record = await images.record(index);
    if (!record) return;
    this.index = index;
    await this.#open(record.id);
    // The neighbours' records are there before an edit can change the list.
    await Promise.all([images.record(index + 1), images.record(index - 1)]);
  }

  async go(step: 1 | -1): Promise<void> {
    if (this.moving) return;
    this.moving = true;
    try {
      // Out of the filtered list: the list's start is where to go on.
      const target = await images.record(this.index < 0 ? 0 : this.index + step);
      if (!target) {
        app.say(step > 0 ? 'This is the last picture of the list' : 'This is the first picture of the list');
        return;
      }
      await this.#goTo(target.id, this.index < 0 ? 0 : this.index + step);
    } catch (thrown) {
      app.sayProblem(thrown);
    } finally {
      this.moving = false;
    }
  }

  async goToUnlabelled(): Promise<void> {
    if (image.id === null || this.moving) return;
    this.moving = true;
    try {
      const index = await images.nextUnlabelled(image.id);
      const target = await images.record(index);
      if (target) await this.#goTo(target.id, index);
      else app.say('No picture after this one is without a box');
    } catch (thrown) {
      app.sayProblem(thrown);
    } finally {
      this.moving = false;
    }
  }

  /** While pictures leave the filtered list by being edited, places shift: they are asked for again. */
  async #goTo(id: ImageId, index: number): Promise<void> {
    if (images.stale) {
      await image.settled();
      await images.refresh();
      index = await images.indexOf(id);
    }
    this.index = index;
    await this.#open(id);
    await Promise.all([images.record(index + 1), images.record(index - 1)]);
  }

  async #open(id: ImageId): Promise<void> {
    await image.open(id);
    // A picture with a class most often has boxes of that class.
    const own = image.detail?.classId ?? null;
    if (own !== null) this.classId = own;
    else if (this.classId !== null && !project.classOf(this.classId)) this.classId = null;
  }

  /** A digit: the selection's class, or the next box's. */
  chooseClass(classId: ClassId | null): void {
    this.classId = classId;
    const edits = image.selected
      .filter((annotation) => annotation.classId !== classId)
      .map(({ id }): Edit => ({ do: 'change', id, classId }));
    if (edits.length > 0) image.edit(edits);
  }

  chooseDigit(digit: number): void {
    const record = project.classes.find(({ position }) => position === digit);
    if (record) this.chooseClass(record.id);
    else app.say(`There is no class ${digit}`);
  }

  add(shape: Shape): void {
    image.edit([{ do: 'add', classId: this.classId, shape }], true);
  }

  change(changes: { id: number; shape: Shape }[]): void {
    image.edit(changes.map(({ id, shape }) => ({ do: 'change', id: id as AnnotationId, shape })));
  }

  remove(ids: readonly number[]): void {
    image.edit(ids.map((id) => ({ do: 'delete', id: id as AnnotationId })));
  }

  delete(annotations: readonly Annotation[] = image.selected): void {
    const free = annotations.filter(({ locked }) => !locked);
    if (free.length < annotations.length) app.say('Locked shapes stay. Unlock them with L');
    image.edit(free.map(({ id }) => ({ do: 'delete', id })));
    if (free.length > 1)
      app.say(`Deleted ${free.length} shapes`, {
        action: { label: 'Undo', keys: 'Ctrl Z', run: () => image.undo() },
      });
  }

  duplicate(): void {
    this.#addCopies(image.selected.map(({ classId, shape }) => ({ classId, shape })));
  }

  copy(): void {
    this.#clipboard = image.selected.map(({ classId, shape }) => ({ classId, shape }));
    const { length } = this.#clipboard;
    if (length > 0) app.say(length === 1 ? 'Copied 1 shape' : `Copied ${length} shapes`);
  }

  paste(): void {
    const { detail } = image;
    if (!detail || this.#clipboard.length === 0) return;
    const size = { width: detail.widthPx, height: detail.heightPx };
    const fitting = this.#clipboard.filter(({ shape }) => fitsImage(shape, size));
    const left = this.#clipboard.length - fitting.length;
    if (left > 0) app.say(`${left} of ${this.#clipboard.length} do not fit this picture`);
    this.#addCopies(fitting);
  }

  #addCopies(copies: { classId: ClassId | null; shape: Shape }[]): void {
    const { detail } = image;
    if (!detail || copies.length === 0) return;
    const placed = placeCopies(
      copies.map(({ shape }) => shape),
      image.annotations.map(({ shape }) => shape),
      { width: detail.widthPx, height: detail.heightPx },
    );
    image.edit(
      placed.map((shape, index): Edit => ({ do: 'add', classId: copies[index]!.classId, shape })),
      true,
    );
  }

  nudge(dx: number, dy: number): void {
    const movable = this.#movable();
    const around = union(movable.map(({ shape }) => bounds(shape)));
    if (!around || !image.detail) return;
    const by = allowedMove(around, dx, dy, {
      width: image.detail.widthPx,
      height: image.detail.heightPx,
    });
    if (by.x === 0 && by.y === 0) return;
    this.change(
      movable.flatMap(({ id, shape }) => {
        const moved = translated(shape, by);
        return moved ? [{ id, shape: moved }] : [];
      }),
    );
  }

  resizeBy(dx: number, dy: number): void {
    const { detail } = image;
    if (!detail) return;
    const size = { width: detail.widthPx, height: detail.heightPx };
    this.change(
      this.#movable().flatMap(({ id, shape }) =>
        shape.kind === 'box'
          ? [{ id, shape: { kind: 'box' as const, box: grown(shape.box, { x: dx, y: dy }, size) } }]
          : [],
      ),
    );
  }

  #movable(): Annotation[] {
    return image.selected.filter(({ locked, shape }) => !locked && shape.kind !== 'mask');
  }

  /** The selection's, or all; unlocks only if all are locked. */
  toggleLock(annotations = image.selected.length > 0 ? image.selected : image.annotations): void {
    const locked = !annotations.every((annotation) => annotation.locked);
    image.edit(
      annotations
        .filter((annotation) => annotation.locked !== locked)
        .map(({ id }) => ({ do: 'change', id, locked })),
    );
  }

  toggleHidden({ id, hidden }: Annotation): void {
    image.edit([{ do: 'change', id, hidden: !hidden }]);
  }

  selectAll(): void {
    image.select(image.annotations.filter(({ hidden }) => !hidden).map(({ id }) => id));
  }

  /** Walks the objects; false at either end, so that the focus can leave. */
  selectNext(step: 1 | -1): boolean {
    const shown = image.annotations.filter(({ hidden }) => !hidden);
    const at = shown.findIndex(({ id }) => image.selection.has(id));
    const next = shown[at < 0 ? (step > 0 ? 0 : shown.length - 1) : at + step];
    if (!next) return false;
    image.select([next.id]);
    return true;
  }
}

export const session = new AnnotateSession();
