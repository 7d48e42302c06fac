// Normalisation within each picture: group-norm (Wu & He 2018) and layer-norm (Ba et al. 2016). Values are centred
// before they are squared, so a mean far above the deviation costs digits in proportion, not in its square.

import {
  add,
  div,
  mean,
  mul,
  reshape,
  sameShape,
  scalar,
  sqrt,
  square,
  sub,
  type Tensor,
} from '../graph/index.ts';
import { AppError } from '../../contracts/errors.ts';
import { epsilon } from './batch-norm.ts';

/** Zero mean and unit (biased) variance over the given axes. */
function standardise(x: Tensor, axes: readonly number[]): Tensor {
  const centred = sub(x, mean(x, axes, true));
  return div(centred, sqrt(add(mean(square(centred), axes, true), scalar(epsilon))));
}

/**
 * Each of `groups` equal runs of channels of each picture gets zero mean and unit variance over channels and places.
 * @param x             [B, C, ...]
 * @param scale, shift  [C]
 */
export function groupNorm(
  x: Tensor,
  { scale, shift }: { scale: Tensor; shift: Tensor },
  groups: number,
): Tensor {
  const [batch, channels, ...places] = x.shape;
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new AppError(
      'internal',
      `Group norm: ${channels} channels do not fall into ${groups} equal groups.`,
    );
  }
  const wide = (perChannel: Tensor): Tensor => reshape(perChannel, [1, channels, ...places.map(() => 1)]);
  const standard = standardise(reshape(x, [batch, groups, -1]), [2]);
  return add(mul(reshape(standard, x.shape), wide(scale)), wide(shift));
}

/**
 * Zero mean and unit variance over the last axes, as many as `scale` has.
 * @param x             [..., S]
 * @param scale, shift  [S]
 */
export function layerNorm(x: Tensor, { scale, shift }: { scale: Tensor; shift: Tensor }): Tensor {
  const last = x.shape.slice(x.shape.length - scale.shape.length);
  if (!sameShape(last, scale.shape) || !sameShape(last, shift.shape)) {
    throw new AppError(
      'internal',
      `Layer norm: the last axes of [${x.shape}] are not those of the scale [${scale.shape}] and shift [${shift.shape}].`,
    );
  }
  const axes = scale.shape.map((_, axis) => axis - scale.shape.length);
  return add(mul(standardise(x, axes), scale), shift);
}
