// Heat maps of the fixed small network, and of one that is linear, for the tests of this folder.

import { add, matmul, reshape, scalar } from '../../../../src-main/engine/graph/index.ts';
import type { Activation } from '../../../../src-main/engine/nn/model.ts';
import { imageNetNormalisation, type BuiltModel } from '../../../../src-main/engine/nn/index.ts';
import { onnxExecutor, type Executor } from '../../../../src-main/engine/runtime/index.ts';
import { saliencyById } from '../../../../src-main/engine/saliency/index.ts';
import {
  heatMaps,
  rawMaps,
  targetRows,
  type HeatMapsRequest,
} from '../../../../src-main/engine/inference/heat-maps.ts';
import { sessionCache } from '../../../../src-main/engine/data/session-cache.ts';
import {
  batch,
  classes,
  sizePx,
  tinyBatch,
  tinyNetwork,
  tinyWeights,
  wave,
} from '../training/tiny-network.ts';

export const onnx = onnxExecutor({ threads: 1 });
export const own = [2, 0, 1, 1];

/** The request for the small network's four pictures; `more` changes it. */
export function requestOf(
  method: string,
  params: HeatMapsRequest['params'] = {},
  more: Partial<HeatMapsRequest> & {
    pool?: 'average' | 'max';
    activation?: Activation;
    executor?: Executor;
  } = {},
): HeatMapsRequest {
  const { pool = 'average', activation, executor = onnx, ...changed } = more;
  const model = tinyNetwork(pool, activation);
  return {
    architecture: { key: `tiny ${pool}`, model, classes, sizePx },
    weights: tinyWeights(model),
    sessions: sessionCache(executor, 8),
    method: saliencyById(method),
    params,
    images: tinyBatch().images,
    targets: targetRows(own, classes),
    references: [images(0.9), images(1.4)],
    ...changed,
  };
}

export async function mapsOf(...args: Parameters<typeof requestOf>): Promise<Float32Array> {
  const request = requestOf(...args);
  const maps = await heatMaps(request);
  await request.sessions.dispose();
  return maps;
}

export async function rawOf(...args: Parameters<typeof requestOf>): ReturnType<typeof rawMaps> {
  const request = requestOf(...args);
  const maps = await rawMaps(request);
  await request.sessions.dispose();
  return maps;
}

/** Maps with their signs, for methods that can show what raises the score and what lowers it. */
export async function signedOf(
  method: string,
  params: HeatMapsRequest['params'],
  more: Parameters<typeof requestOf>[2] = {},
): Promise<Float32Array> {
  const [name, words] =
    'sign' in saliencyById(method).schema.shape
      ? ['sign', ['positive', 'negative']]
      : ['reduction', ['sum-positive', 'sum-negative']];
  const [raising, lowering] = await Promise.all(
    (words as string[]).map((word) => mapsOf(method, { ...params, [name as string]: word }, more)),
  );
  return raising.map((value, i) => value - lowering[i]);
}

export const images = (phase: number, count = 3 * sizePx * sizePx): Float32Array =>
  Float32Array.from(wave(count, phase), (x) => 0.5 + 0.5 * x);

export const sumsOf = (maps: ArrayLike<number>, count = batch): number[] => {
  const length = maps.length / count;
  return Array.from({ length: count }, (_, b) => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += maps[b * length + i];
    return sum;
  });
};

/** logits = W x + 1: a network without convolutions. */
const linearModel: BuiltModel = {
  parameters: [{ name: 'w', shape: [classes, 3 * sizePx * sizePx], init: 'linear', decay: true }],
  buffers: [],
  head: ['w'],
  unpublished: [],
  normalisation: imageNetNormalisation,
  forward(images, weights) {
    const flat = reshape(images, [images.shape[0], 3 * sizePx * sizePx]);
    const logits = add(matmul(flat, weights.get('w')!, { transposeB: true }), scalar(1));
    return { logits, features: flat, pooled: flat, stages: [], biased: [], bufferUpdates: new Map() };
  },
};
export const linearWeights = Float32Array.from(wave(classes * 3 * sizePx * sizePx, 0.2), (x) => 0.1 * x);

export const linear = {
  architecture: { key: 'linear', model: linearModel, classes, sizePx },
  weights: { w: linearWeights },
};
