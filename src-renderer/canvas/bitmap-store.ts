// The bitmaps of the picture shown and of its neighbours, so that next and previous are there at once.

import { CanvasBitmap } from './bitmap.ts';
import type { Size } from './viewport.ts';

const KEPT = 4;
/** Larger ones are not read ahead: four of them would fill the memory. */
const READ_AHEAD_MEGAPIXELS = 30;

interface Entry {
  loading: Promise<CanvasBitmap>;
  abort: AbortController;
}

export class BitmapStore {
  /** Oldest use first. */
  readonly #entries = new Map<string, Entry>();

  get(address: string, frame: Size): Promise<CanvasBitmap> {
    const known = this.#entries.get(address);
    if (known) {
      this.#entries.delete(address);
      this.#entries.set(address, known);
      return known.loading;
    }
    const abort = new AbortController();
    const loading = CanvasBitmap.load(address, frame, abort.signal);
    this.#entries.set(address, { loading, abort });
    // A failure is not kept: the file may be back the next time.
    loading.catch(() => this.#entries.delete(address));
    for (const [old, entry] of this.#entries) {
      if (this.#entries.size <= KEPT) break;
      this.#entries.delete(old);
      drop(entry);
    }
    return loading;
  }

  readAhead(address: string, frame: Size): void {
    if (frame.width * frame.height > READ_AHEAD_MEGAPIXELS * 1e6 || this.#entries.has(address)) return;
    this.get(address, frame).catch(() => undefined); // said when it is opened
  }

  clear(): void {
    for (const entry of this.#entries.values()) drop(entry);
    this.#entries.clear();
  }
}

function drop({ loading, abort }: Entry): void {
  abort.abort();
  loading.then(
    (bitmap) => bitmap.close(),
    () => undefined,
  );
}
