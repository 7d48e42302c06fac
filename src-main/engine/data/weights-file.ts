// Weights files on disk: read tensor by tensor, so that a file of half a gigabyte needs no second copy in memory.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../contracts/errors.ts';
import { writeFileWhole } from '../../files/write-file.ts';
import type { BuiltModel } from '../nn/model.ts';
import { fitWeights, type Fit } from '../nn/pretrained.ts';
import {
  decodeTensor,
  headerLength,
  isFloat,
  lengthBytes,
  readHeader,
  writeHeader,
  type StoredTensor,
  type TensorList,
} from '../nn/safetensors.ts';

interface WeightsFile extends TensorList {
  read(tensor: StoredTensor): Promise<Float32Array>;
  /** Reads all floating-point tensors, a few megabytes at a time. @throws AppError 'bad-file' naming the first that is not finite */
  refuseNotFinite(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param name  what messages call it
 * @throws AppError 'not-found' without the file, 'bad-file' naming file and reason if it is not safetensors
 */
export async function openWeights(file: string, name = path.basename(file)): Promise<WeightsFile> {
  const handle = await open(file, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new AppError(
      'not-found',
      `${name} cannot be read`,
      { file: name, reason: cause.code ?? '' },
      cause,
    );
  });
  const bytesAt = async (position: number, length: number): Promise<Uint8Array> => {
    const bytes = Buffer.alloc(length);
    let read = 0;
    while (read < length) {
      const { bytesRead } = await handle.read(bytes, read, length - read, position + read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return bytes.subarray(0, read);
  };
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new AppError('bad-file', `${name} is not a file`, { file: name });
    const start = await bytesAt(0, lengthBytes);
    if (isPickle(start))
      throw new AppError(
        'bad-file',
        `${name} is a PyTorch pickle, which can run code and is not read; save it as safetensors first`,
        {
          file: name,
          reason:
            "in Python: safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'x.safetensors')",
        },
      );
    const length = headerLength(start, stat.size, name);
    const payloadAt = lengthBytes + length;
    const list = readHeader(await bytesAt(lengthBytes, length), stat.size - payloadAt, name);
    return {
      ...list,
      async read(tensor) {
        const bytes = await bytesAt(payloadAt + tensor.begin, tensor.end - tensor.begin);
        if (bytes.length !== tensor.end - tensor.begin)
          throw new AppError('bad-file', `${name} became shorter while it was read`, { file: name });
        return decodeTensor(bytes, tensor, name);
      },
      async refuseNotFinite() {
        for (const tensor of list.tensors.filter(({ type }) => isFloat(type)))
          for (let at = tensor.begin; at < tensor.end; at += pieceBytes) {
            const bytes = await bytesAt(payloadAt + at, Math.min(pieceBytes, tensor.end - at));
            if (!decodeTensor(bytes, tensor, name).every(Number.isFinite)) throw notFinite(name, tensor);
          }
      },
      close: () => handle.close(),
    };
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
}

/** A multiple of the size of every type of number. */
const pieceBytes = 4 * 1024 * 1024;

const notFinite = (file: string, { name }: StoredTensor): AppError =>
  new AppError('bad-file', `${file}: ${name} has values that are not finite`, { file, place: name });

/** A zip ("PK") or a bare pickle that begins with a long number, the two forms of a .pth file. */
const isPickle = (start: Uint8Array): boolean =>
  (start[0] === 0x50 && start[1] === 0x4b && start[2] === 3 && start[3] === 4) ||
  (start[0] === 0x80 && start[1] === 2 && start[2] === 0x8a);

/**
 * Puts the file's weights in place of the first values of a run.
 * @param state  parameters and running statistics by name, changed in place
 * @param start  the file, and the SHA-256 it had when the run was made
 * @throws AppError 'conflict' when the file is another one now, 'bad-file' when it does not fit or is not finite
 */
export async function startFrom(
  state: Map<string, Float32Array>,
  model: BuiltModel,
  modelId: string,
  start: { name: string; file: string; sha256: string },
): Promise<Fit> {
  const { name } = start;
  if ((await sha256Of(start.file, name)) !== start.sha256)
    throw new AppError('conflict', `the weights ${name} are not those the run was made with`, { file: name });
  const file = await openWeights(start.file, name);
  try {
    const fit = fitWeights(model, modelId, file.tensors, name);
    for (const { name: target, tensor } of fit.loaded) {
      const values = await file.read(tensor);
      if (!values.every(Number.isFinite)) throw notFinite(name, tensor);
      state.set(target, values);
    }
    return fit;
  } finally {
    await file.close();
  }
}

/** Hex. @throws AppError 'not-found' */
export async function sha256Of(file: string, name = path.basename(file)): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const part of createReadStream(file)) hash.update(part as Buffer);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError('not-found', `${name} cannot be read`, { file: name, reason: code ?? '' }, cause);
  }
  return hash.digest('hex');
}

/** A kill leaves no half file. */
export async function writeWeights(
  file: string,
  tensors: readonly { name: string; shape: readonly number[]; values: Float32Array }[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const bytes = tensors.map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  await writeFileWhole(file, [writeHeader(tensors, metadata), ...bytes]);
}
