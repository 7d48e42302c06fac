// The imports of the open project with their reports, and the ways from there: to the pictures concerned, and to the
// removal of what is gone from its source.

import { call } from '../bridge/bridge.ts';
import type { ImportId, ImportRecord } from '../../src-main/contracts/index.ts';
import { app } from './app.svelte.ts';
import { images } from './images.svelte.ts';
import { project } from './project.svelte.ts';

class ImportsDialog {
  isOpen = $state(false);
  /** The last first; null until read. */
  all = $state.raw<ImportRecord[] | null>(null);
  chosen = $state<ImportId | null>(null);
  error = $state.raw<unknown>(null);
  removing = $state(false);

  readonly record: ImportRecord | null = $derived(this.all?.find(({ id }) => id === this.chosen) ?? null);

  async open(): Promise<void> {
    this.isOpen = true;
    this.all = null;
    this.chosen = null;
    const all = await this.#read();
    this.chosen = all[0]?.id ?? null;
  }

  close(): void {
    this.isOpen = false;
  }

  async #read(): Promise<ImportRecord[]> {
    this.error = null;
    try {
      return (this.all = await call('imports.list', {}));
    } catch (thrown) {
      this.error = thrown;
      return [];
    }
  }

  /** Leaves for the pictures that an import brought, or that its report says something of. */
  async show(id: ImportId, which: 'added' | 'concerned'): Promise<void> {
    this.isOpen = false;
    await images.query({ import: { id, which } });
    project.imagesChanged += 1;
    app.go('annotate');
  }

  async removeGone(id: ImportId): Promise<void> {
    this.removing = true;
    try {
      const { removed } = await call('imports.removeGone', { id });
      app.say(removed === 1 ? 'Removed 1 shape' : `Removed ${removed} shapes`);
      await this.#read();
    } catch (thrown) {
      this.error = thrown;
    } finally {
      this.removing = false;
    }
  }
}

export const importsDialog = new ImportsDialog();
