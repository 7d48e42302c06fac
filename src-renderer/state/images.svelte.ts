// The list of pictures that fits the filter, read page by page as it comes into view. 100,000 pictures
// cost what is looked at.

import { SvelteMap } from 'svelte/reactivity';
import { call } from '../bridge/bridge.ts';
import type { ImageFilter, ImageId, ImageRecord, ProjectCounts } from '../../src-main/contracts/index.ts';
import { app } from './app.svelte.ts';
import { project } from './project.svelte.ts';

export const PAGE = 100;
type Has = NonNullable<ImageFilter['has']>;

class Images {
  filter = $state.raw<ImageFilter>({});
  sort = $state<'added' | 'name'>('added');
  total = $state(0);
  /** False until the first answer. */
  known = $state(false);
  error = $state.raw<unknown>(null);
  /** How many pictures each has-filter would show, in the whole project. */
  readonly counts: Record<Has, number> | null = $derived(hasCounts(project.counts));
  /** An edit may have changed which pictures fit the filter: read anew before moving on. */
  stale = false;

  readonly #pages = new SvelteMap<number, ImageRecord[]>();
  #version = 0;
  #wanted: { from: number; to: number } = { from: 0, to: 0 };
  #reading = false;

  at(index: number): ImageRecord | undefined {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  get isFiltered(): boolean {
    return Object.keys(this.filter).length > 0;
  }

  /** New filter or order, or the same again with what changed meanwhile. */
  async query(filter: ImageFilter, sort = this.sort): Promise<void> {
    this.filter = filter;
    this.sort = sort;
    await this.refresh();
  }

  async refresh(): Promise<void> {
    const version = ++this.#version;
    this.stale = false;
    const { filter, sort } = this;
    const first = Math.floor(this.#wanted.from / PAGE);
    try {
      const [{ images }, page] = await Promise.all([
        call('images.count', { filter, sort }),
        call('images.page', { filter, sort, offset: first * PAGE, limit: PAGE }),
      ]);
      if (version !== this.#version) return;
      this.#pages.clear();
      this.#pages.set(first, page);
      this.total = images;
      this.known = true;
      this.error = null;
      void this.#read();
    } catch (thrown) {
      if (version === this.#version) this.error = thrown;
    }
  }

  clear(): void {
    this.#version += 1;
    this.#pages.clear();
    this.filter = {};
    this.total = 0;
    this.known = false;
    this.error = null;
    this.#wanted = { from: 0, to: 0 };
  }

  /** Asks for the pictures from..to (exclusive); they appear in `at` when they are there. */
  need(from: number, to: number): void {
    this.#wanted = { from: Math.max(0, from), to: Math.min(this.total, to) };
    void this.#read();
  }

  /** The record at a place, read if it is not there yet. */
  async record(index: number): Promise<ImageRecord | undefined> {
    if (index < 0 || index >= this.total) return undefined;
    if (!this.at(index)) await this.#readPage(Math.floor(index / PAGE));
    return this.at(index);
  }

  async indexOf(id: ImageId): Promise<number> {
    const { filter, sort } = this;
    return (await call('images.indexOf', { filter, sort, id })).index;
  }

  /** Place of the next picture after `id` without an annotation, in this list; -1 if there is none. */
  async nextUnlabelled(id: ImageId): Promise<number> {
    const { filter, sort } = this;
    return (await call('images.indexOf', { filter, sort, id, nextUnlabelled: true })).index;
  }

  /** Keeps the list's own figures right after an edit, without reading it again. */
  put(record: ImageRecord): void {
    const was = this.#patch(record);
    const shapes = was === null || was.boxes !== record.boxes || was.masks !== record.masks;
    const own = was === null || was.classId !== record.classId;
    const { has, classId, unclassed } = this.filter;
    this.stale ||= shapes && (has !== undefined || classId !== undefined);
    this.stale ||= own && (unclassed === true || classId !== undefined);
  }

  /** The record that it takes the place of; null if it is not read yet. */
  #patch(record: ImageRecord): ImageRecord | null {
    for (const [number, page] of this.#pages) {
      const at = page.findIndex(({ id }) => id === record.id);
      const was = page[at];
      if (!was) continue;
      const isNews = (Object.keys(record) as (keyof ImageRecord)[]).some((key) => record[key] !== was[key]);
      if (isNews) this.#pages.set(number, page.with(at, record));
      return was;
    }
    return null;
  }

  /** One page at a time, always the nearest to what is wanted now; pages scrolled past are left out. */
  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      for (let page = this.#missing(); page !== null; page = this.#missing()) await this.#readPage(page);
    } catch (thrown) {
      app.sayProblem(thrown, 'Pictures not listed');
    } finally {
      this.#reading = false;
    }
  }

  #missing(): number | null {
    const { from, to } = this.#wanted;
    for (let page = Math.floor(from / PAGE); page * PAGE < to; page += 1)
      if (!this.#pages.has(page)) return page;
    return null;
  }

  async #readPage(page: number): Promise<void> {
    const version = this.#version;
    const { filter, sort } = this;
    const records = await call('images.page', { filter, sort, offset: page * PAGE, limit: PAGE });
    if (version === this.#version) this.#pages.set(page, records);
  }
}

const hasCounts = (counts: ProjectCounts | null): Record<Has, number> | null =>
  counts && { box: counts.withBox, 'no-box': counts.images - counts.annotated, mask: counts.withMask };

export const images = new Images();
