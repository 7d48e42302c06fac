// Objects cut out and put on one of two kinds of ground, in pixels. In training the ground goes with the class; in the
// other parts it says nothing.

import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { WaterbirdsSpec } from '../contracts/waterbirds-like.ts';
import { randomFromSeed, type Random } from '../engine/nn/random.ts';
import { SourceTree } from '../formats/source.ts';
import { decodeRgb, labelledFolder, rasterize } from '../imaging/index.ts';
import { drawGround, grounds } from '../imaging/sample/index.ts';

/**
 * Classes take the two grounds in turn: the first, third, … stand on the first. Objects stay where they are in the
 * frame, which is stretched to a square.
 * @throws AppError 'bad-input' for a folder of backgrounds that does not hold two kinds
 */
export async function writeWaterbirdsLike(
  { folder, classes, objects, seed, correlation, sizePx, backgrounds }: WaterbirdsSpec,
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void,
): Promise<{ grounds: string[] }> {
  const random = randomFromSeed(seed);
  const kinds =
    backgrounds === null ? drawnGrounds(sizePx, seed) : await folderGrounds(backgrounds, sizePx, random);
  const groundOf = chooseGrounds(objects, correlation, random);
  const out = await labelledFolder(
    folder,
    classes,
    (part) =>
      `Objects on ${kinds.names.join(' or ')}, seed ${seed}, correlation ${part === 'train' ? correlation : 0.5}`,
  );
  for (const [i, { file, widthPx, heightPx, classIndex, regions, split }] of objects.entries()) {
    signal.throwIfAborted();
    const rgb = await decodeRgb(file, { width: sizePx, height: sizePx });
    const mask = rasterize(regions, widthPx, heightPx, sizePx);
    const kind = groundOf[i];
    const pixels = (await kinds.image(kind, i)).slice();
    mask.forEach((value, at) => {
      if (value > 0) pixels.set(rgb.subarray(3 * at, 3 * at + 3), 3 * at);
    });
    await out.add(split, {
      pixels,
      channels: 3,
      widthPx: sizePx,
      heightPx: sizePx,
      classIndex,
      mask,
      attributes: { background: kinds.names[kind] },
    });
    onProgress(i + 1, objects.length);
  }
  await out.finish();
  return { grounds: [...kinds.names] };
}

/** 0 or 1 for each: exact shares of each class and part, in random order. */
function chooseGrounds(objects: WaterbirdsSpec['objects'], correlation: number, random: Random): number[] {
  const chosen = new Array<number>(objects.length);
  const bins = Map.groupBy(objects.keys(), (i) => `${objects[i].split}/${objects[i].classIndex}`);
  for (const [name, members] of bins) {
    const { split, classIndex } = objects[members[0]];
    const own = classIndex % 2;
    const onOwn = Math.round(members.length * (split === 'train' ? correlation : 0.5));
    random
      .fork(`grounds/${name}`)
      .shuffle([...members])
      .forEach((i, place) => (chosen[i] = place < onOwn ? own : 1 - own));
  }
  return chosen;
}

interface Grounds {
  names: readonly string[];
  /** [size * size * 3]; the caller may not write into it. */
  image(kind: number, index: number): Promise<Uint8Array>;
}

const drawnGrounds = (sizePx: number, seed: number): Grounds => ({
  names: grounds,
  image: (kind, index) => Promise.resolve(drawGround(grounds[kind], sizePx, seed, index)),
});

async function folderGrounds(folder: string, sizePx: number, random: Random): Promise<Grounds> {
  const source = await SourceTree.openFolder(folder);
  const kinds = Map.groupBy(
    source.images.filter((file) => file.includes('/')),
    (file) => file.split('/')[0],
  );
  if (kinds.size !== 2)
    throw new AppError(
      'bad-input',
      `${path.basename(folder)} must hold two folders of pictures, one a kind`,
      {
        reason: `it holds ${kinds.size}`,
      },
    );
  const files = [...kinds.values()];
  return {
    names: [...kinds.keys()],
    image: (kind, index) => {
      const own = files[kind];
      const file = own[random.fork(`picture/${index}`).below(own.length)];
      return decodeRgb(source.absolute(file), { width: sizePx, height: sizePx });
    },
  };
}
