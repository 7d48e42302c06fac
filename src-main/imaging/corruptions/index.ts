// The common corruptions of Hendrycks & Dietterich 2019 (arXiv 1903.12261): 15 that count and four to tune on, with the
// constants of their public code.

import { AppError } from '../../contracts/errors.ts';
import { defocusBlur, gaussianBlur, glassBlur, motionBlur, zoomBlur } from './blur.ts';
import { clip01, cutToByte, type Chance, type Corruption, type Severity } from './corruption.ts';
import { brightness, contrast, elasticTransform, jpegCompression, pixelate, saturate } from './digital.ts';
import { gaussianNoise, impulseNoise, shotNoise, speckleNoise } from './noise.ts';
import { fog, frost, snow, spatter } from './weather.ts';

export { scaleOf, severities, type Chance, type Corruption, type Severity } from './corruption.ts';

export const corruptions: readonly Corruption[] = [
  ...[gaussianNoise, shotNoise, impulseNoise],
  ...[defocusBlur, glassBlur, motionBlur, zoomBlur],
  ...[snow, frost, fog, brightness],
  ...[contrast, elasticTransform, pixelate, jpegCompression],
  ...[speckleNoise, gaussianBlur, spatter, saturate],
];

/** @throws AppError 'bad-input' naming the known ids */
export function corruptionById(id: string): Corruption {
  const found = corruptions.find((one) => one.id === id);
  if (found) return found;
  throw new AppError(
    'bad-input',
    `there is no corruption "${id}"; known are: ${corruptions.map((one) => one.id).join(', ')}`,
  );
}

/**
 * A picture gone bad. The constants are those published for the nearest of 32, 64 and 224 px. Values are cut off to bytes,
 * half a level darker on average than rounded ones, as in all published sets. Those of 64 and 224 px were then packed as
 * JPEG of quality 85; that is left out here.
 * @param pixels  [side, side, 3] bytes, row by row
 * @param chance  draws the picture's own random numbers; the same ones give the same picture
 * @returns       a new array
 */
export async function corrupt(
  { apply }: Corruption,
  pixels: Uint8Array,
  side: number,
  severity: Severity,
  chance: Chance,
): Promise<Uint8Array> {
  const values = new Float64Array(pixels.length);
  for (let i = 0; i < values.length; i++) values[i] = pixels[i] / 255;
  const changed = await apply(values, side, severity, chance);
  const bytes = new Uint8Array(pixels.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.round(255 * cutToByte(clip01(changed[i])));
  return bytes;
}
