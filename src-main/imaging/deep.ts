// Pictures that 8 bits a channel cannot hold as they are, opened as what a person sees of them.

import type { Metadata, Sharp } from 'sharp';
import type sharpModule from 'sharp';
import type { ImageNote } from '../contracts/worker-protocol.ts';
import { openDicom } from './dicom.ts';
import type { ImageKind } from './kinds.ts';
import { heldBytes } from './memory.ts';
import { openTiff } from './tiff.ts';
import { turnPoint, swapsSides, type Orientation } from './turn.ts';
import { noteOf, rangeOf, shown, type Samples } from './window.ts';

/** Two bytes a value: far more than may be held at once. */
const maxDeepPixels = 500_000_000;

/** A picture that is opened when there is memory for it. */
interface Deep {
  memoryBytes: number;
  open(): Promise<Opened | null>;
}
interface Opened {
  image: Sharp;
  notes: ImageNote[];
}

/**
 * @param orientation  by which the file says that its raster is turned
 * @param metadata     null where libvips does not even read the head
 * @returns null for a picture of 8 bits; `open` gives null for one that fills its 16 bits, which libvips shows as it is
 */
export async function deepImage(
  sharp: typeof sharpModule,
  kind: ImageKind,
  bytes: Uint8Array,
  metadata: Metadata | null,
  orientation: Orientation,
): Promise<Deep | null> {
  if (kind === 'dicom') {
    const dicom = await openDicom(bytes);
    const { width, height, channels, bytesOfValue, jpeg } = dicom;
    return {
      memoryBytes: heldBytes(width, height, channels, bytesOfValue + 4),
      async open() {
        if (jpeg !== null) return { image: sharp(jpeg, { failOn: 'error' }), notes: [] };
        const samples = dicom.read();
        return opened(sharp, samples, 1);
      },
    };
  }
  const isWide = metadata !== null && metadata.depth !== 'uchar';
  const isColour = metadata !== null && /^(rgb|srgb|cmyk|lab|rgb16)$/.test(metadata.space);
  const isManyChannels = metadata !== null && metadata.channels > (isColour ? 4 : 2);
  if (kind === 'tiff' && (metadata === null || isManyChannels || (isWide && metadata.depth !== 'ushort'))) {
    const tiff = await openTiff(bytes);
    return {
      memoryBytes: heldBytes(tiff.width, tiff.height, Math.min(3, tiff.channels), tiff.bytesOfValue + 1),
      open: async () => opened(sharp, await tiff.read(), orientation),
    };
  }
  if (kind !== 'png' && kind !== 'tiff') return null;
  if (!isWide || metadata.depth !== 'ushort' || !/^(grey|rgb)16$/.test(metadata.space)) return null;
  const { width, height, channels, space, hasAlpha } = metadata;
  return {
    memoryBytes: heldBytes(width, height, channels, 3),
    async open() {
      const { data, info } = await sharp(bytes, { failOn: 'error', limitInputPixels: maxDeepPixels })
        .pipelineColourspace(space)
        .toColourspace(space)
        .raw({ depth: 'ushort' })
        .toBuffer({ resolveWithObject: true });
      const samples: Samples = {
        width: info.width,
        height: info.height,
        channels: info.channels,
        hasAlpha,
        values: new Uint16Array(data.buffer, data.byteOffset, data.length / 2),
        kind: 'unsigned',
        isInverted: false,
        window: null,
        notes: [],
      };
      return rangeOf(samples).high === 65535 ? null : opened(sharp, samples, orientation);
    },
  };
}

function opened(sharp: typeof sharpModule, samples: Samples, orientation: Orientation): Opened {
  const window = samples.window ?? rangeOf(samples);
  const { width, height } = samples;
  const channels = samples.channels as 1 | 2 | 3 | 4;
  const pixels = turned(shown(samples, window), width, height, channels, orientation);
  const [w, h] = swapsSides(orientation) ? [height, width] : [width, height];
  const is8Bit = samples.kind === 'unsigned' && window.low === 0 && window.high === 255;
  return {
    image: sharp(pixels, { raw: { width: w, height: h, channels } }),
    notes: [...samples.notes, ...(is8Bit ? [] : [noteOf(samples, window)])],
  };
}

/** Stands as the file says that it is to stand. */
function turned(
  pixels: Uint8Array,
  width: number,
  height: number,
  channels: number,
  orientation: Orientation,
): Uint8Array {
  if (orientation === 1) return pixels;
  const out = new Uint8Array(pixels.length);
  const wide = swapsSides(orientation) ? height : width;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [toX, toY] = turnPoint([x + 0.5, y + 0.5], orientation, width, height).map(Math.floor);
      const from = (y * width + x) * channels;
      out.set(pixels.subarray(from, from + channels), (toY * wide + toX) * channels);
    }
  return out;
}
