// What an import keeps of one picture: that it can be decoded, its size, and its annotations cut to it.

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { ImportedImage } from '../contracts/imported.ts';
import type { LookAtOutcome, ProbeResult, WorkerCalls } from '../contracts/worker-protocol.ts';
import { fitToImage } from '../formats/fit.ts';
import { orientationOf, probe, promisedKind } from '../imaging/index.ts';

/** @throws AppError 'not-found' or 'bad-file' with the reason for which the picture is left out */
export async function lookAt({ image, known }: WorkerCalls['lookAt']['input']): Promise<LookAtOutcome> {
  const { file } = image;
  const { mtimeMs, size } = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    throw new AppError(
      'not-found',
      `${path.basename(file)} cannot be opened`,
      { file, reason: cause.code ?? 'unknown' },
      cause,
    );
  });
  const isSame = known !== null && known.sizeBytes === size && known.modifiedMs === mtimeMs;
  const probed = isSame ? known : await probe(file);
  // Only where sizes differ does it matter how the raster lies in the file.
  const orientation = saysAnotherSize(image, probed) ? await orientationOf(file) : 1;
  const { annotations, warnings } = fitToImage(image, probed.widthPx, probed.heightPx, orientation);
  const promised = promisedKind(file);
  if (promised !== null && promised !== probed.format)
    warnings.push({
      code: 'other-type',
      file: image.relativePath,
      message: `its name says ${promised}, its content is ${probed.format}; it is read as ${probed.format}`,
    });
  const { contentHash, widthPx, heightPx, sizeBytes, format, notes } = probed;
  return {
    probe: { contentHash, widthPx, heightPx, sizeBytes, format, ...(notes ? { notes } : {}) },
    modifiedMs: mtimeMs,
    annotations,
    warnings,
  };
}

function saysAnotherSize({ declaredSize, annotations }: ImportedImage, image: ProbeResult): boolean {
  const differs = (widthPx: number, heightPx: number) =>
    widthPx !== image.widthPx || heightPx !== image.heightPx;
  return (
    (declaredSize !== null && differs(declaredSize.widthPx, declaredSize.heightPx)) ||
    annotations.some(({ shape }) => shape.kind === 'mask' && differs(shape.rle.width, shape.rle.height))
  );
}
