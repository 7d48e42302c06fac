// Average pooling to a fixed grid, as torchvision's plain networks have it before their dense layers.

import { averagePool, constant, matmul, reshape, transpose, type Tensor } from '../graph/index.ts';

/**
 * Mean over the pixels floor(i h / side) to ceil((i + 1) h / side) of each grid row i, columns likewise: for maps
 * smaller than the grid, neighbouring cells repeat a pixel.
 * @param x  [B, C, h, w]
 * @returns  [B, C, side, side]
 */
export function adaptiveAveragePool(x: Tensor, side: number): Tensor {
  const [batch, channels, height, width] = x.shape;
  if (height === side && width === side) return x;
  if (height === width && height % side === 0) return averagePool(x, { window: height / side });
  const rows = matmul(reshape(x, [batch * channels * height, width]), means(width, side)); // [B*C*h, side]
  const turned = transpose(reshape(rows, [batch, channels, height, side]), [0, 1, 3, 2]); // [B, C, side, h]
  const grid = matmul(reshape(turned, [batch * channels * side, height]), means(height, side));
  return transpose(reshape(grid, [batch, channels, side, side]), [0, 1, 3, 2]);
}

/** [extent, side]: column i averages the pixels of cell i. */
function means(extent: number, side: number): Tensor {
  const values = new Float32Array(extent * side);
  for (let cell = 0; cell < side; cell++) {
    const from = Math.floor((cell * extent) / side);
    const to = Math.ceil(((cell + 1) * extent) / side);
    for (let pixel = from; pixel < to; pixel++) values[pixel * side + cell] = 1 / (to - from);
  }
  return constant(values, [extent, side]);
}
