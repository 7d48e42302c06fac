// What the person does on the Annotate screen: tool, current class, clipboard, place in the list of
// pictures. The commands of the key map and of the buttons end here.

import { allowedMove, grown, translated, union } from '../../canvas/box-edits.ts';
import { fitsPicture, placeCopies } from '../../canvas/paste.ts';
import { bounds } from '../../canvas/shapes.ts';
import type { ToolName } from '../../canvas/scene.ts';
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
import { picture } from '../../state/picture.svelte.ts';
import { pictures } from '../../state/pictures.svelte.ts';
import { project } from '../../state/project.svelte.ts';

class AnnotateSession {
  tool = $state<ToolName>('box');
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
      if (!pictures.known) await pictures.refresh();
      const id = picture.id ?? project.current?.lastImageId ?? null;
      const index = id === null ? -1 : await pictures.indexOf(id).catch(() => -1);
      if (id !== null && index >= 0) await this.openAt(index);
      else if (pictures.total > 0) await this.openAt(0);
    } catch (thrown) {
      app.sayProblem(thrown);
    }
  }

  async filter(filter: ImageFilter, sort = pictures.sort): Promise<void> {
    await pictures.query(filter, sort);
    if (picture.id !== null) this.index = await pictures.indexOf(picture.id).catch(() => -1);
    if (this.index < 0 && pictures.total > 0) await this.openAt(0);
  }

  /** The list anew, without losing the place in it. */
  async refreshList(): Promise<void> {
    await pictures.refresh();
    this.index = picture.id === null ? -1 : await pictures.indexOf(picture.id).catch(() => -1);
    if (picture.id === null && pictures.total > 0) await this.openAt(0);
  }

  async openAt(index: number): Promise<void> {
    const record = await pictures.record(index);
    if (!record) return;
    this.index = index;
    await this.#open(record.id);
    // The neighbours' records are there before an edit can change the list.
    await Promise.all([pictures.record(index + 1), pictures.record(index - 1)]);
  }

  async go(step: 1 | -1): Promise<void> {
    if (this.moving) return;
    this.moving = true;
    try {
      // Out of the filtered list: the list's start is where to go on.
      const target = await pictures.record(this.index < 0 ? 0 : this.index + step);
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
    if (picture.id === null || this.moving) return;
    this.moving = true;
    try {
      const index = await pictures.nextUnlabelled(picture.id);
      const target = await pictures.record(index);
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
    if (pictures.stale) {
      await picture.settled();
      await pictures.refresh();
      index = await pictures.indexOf(id);
    }
    this.index = index;
    await this.#open(id);
    await Promise.all([pictures.record(index + 1), pictures.record(index - 1)]);
  }

  async #open(id: ImageId): Promise<void> {
    await picture.open(id);
    // A picture with a class most often has boxes of that class.
    const own = picture.detail?.classId ?? null;
    if (own !== null) this.classId = own;
    else if (this.classId !== null && !project.classOf(this.classId)) this.classId = null;
  }

  /** A digit: the selection's class, or the next box's. */
  chooseClass(classId: ClassId | null): void {
    this.classId = classId;
    const edits = picture.selected
      .filter((annotation) => annotation.classId !== classId)
      .map(({ id }): Edit => ({ do: 'change', id, classId }));
    if (edits.length > 0) picture.edit(edits);
  }

  chooseDigit(digit: number): void {
    const record = project.classes.find(({ position }) => position === digit);
    if (record) this.chooseClass(record.id);
    else app.say(`There is no class ${digit}`);
  }

  add(shape: Shape): void {
    picture.edit([{ do: 'add', classId: this.classId, shape }], true);
  }

  change(changes: { id: number; shape: Shape }[]): void {
    picture.edit(changes.map(({ id, shape }) => ({ do: 'change', id: id as AnnotationId, shape })));
  }

  delete(annotations: readonly Annotation[] = picture.selected): void {
    const free = annotations.filter(({ locked }) => !locked);
    if (free.length < annotations.length) app.say('Locked shapes stay. Unlock them with L');
    picture.edit(free.map(({ id }) => ({ do: 'delete', id })));
    if (free.length > 1)
      app.say(`Deleted ${free.length} shapes`, {
        action: { label: 'Undo', keys: 'Ctrl Z', run: () => picture.undo() },
      });
  }

  duplicate(): void {
    this.#addCopies(picture.selected.map(({ classId, shape }) => ({ classId, shape })));
  }

  copy(): void {
    this.#clipboard = picture.selected.map(({ classId, shape }) => ({ classId, shape }));
    const { length } = this.#clipboard;
    if (length > 0) app.say(length === 1 ? 'Copied 1 shape' : `Copied ${length} shapes`);
  }

  paste(): void {
    const { detail } = picture;
    if (!detail || this.#clipboard.length === 0) return;
    const size = { width: detail.widthPx, height: detail.heightPx };
    const fitting = this.#clipboard.filter(({ shape }) => fitsPicture(shape, size));
    const left = this.#clipboard.length - fitting.length;
    if (left > 0) app.say(`${left} of ${this.#clipboard.length} do not fit this picture`);
    this.#addCopies(fitting);
  }

  #addCopies(copies: { classId: ClassId | null; shape: Shape }[]): void {
    const { detail } = picture;
    if (!detail || copies.length === 0) return;
    const placed = placeCopies(
      copies.map(({ shape }) => shape),
      picture.annotations.map(({ shape }) => shape),
      { width: detail.widthPx, height: detail.heightPx },
    );
    picture.edit(
      placed.map((shape, index): Edit => ({ do: 'add', classId: copies[index]!.classId, shape })),
      true,
    );
  }

  nudge(dx: number, dy: number): void {
    const movable = this.#movable();
    const around = union(movable.map(({ shape }) => bounds(shape)));
    if (!around || !picture.detail) return;
    const by = allowedMove(around, dx, dy, {
      width: picture.detail.widthPx,
      height: picture.detail.heightPx,
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
    const { detail } = picture;
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
    return picture.selected.filter(({ locked, shape }) => !locked && shape.kind !== 'mask');
  }

  /** The selection's, or all; unlocks only if all are locked. */
  toggleLock(annotations = picture.selected.length > 0 ? picture.selected : picture.annotations): void {
    const locked = !annotations.every((annotation) => annotation.locked);
    picture.edit(
      annotations
        .filter((annotation) => annotation.locked !== locked)
        .map(({ id }) => ({ do: 'change', id, locked })),
    );
  }

  toggleHidden({ id, hidden }: Annotation): void {
    picture.edit([{ do: 'change', id, hidden: !hidden }]);
  }

  selectAll(): void {
    picture.select(picture.annotations.filter(({ hidden }) => !hidden).map(({ id }) => id));
  }

  /** Walks the objects; false at either end, so that the focus can leave. */
  selectNext(step: 1 | -1): boolean {
    const shown = picture.annotations.filter(({ hidden }) => !hidden);
    const at = shown.findIndex(({ id }) => picture.selection.has(id));
    const next = shown[at < 0 ? (step > 0 ? 0 : shown.length - 1) : at + step];
    if (!next) return false;
    picture.select([next.id]);
    return true;
  }
}

export const session = new AnnotateSession();
