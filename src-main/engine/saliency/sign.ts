// How a map of one signed value a place becomes one that is not negative.

import { z } from 'zod';
import { abs, max, neg, relu, add, reshape, type Tensor } from '../graph/index.ts';

const signs = ['positive', 'negative', 'magnitude', 'above-minimum'] as const;
type Sign = (typeof signs)[number];

export const signField = (usual: Sign) =>
  z.enum(signs).default(usual).meta({
    title: 'Sign',
    help: "What is kept of the signed map: what raises the score, what lowers it, both by magnitude, or everything above the map's smallest value.",
  });

/**
 * @param map  [B, h, w] or [B, 1, h, w], signed
 * @returns    [B, h, w], >= 0
 */
export function reduceSigned(map: Tensor, sign: Sign): Tensor {
  const [batch, height, width] = [map.shape[0], ...map.shape.slice(-2)];
  const flat = reshape(map, [batch, height, width]);
  switch (sign) {
    case 'positive':
      return relu(flat);
    case 'negative':
      return relu(neg(flat));
    case 'magnitude':
      return abs(flat);
    case 'above-minimum':
      return add(flat, max(neg(flat), [1, 2], true));
  }
}
