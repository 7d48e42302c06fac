// Records of one length in a folder of files, found by a key of 32 bytes. Each writer appends to a file of its own and
// reads everybody's: two processes never share a file's end, so none needs a lock, and a record that a kill cut short
// can only be the last of its file, where it is not counted. A checksum guards against what a power cut leaves.

import { randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { fileModeIn, makeFolder } from './write-file.ts';

const keyBytes = 32;
const checksumBytes = 4;

interface Place {
  descriptor: number;
  offset: number;
}

export class RecordFolder {
  /** Of a record, without key and checksum. */
  readonly length: number;
  readonly #folder: string;
  readonly #recordBytes: number;
  readonly #places = new Map<string, Place>();
  readonly #descriptors: number[] = [];
  #own: Place | null = null;

  /** @param folder  made if it is missing; for records of this length alone */
  constructor(folder: string, length: number) {
    this.length = length;
    this.#folder = folder;
    this.#recordBytes = keyBytes + length + checksumBytes;
    makeFolder(folder);
    for (const name of readdirSync(folder).sort())
      if (name.endsWith('.bin')) this.#index(path.join(folder, name));
  }

  /** @param key  32 bytes, hex */
  has(key: string): boolean {
    return this.#places.has(key);
  }

  /**
   * Copies a record into `out` from `at`.
   * @returns false if there is none, or it is damaged (then it counts as none)
   */
  read(key: string, out: Uint8Array, at = 0): boolean {
    const place = this.#places.get(key);
    if (!place) return false;
    const checksum = Buffer.allocUnsafe(checksumBytes);
    const record = out.subarray(at, at + this.length);
    readSync(place.descriptor, record, 0, this.length, place.offset + keyBytes);
    readSync(place.descriptor, checksum, 0, checksumBytes, place.offset + keyBytes + this.length);
    if (crc32(record) === checksum.readUInt32LE(0)) return true;
    this.#places.delete(key);
    return false;
  }

  /** @param record  of `length` bytes */
  append(key: string, record: Uint8Array): void {
    if (this.#own === null) {
      const descriptor = openSync(
        path.join(this.#folder, `${randomUUID()}.bin`),
        'ax+',
        fileModeIn(this.#folder),
      );
      this.#descriptors.push(descriptor);
      this.#own = { descriptor, offset: 0 };
    }
    const bytes = Buffer.allocUnsafe(this.#recordBytes);
    bytes.write(key, 0, 'hex');
    bytes.set(record, keyBytes);
    bytes.writeUInt32LE(crc32(record), keyBytes + this.length);
    let written = 0;
    while (written < bytes.length) written += writeSync(this.#own.descriptor, bytes, written);
    this.#places.set(key, { ...this.#own });
    this.#own.offset += this.#recordBytes;
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
    const key = Buffer.allocUnsafe(keyBytes);
    for (let i = 0; i < records; i++) {
      const offset = i * this.#recordBytes;
      readSync(descriptor, key, 0, keyBytes, offset);
      this.#places.set(key.toString('hex'), { descriptor, offset });
    }
  }
}
