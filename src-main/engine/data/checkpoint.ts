// Checkpoint files: named float32 tensors and a JSON record in one file, written so that a kill at any moment
// leaves either the old file or the new one, and read so that a damaged one is known for what it is.
//
// Layout, little-endian: magic "FOVEACK1" · SHA-256 of all that follows (32 bytes) · length of the header (uint32) ·
// header (JSON, padded with spaces to a multiple of 4) · payload (float32, tensors in the header's order).

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError } from '../../contracts/errors.ts';
import { writeFileWhole } from '../../files/write-file.ts';

const magic = Buffer.from('FOVEACK1', 'latin1');
const hashAt = magic.length;
const lengthAt = hashAt + 32;
const headerAt = lengthAt + 4;
const headerMaxBytes = 64 * 1024 * 1024;

const headerSchema = z.object({
  tensors: z.array(z.object({ name: z.string(), shape: z.array(z.int().min(0)) })),
  record: z.unknown(),
});

export interface Checkpoint {
  tensors: ReadonlyMap<string, Float32Array>;
  /** Whatever the writer put in, as JSON gives it back; the reader checks it. */
  record: unknown;
}

/** Appears at once or not at all. */
export async function writeCheckpoint(
  file: string,
  shapes: readonly { name: string; shape: readonly number[] }[],
  tensors: ReadonlyMap<string, Float32Array>,
  record: unknown,
): Promise<void> {
  const specs = shapes.map(({ name, shape }) => ({ name, shape }));
  const plain = Buffer.from(JSON.stringify({ tensors: specs, record }), 'utf8');
  const header = Buffer.alloc(Math.ceil(plain.length / 4) * 4, 0x20);
  plain.copy(header);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const parts: Buffer[] = [length, header];
  for (const { name, shape } of specs) {
    const values = tensors.get(name);
    if (values?.length !== count(shape))
      throw new AppError('internal', `checkpoint: ${name} does not have the shape [${shape.join(', ')}]`);
    parts.push(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  }
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);

  await writeFileWhole(file, [magic, hash.digest(), ...parts]);
}

/** @throws AppError 'not-found' without the file, 'bad-file' naming file and reason if it is damaged */
export async function readCheckpoint(file: string): Promise<Checkpoint> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new AppError(
      'not-found',
      `the checkpoint ${path.basename(file)} cannot be read`,
      { file, reason: (cause as NodeJS.ErrnoException).code ?? String(cause) },
      cause,
    );
  }
  const damaged = (reason: string): AppError =>
    new AppError('bad-file', `the checkpoint ${path.basename(file)} is damaged: ${reason}`, { file, reason });
  if (bytes.length < headerAt || !bytes.subarray(0, magic.length).equals(magic))
    throw damaged('it does not begin as a checkpoint does');
  const hash = createHash('sha256').update(bytes.subarray(lengthAt)).digest();
  if (!hash.equals(bytes.subarray(hashAt, lengthAt))) throw damaged('its checksum does not fit its content');
  const headerLength = bytes.readUInt32LE(lengthAt);
  if (headerLength > headerMaxBytes || headerAt + headerLength > bytes.length)
    throw damaged('its header is too long');
  const header = headerSchema.safeParse(jsonOf(bytes.toString('utf8', headerAt, headerAt + headerLength)));
  if (!header.success) throw damaged('its header is not that of a checkpoint');

  const tensors = new Map<string, Float32Array>();
  let at = headerAt + headerLength;
  for (const { name, shape } of header.data.tensors) {
    const end = at + 4 * count(shape);
    if (end > bytes.length) throw damaged(`it ends within ${name}`);
    tensors.set(name, new Float32Array(new Uint8Array(bytes.subarray(at, end)).buffer)); // a copy is aligned
    at = end;
  }
  if (at !== bytes.length) throw damaged(`${bytes.length - at} bytes are left over`);
  return { tensors, record: header.data.record };
}

const count = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

/** Undefined for what is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
