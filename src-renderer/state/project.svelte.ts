// The open project: classes, counts, splits. The core keeps it open over a reload; this is its mirror.

import { call, on } from '../bridge/bridge.ts';
import type {
  ClassId,
  ClassRecord,
  ProjectCounts,
  ProjectState,
  FileRef,
  ProjectId,
} from '../../src-main/contracts/index.ts';
import { withChange, type Labelled } from './project-counts.ts';

class OpenProject {
  #current = $state.raw<ProjectState | null>(null);
  /** False until the core was asked once. */
  known = $state(false);
  /** Rises whenever pictures came or went beyond this window's own edits: lists read anew. */
  imagesChanged = $state(0);

  /**
   * Called when another project, or none, takes the place of the last, before anything shows it: nothing of
   * the last one may stay. Not an effect, since effects of the screens that read the new one may run first.
   */
  onswitch: (id: ProjectId | null) => void = () => undefined;

  /** Stays the same, also for effects, while the project's figures change. */
  readonly id: ProjectId | null = $derived(this.#current?.id ?? null);
  readonly classes: ClassRecord[] = $derived(this.current?.classes ?? []);
  readonly counts: ProjectCounts | null = $derived(this.current?.counts ?? null);
  readonly #byId = $derived(new Map(this.classes.map((record) => [record.id, record])));

  /** Null while none is open. */
  get current(): ProjectState | null {
    return this.#current;
  }

  set current(next: ProjectState | null) {
    const isOther = next?.id !== this.#current?.id;
    this.#current = next;
    if (isOther) this.onswitch(next?.id ?? null);
  }

  classOf(id: ClassId | null): ClassRecord | null {
    return id === null ? null : (this.#byId.get(id) ?? null);
  }

  /** CSS colour of a class; grey without one. */
  colourOf(id: ClassId | null): string {
    const record = this.classOf(id);
    return record ? classColour(record.position) : 'var(--casing-light)';
  }

  /** "1".."9" for the first nine classes. */
  digitOf(id: ClassId | null): string {
    const record = this.classOf(id);
    return record && record.position <= 9 ? String(record.position) : '';
  }

  listen(): () => void {
    return on('project', ({ id, what }) => {
      if (id !== this.current?.id || what === 'runs' || what === 'comparisons') return;
      void this.load().then(() => {
        if (what === 'images' || what === 'splits') this.imagesChanged += 1;
      });
    });
  }

  async load(): Promise<void> {
    this.current = await call('projects.current', {});
    this.known = true;
  }

  /** @param how  confirm: the person has seen the places outside its folder; readOnly: to be looked at only */
  async open(
    which: { id: ProjectId } | { folder: FileRef },
    how: { confirm?: string; readOnly?: boolean } = {},
  ): Promise<void> {
    this.current = await call('projects.open', { ...which, ...how });
    this.known = true;
  }

  async restore(which: { id: ProjectId } | { folder: FileRef }, backup: string): Promise<void> {
    this.current = await call('projects.restore', { project: which, backup });
    this.known = true;
  }

  async create(name: string, parent: FileRef | null): Promise<void> {
    this.current = await call('projects.create', { name, parent });
    this.known = true;
  }

  /** One picture was edited. */
  changed(before: Labelled, after: Labelled): void {
    if (this.current) this.current = withChange(this.current, before, after);
  }

  async createClass(name: string): Promise<ClassRecord | null> {
    const before = new Set(this.classes.map((record) => record.id));
    this.current = await call('classes.create', { name });
    return this.classes.find((record) => !before.has(record.id)) ?? null;
  }

  async renameClass(id: ClassId, name: string): Promise<void> {
    this.current = await call('classes.rename', { id, name });
  }

  async deleteClass(id: ClassId): Promise<void> {
    this.current = await call('classes.delete', { id });
  }
}

/** The palette has ten colours and comes round; the digit and the name tell classes apart. */
export function classColour(position: number): string {
  return `var(--class-${((position - 1) % 10) + 1})`;
}

export const project = new OpenProject();
