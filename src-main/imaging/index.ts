// What the rest of Fovea uses of the imaging layer.

export { Augmenter, noAugmentation, type AugmentSettings, type Batch } from './augment.ts';
export { ImageCache, type CacheableImage, type FillOptions } from './cache.ts';
export { drawOthers, writeComposite } from './composite.ts';
export {
  corrupt,
  corruptionById,
  corruptions,
  severities,
  type Chance,
  type Corruption,
  type Severity,
} from './corruptions/index.ts';
export {
  contentHashOf,
  convert,
  decodeRgb,
  maxImagePixels,
  orientationOf,
  probe,
  thumbnail,
  thumbnailOf,
  withImageFile,
} from './decode.ts';
export { bridged, outlineOfMask } from './contours.ts';
export { isImageName, isShownByBrowsers, promisedKind, sniff, type ImageKind } from './kinds.ts';
export { labelledFolder, type LabelledFolder, type LabelledImageFile } from './labelled-folder.ts';
export { decodeLabelImage, decodeLabels, encodePng, labelsIn, type LabelImage } from './png.ts';
export { coloursOf } from './channels.ts';
export { encodeIndexedPng } from './indexed-png.ts';
export { plainPng } from './png-chunks.ts';
export { Turns } from './turns.ts';
export { outsideShare, replaceOutside, type OutsideFill } from './outside.ts';
export { unionOfPolygons } from './polygon-union.ts';
export { rasterize } from './raster.ts';
export { swapsSides, turnBox, turnMask, turnPoint, type Orientation } from './turn.ts';
export { copyUpright } from './upright.ts';
export { areaOfRle, checkRle, decodeRle, encodeRle, rleFromString, rleToString } from './rle.ts';
