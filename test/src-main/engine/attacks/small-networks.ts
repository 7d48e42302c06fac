// The two trained networks and the pictures of test/reference/attacks.py, and what the tests ask of attacks on them.

import { readFileSync } from 'node:fs';
import { attackById, type Norm } from '../../../../src-main/engine/attacks/index.ts';
import {
  add,
  conv,
  globalAveragePool,
  matmul,
  mean,
  mul,
  reshape,
  scalar,
  type Tensor,
} from '../../../../src-main/engine/graph/index.ts';
import { imageNetNormalisation, normaliseImages } from '../../../../src-main/engine/nn/normalise.ts';
import { activate, type BuiltModel } from '../../../../src-main/engine/nn/model.ts';
import { randomFromSeed, type Random } from '../../../../src-main/engine/nn/random.ts';
import { onnxExecutor } from '../../../../src-main/engine/runtime/index.ts';
import { attackImages, type Attacked } from '../../../../src-main/engine/inference/attack-images.ts';
import { sessionCache } from '../../../../src-main/engine/data/session-cache.ts';
import { type Architecture, type Weights } from '../../../../src-main/engine/data/architecture.ts';

export const sizePx = 10;
export const classes = 5;
export const imageLength = 3 * sizePx * sizePx;

export const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/engine/attacks/${name}.json`, import.meta.url), 'utf8'));

/** Pictures that a reference implementation reached from a fixed start or by fixed draws. */
export interface Case {
  network: 'standard' | 'robust';
  attack: string;
  norm: Norm;
  eps: number;
  steps?: number;
  images: number[];
  loss?: 'cross-entropy' | 'dlr' | 'dlr-targeted';
  queries?: number;
  map?: 'gradient' | 'integrated-gradients';
  score?: 'logit' | 'probability';
  points?: number;
  beta?: number;
  k?: number;
  stepSize?: number;
}
export const reference: {
  logits: number[];
  steps: Case[];
  /** Accuracy of the standard network under FGSM on normalised values, at i / 45 for i from 1 to 9. */
  normalisedCurve: number[];
} = fixture('steps');

/** The numbers of `noise` in place of chance, as the reference drew them. */
export function listedDraws(): Random {
  let used = 0;
  const uniform = (): number => Math.floor(noise(used++) * 2 ** 24) / 2 ** 24;
  return {
    ...randomFromSeed(0),
    uniform,
    normal: () => 2 * uniform() - 1,
    // As the reference does, which never draws the last.
    below: (count) => Math.floor((count - 1) * uniform()),
    fork: listedDraws,
  };
}

const { shapes, weights: stored } = fixture('networks') as {
  shapes: Record<string, number[]>;
  weights: Record<'standard' | 'robust', Record<string, number[]>>;
};

const model: BuiltModel = {
  parameters: Object.entries(shapes).map(([name, shape]) => ({ name, shape, init: 'zeros', decay: false })),
  buffers: [],
  head: ['fc.weight', 'fc.bias'],
  unpublished: [],
  normalisation: imageNetNormalisation,
  forward(images, weights, _mode, options = {}) {
    const { activation = { kind: 'relu' } } = options;
    const bend = (x: Tensor) => activate(x, activation);
    const layer = (x: Tensor, name: string, stride: number) => {
      const bias = weights.get(`${name}.bias`)!;
      const filters = weights.get(`${name}.weight`)!;
      return bend(add(conv(x, filters, { stride, padding: 1 }), reshape(bias, [1, -1, 1, 1])));
    };
    const first = layer(normaliseImages(images), 'conv1', 1);
    const second = layer(first, 'conv2', 2);
    const features = layer(second, 'conv3', 2);
    const flat = reshape(features, [images.shape[0], -1]);
    const logits = add(
      matmul(flat, weights.get('fc.weight')!, { transposeB: true }),
      weights.get('fc.bias')!,
    );
    return {
      logits,
      features,
      stages: [first, second, features],
      pooled: globalAveragePool(features),
      biased: [],
      bufferUpdates: new Map(),
    };
  },
};

/** The logits are ten times the means of the colours: red, green, blue, if the weights are the identity. */
export const meansOfColours: BuiltModel = {
  parameters: [{ name: 'w', shape: [3, 3], init: 'linear', decay: true }],
  buffers: [],
  head: ['w'],
  unpublished: [],
  normalisation: imageNetNormalisation,
  forward(images, weights) {
    const means = mean(images, [2, 3]);
    const logits = mul(scalar(10), matmul(means, weights.get('w')!));
    return { logits, features: images, pooled: means, stages: [], biased: [], bufferUpdates: new Map() };
  },
};

export const architecture: Architecture = { key: 'small', model, classes, sizePx };
export const weightsOf = (name: 'standard' | 'robust'): Weights =>
  Object.fromEntries(Object.entries(stored[name]).map(([key, values]) => [key, Float32Array.from(values)]));

function noise(number: number): number {
  let hash = Math.imul(number + 1, 2654435761) >>> 0;
  hash = (hash ^ (hash >>> 15)) >>> 0;
  hash = Math.imul(hash, 2246822519) >>> 0;
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}

/** Gratings whose direction is the class. */
export function someImages(count: number): { images: Float32Array; labels: Int32Array } {
  const images = new Float32Array(count * imageLength);
  for (let i = 0, at = 0; i < count; i++) {
    const angle = (Math.PI * (i % classes)) / classes;
    const phase = 2 * Math.PI * noise(i * 7919);
    for (let channel = 0; channel < 3; channel++)
      for (let row = 0; row < sizePx; row++)
        for (let column = 0; column < sizePx; column++, at++) {
          const along = column * Math.cos(angle) + row * Math.sin(angle);
          const wave = Math.sin((2 * Math.PI * along) / 4.5 + phase);
          const grain = noise(((i * 3 + channel) * sizePx + row) * sizePx + column);
          const value = 0.5 + 0.16 * wave * (1 - 0.2 * channel) + 0.5 * (grain - 0.5);
          images[at] = Math.floor(255 * Math.min(1, Math.max(0, value)) + 0.5) / 255;
        }
  }
  return { images, labels: Int32Array.from({ length: count }, (_, i) => i % classes) };
}

export const sessions = sessionCache(onnxExecutor({ threads: 1 }), 100);

export function attacked(
  id: string,
  params: Record<string, unknown>,
  eps: number,
  {
    network = 'standard',
    count = 200,
    seed = 1,
    source,
    random = randomFromSeed(seed),
  }: {
    network?: 'standard' | 'robust';
    count?: number;
    seed?: number;
    source?: 'standard' | 'robust';
    random?: Random;
  } = {},
): Promise<Attacked> {
  return attackImages({
    architecture,
    weights: weightsOf(network),
    sessions,
    batch: 256,
    ...(source && { source: { architecture, weights: weightsOf(source) } }),
    attack: attackById(id),
    params,
    eps,
    ...someImages(count),
    random,
  });
}

export function predictedOf({ logits }: Attacked, row: number): number {
  const own = logits.subarray(row * classes, (row + 1) * classes);
  return own.indexOf(Math.max(...own));
}

/** Share of the pictures still given their class. */
export const accuracyOf = (result: Attacked): number =>
  result.changed.filter((_, i) => predictedOf(result, i) === i % classes).length / result.changed.length;

/** The length of each picture's change in the norm. */
export function distancesOf({ images }: Attacked, norm: Norm): number[] {
  const before = someImages(images.length / imageLength).images;
  return Array.from({ length: images.length / imageLength }, (_, i) => {
    let [largest, squares] = [0, 0];
    for (let at = i * imageLength; at < (i + 1) * imageLength; at++) {
      const change = Math.abs(images[at] - before[at]);
      largest = Math.max(largest, change);
      squares += change * change;
    }
    return norm === 'linf' ? largest : Math.sqrt(squares);
  });
}
