// Decoded pictures of one size on disk, so that an epoch never decodes. Records of fixed length, found by
// content hash. Each writer appends to a file of its own and reads everybody's: two workers never share a
// file's end, so none needs a lock, and a record that a kill cut short can only be the last of its file,
// where it is not counted. A checksum guards against what a power cut leaves.

import { randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { AppError } from '../contracts/errors.ts';
import { fileModeIn, makeFolder } from '../files/write-file.ts';
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

const hashBytes = 32;
const checksumBytes = 4;

interface Place {
  descriptor: number;
  offset: number;
}

export class ImageCache {
  /** Side of the square pictures, in pixels. */
  readonly size: number;
  readonly #folder: string;
  readonly #recordBytes: number;
  readonly #places = new Map<string, Place>();
  readonly #descriptors: number[] = [];
  #own: Place | null = null;

  private constructor(folder: string, size: number) {
    this.size = size;
    this.#folder = path.join(folder, `pictures-${size}`);
    this.#recordBytes = hashBytes + size * size * 3 + checksumBytes;
    makeFolder(this.#folder);
    for (const name of readdirSync(this.#folder).sort())
      if (name.endsWith('.bin')) this.#index(path.join(this.#folder, name));
  }

  /** @param folder  the project's cache folder; made if it is missing */
  static open(folder: string, size: number): ImageCache {
    return new ImageCache(folder, size);
  }

  has(contentHash: string): boolean {
    return this.#places.has(contentHash);
  }

  /**
   * Copies a picture into `out` from `at`: [size * size * 3], HWC, 0..255.
   * @returns false if it is not cached, or its record is damaged (then it counts as not cached)
   */
  read(contentHash: string, out: Uint8Array, at = 0): boolean {
    const place = this.#places.get(contentHash);
    if (!place) return false;
    const length = this.size * this.size * 3;
    const checksum = Buffer.allocUnsafe(checksumBytes);
    const pixels = out.subarray(at, at + length);
    readSync(place.descriptor, pixels, 0, length, place.offset + hashBytes);
    readSync(place.descriptor, checksum, 0, checksumBytes, place.offset + hashBytes + length);
    if (crc32(pixels) === checksum.readUInt32LE(0)) return true;
    this.#places.delete(contentHash);
    return false;
  }

  /** The picture's pixels; decoded and stored when they are not cached. Throws not-found or bad-file. */
  async load(image: CacheableImage): Promise<Uint8Array> {
    const pixels = new Uint8Array(this.size * this.size * 3);
    if (this.read(image.contentHash, pixels)) return pixels;
    const decoded = await withImageFile(image.file, (bytes) => {
      if (contentHashOf(bytes) !== image.contentHash)
        throw new AppError('bad-file', `${path.basename(image.file)} has changed since it was imported`, {
          file: image.file,
          reason: 'its content hash differs; import it again',
        });
      return decodeRgb({ name: image.file, bytes }, { width: this.size, height: this.size });
    });
    this.#append(image.contentHash, decoded);
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
    for (const descriptor of this.#descriptors) closeSync(descriptor);
    this.#descriptors.length = 0;
    this.#places.clear();
    this.#own = null;
  }

  #index(file: string): void {
    const descriptor = openSync(file, 'r');
    this.#descriptors.push(descriptor);
    const records = Math.floor(fstatSync(descriptor).size / this.#recordBytes);
    const hash = Buffer.allocUnsafe(hashBytes);
    for (let i = 0; i < records; i++) {
      const offset = i * this.#recordBytes;
      readSync(descriptor, hash, 0, hashBytes, offset);
      this.#places.set(hash.toString('hex'), { descriptor, offset });
    }
  }

  #append(contentHash: string, pixels: Uint8Array): void {
    if (this.#own === null) {
      const descriptor = openSync(
        path.join(this.#folder, `${randomUUID()}.bin`),
        'ax+',
        fileModeIn(this.#folder),
      );
      this.#descriptors.push(descriptor);
      this.#own = { descriptor, offset: 0 };
    }
    const record = Buffer.allocUnsafe(this.#recordBytes);
    record.write(contentHash, 0, 'hex');
    record.set(pixels, hashBytes);
    record.writeUInt32LE(crc32(pixels), hashBytes + pixels.length);
    let written = 0;
    while (written < record.length) written += writeSync(this.#own.descriptor, record, written);
    this.#places.set(contentHash, { ...this.#own });
    this.#own.offset += this.#recordBytes;
  }
}
