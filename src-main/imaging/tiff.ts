// TIFF beyond what libvips makes a picture of: signed, floating-point and wide values, and more channels than colours.

import { Refused } from './refused.ts';
import type { Samples, Values } from './window.ts';

const UNSIGNED = 1;
const SIGNED = 2;
const FLOAT = 3;
const kinds: Record<number, Samples['kind']> = {
  [UNSIGNED]: 'unsigned',
  [SIGNED]: 'signed',
  [FLOAT]: 'float',
};
/** Of PhotometricInterpretation. */
const WHITE_IS_ZERO = 0;
const RGB = 2;

interface OpenTiff {
  width: number;
  height: number;
  /** As stored, all of them. */
  channels: number;
  bytesOfValue: number;
  read(): Promise<Samples>;
}

/** The first picture of a file. @throws Refused */
export async function openTiff(bytes: Uint8Array): Promise<OpenTiff> {
  const { fromArrayBuffer } = await import('geotiff');
  const tiff = await fromArrayBuffer(new Uint8Array(bytes).buffer);
  const image = await tiff.getImage(0);
  const [width, height, channels] = [image.getWidth(), image.getHeight(), image.getSamplesPerPixel()];
  const bits = image.getBitsPerSample();
  const kind = kinds[image.getSampleFormat() ?? UNSIGNED];
  if (kind === undefined || ![8, 16, 32, 64].includes(bits))
    throw new Refused(`its values, of ${bits} bits, are of a kind that is not read`);
  if (!(width >= 1) || !(height >= 1) || !(channels >= 1)) throw new Refused('its content is damaged');
  return {
    width,
    height,
    channels,
    bytesOfValue: bits / 8,
    async read() {
      const photometric = Number(image.fileDirectory.getValue('PhotometricInterpretation') ?? 1);
      const taken = channels >= 3 ? 3 : 1;
      const isColour = photometric === RGB && channels === 3;
      const values = (await image.readRasters({
        interleave: true,
        samples: Array.from({ length: taken }, (_, i) => i),
      })) as unknown as Values;
      if (values.length !== width * height * taken) throw new Refused('it is cut short');
      return {
        width,
        height,
        channels: taken,
        hasAlpha: false,
        values,
        kind,
        isInverted: photometric === WHITE_IS_ZERO,
        window: null,
        notes:
          isColour || channels === 1
            ? []
            : [
                {
                  code: 'first-channels',
                  text: `of ${channels} channels, the first ${taken === 1 ? 'is' : 'three are'} taken`,
                },
              ],
      };
    },
  };
}
