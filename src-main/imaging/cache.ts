// Decoded pictures of one size on disk, found by content hash, so that an epoch never decodes.

import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import { RecordFolder } from '../files/record-folder.ts';
import { contentHashOf, decodeRgb, withImageFile } from './decode.ts';

/** What the cache needs to know of a picture; worker-protocol's Picture fits. */
export interface CacheableImage {
  /** Absolute path. */
  file: string;
  /** SHA-256 of the file's bytes, hex. */
  contentHash: string;
}

export interface FillOptions {
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
  /** Pictures decoded side by side. */
  concurrency?: number;
}

export class ImageCache {
  /** Side of the square pictures, in pixels. */
  readonly size: number;
  readonly #records: RecordFolder;

  private constructor(folder: string, size: number) {
    this.size = size;
    this.#records = new RecordFolder(path.join(folder, `pictures-${size}`), size * size * 3);
  }

  /** @param folder  the project's cache folder; made if it is missing */
  static open(folder: string, size: number): ImageCache {
    return new ImageCache(folder, size);
  }

  has(contentHash: string): boolean {
    return this.#records.has(contentHash);
  }

  /**
   * Copies a picture into `out` from `at`: [size * size * 3], HWC, 0..255.
   * @returns false if it is not cached, or its record is damaged (then it counts as not cached)
   */
  read(contentHash: string, out: Uint8Array, at = 0): boolean {
    return this.#records.read(contentHash, out, at);
  }

  /** The picture's pixels; decoded and stored when they are not cached. Throws not-found or bad-file. */
  async load(image: CacheableImage): Promise<Uint8Array> {
    const pixels = new Uint8Array(this.#records.length);
    if (this.read(image.contentHash, pixels)) return pixels;
    const decoded = await withImageFile(image.file, (bytes) => {
      if (contentHashOf(bytes) !== image.contentHash)
        throw new AppError('bad-file', `${path.basename(image.file)} has changed since it was imported`, {
          file: image.file,
          reason: 'its content hash differs; import it again',
        });
      return decodeRgb({ name: image.file, bytes }, { width: this.size, height: this.size });
    });
    this.#records.append(image.contentHash, decoded);
    return decoded;
  }

  /** Decodes what is missing. Stops with the first picture that fails, or when the signal is aborted. */
  async fill(images: readonly CacheableImage[], options: FillOptions = {}): Promise<void> {
    const { signal, onProgress, concurrency = 4 } = options;
    const missing = [...new Map(images.map((image) => [image.contentHash, image])).values()].filter(
      (image) => !this.has(image.contentHash),
    );
    let next = 0;
    let done = 0;
    const lane = async () => {
      while (next < missing.length) {
        signal?.throwIfAborted();
        await this.load(missing[next++]);
        onProgress?.(++done, missing.length);
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, missing.length) }, lane));
  }

  close(): void {
    this.#records.close();
  }
}
