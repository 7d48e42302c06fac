// Convolutions of 3x3 filters at stride 1 by fewer multiplications (Winograd 1980; Lavin & Gray 2016, "Fast Algorithms
// for Convolutional Neural Networks"). The results are made in tiles of m x m. A tile sees t x t pixels, t = m + 2; its
// pixels and the filters are each brought to t x t coefficients by small fixed matrices, multiplied there, and brought
// back:
//
//   y = A' [ (G w G') . (B' x B) ] A        summed over channels between the brackets
//
// so that a tile costs t * t multiplications for each channel and filter in place of 9 * m * m: 2.25 times fewer for m = 2,
// 4 times fewer for m = 4. The product over channels is a product of matrices for each coefficient; the small matrices
// act on both axes of a tile at once, as one of t * t columns. Gradients are the same formula read backwards: that in the
// images is a convolution with rotated filters, that in the filters is
//
//   dw = G' [ (B' x B) . (A dy A') ] G      summed over tiles and pictures

import type { ConvAttributes, Shape, TensorOf } from '../../graph/tensor.ts';
import { gatherPixels, type Operand } from './convolution.ts';
import type { OnnxWriter } from './writer.ts';

type Convolution = TensorOf<'conv' | 'convInputGrad' | 'convFilterGrad'>;

/** Taps of a filter along one axis. */
const taps = 3;

interface Transforms {
  /** Pixels of a tile along one axis. */
  readonly t: number;
  /** A', [t - 2][t]: results from coefficients. */
  readonly results: Matrix;
  /** G, [t][3]: coefficients from a filter. */
  readonly filters: Matrix;
  /** B', [t][t]: coefficients from pixels. */
  readonly pixels: Matrix;
}
type Matrix = readonly (readonly number[])[];

/**
 * The matrices for tiles of one result less than there are points: a tile is a product of two polynomials, known by its values at
 * points and at infinity (Toom & Cook).
 * @param points  all different; small ones with small reciprocals lose the least precision
 */
export function transforms(points: readonly number[]): Transforms {
  const t = points.length + 1;
  const m = t - taps + 1;
  const others = points.map((point) => points.filter((other) => other !== point));
  const powers = (count: number): number[][] =>
    points.map((point) => Array.from({ length: count }, (_, power) => point ** power));
  const lastOf = (count: number): number[] =>
    Array.from({ length: count }, (_, i) => (i === count - 1 ? 1 : 0));
  const byResult = [...powers(m), lastOf(m)];
  return {
    t,
    results: Array.from({ length: m }, (_, i) => byResult.map((row) => row[i])),
    filters: [
      ...powers(taps).map((row, j) => {
        const scale = others[j].reduce((product, other) => product * (points[j] - other), 1);
        return row.map((value) => value / scale);
      }),
      lastOf(taps),
    ],
    pixels: [...others, points].map((roots) => withRoots(roots, t)),
  };
}

/** Coefficients, lowest first, of the product of (x - root), filled up with zeros. */
function withRoots(roots: readonly number[], length: number): number[] {
  let coefficients = [1];
  for (const root of roots)
    coefficients = [...coefficients, 0].map(
      (value, i) => (coefficients[i - 1] ?? 0) - root * (i < coefficients.length ? value : 0),
    );
  return [...coefficients, ...Array.from({ length: length - coefficients.length }, () => 0)];
}

/** By the width of a tile. */
const transformsOf = {
  2: transforms([0, 1, -1]),
  4: transforms([0, 1, -1, 1 / 2, -2]),
} as const;
type TileSize = keyof typeof transformsOf;

export const tileSizes: readonly TileSize[] = [2, 4];

/** @param w  shape of the filters */
export const fitsTiles = (
  [, , kh, kw]: Shape,
  { stride, padding, dilation, groups }: ConvAttributes,
): boolean => kh === taps && kw === taps && stride === 1 && padding < taps && dilation === 1 && groups === 1;

/**
 * From so many channels and filters on tiles are faster as a rule, for gradients in the filters from fewer if the maps
 * are large; and from so many tiles on, since the filters are brought to coefficients each time. Measured with AVX-512,
 * milliseconds on two threads, 3x3 filters, batch 32, 9.7 GFLOP each: forward, in the images and in the filters, in the
 * usual algorithm, with tiles of 2 and of 4:
 *
 *   512 channels, 8 x 8:    53, 28, 22   59, 28, 24   75, 31, 23
 *   256 channels, 16 x 16:  46, 36, 24   48, 35, 25   85, 43, 26
 *   128 channels, 32 x 32:  46, 47, 36   46, 48, 35   88, 57, 44
 *    64 channels, 64 x 64:  52, 76, 68   50, 72, 61  100, 104, 81
 */
const wide = 128;
const wideOnLargeMaps = 64;
const largeMap = 1024;
const fewestTiles = 64;

/** The width of tiles for a convolution that fits; undefined where the usual algorithms are faster as a rule. */
export function tileRule({ op, inputs: [a, b], shape }: Convolution): TileSize | undefined {
  const [filters, channels] = op === 'convFilterGrad' ? shape : b.shape;
  const [, , height, width] = op === 'convFilterGrad' ? b.shape : shape;
  const fewest = op === 'convFilterGrad' && height * width >= largeMap ? wideOnLargeMaps : wide;
  if (Math.min(filters, channels) < fewest) return undefined;
  const enough = (tiles: TileSize): boolean => {
    const { down, across } = grid({ tiles, height, width });
    return a.shape[0] * down * across >= fewestTiles;
  };
  return enough(4) ? 4 : enough(2) ? 2 : undefined;
}

/** 32 MB. A standard step of ResNet-18 (64 px, batch 32) has its peak at 1.54 GB with such parts, with whole ones at 1.62. */
const partSize = 2 ** 23;

/**
 * Of a convolution that fits, or of a gradient of one. In parts of the batch, or of the filters, so that what is in
 * memory besides the operands and the result stays small.
 * @param most  values of a part
 */
export function lowerInTiles(
  writer: OnnxWriter,
  tensor: Convolution,
  a: Operand,
  b: Operand,
  tiles: TileSize,
  most = partSize,
): string {
  const { op, shape, attributes } = tensor;
  const { padding } = attributes;
  if (op === 'convFilterGrad') return filterGrad(writer, a, b, shape, padding, tiles, most);
  const isGradient = op === 'convInputGrad';
  const { t, filters } = transformsOf[tiles];
  const [batch, planes, height, width] = shape;
  const tiling = { tiles, height, width };
  const { down, across } = grid(tiling);
  const seen = t * t * down * across * Math.max(a.shape[1], planes);
  const byBatch = parts(batch, seen, most);
  const byPlane = byBatch.length > 1 ? [whole(planes)] : parts(planes, t * t * a.shape[1], most);
  const some = byPlane.map((part) => {
    const w = cutOut(writer, b, isGradient ? 1 : 0, part);
    return {
      planes: part.end - part.start,
      filters: isGradient
        ? coefficients(writer, w, rotated(filters), `rotated filters ${tiles}`, false)
        : coefficients(writer, w, filters, `filters ${tiles}`, true),
    };
  });
  const results = byBatch.map((part) => {
    const x = cutOut(writer, a, 0, part);
    const values = pixelValues(writer, x, tiling, isGradient ? taps - 1 - padding : padding);
    return concat(
      writer,
      some.map((one) => multiply(writer, values, one.filters, one.planes, tiling, x.shape[0])),
      1,
    );
  });
  return concat(writer, results, 0);
}

interface Part {
  readonly start: number;
  readonly end: number;
}
const whole = (count: number): Part => ({ start: 0, end: count });

/** So many of count that each part has about `most` values, of so many each. */
function parts(count: number, valuesOfEach: number, most: number): Part[] {
  const wanted = Math.min(count, Math.ceil((count * valuesOfEach) / most));
  return Array.from({ length: wanted }, (_, i) => ({
    start: Math.round((i * count) / wanted),
    end: Math.round(((i + 1) * count) / wanted),
  }));
}

function cutOut(writer: OnnxWriter, x: Operand, axis: number, { start, end }: Part): Operand {
  if (end - start === x.shape[axis]) return x;
  return {
    name: writer.slice(x.name, [start], [end], [axis]),
    shape: x.shape.with(axis, end - start),
  };
}

const concat = (writer: OnnxWriter, values: readonly string[], axis: number): string =>
  values.length === 1 ? values[0] : writer.node('Concat', values, { axis });

/** The matrix that acts on both axes of a square that is laid out as one column: row (i, j), column (k, l). */
function both(writer: OnnxWriter, matrix: Matrix, name: string): string {
  return writer.once(`both axes ${name}`, () => {
    const values = matrix.flatMap((row) =>
      matrix.flatMap((other) => row.flatMap((a) => other.map((b) => a * b))),
    );
    return writer.floats(Float32Array.from(values), [matrix.length ** 2, matrix[0].length ** 2]);
  });
}

const transposed = (matrix: Matrix): Matrix => matrix[0].map((_, column) => matrix.map((row) => row[column]));
/** Of filters rotated by 180 degrees. */
const rotated = (matrix: Matrix): Matrix => matrix.map((row) => row.toReversed());

interface Tiling {
  readonly tiles: TileSize;
  /** Of the results, pixels. */
  readonly height: number;
  readonly width: number;
}

/** Tiles of the results along both axes; those at the end may stand over. */
function grid({ tiles, height, width }: Tiling): { down: number; across: number } {
  return { down: Math.ceil(height / tiles), across: Math.ceil(width / tiles) };
}

/**
 * The pixels of each tile, [side * side, tiles * batch * planes]; where a tile stands over, 0.
 * @param x     [batch, planes, h, w]
 * @param side  pixels of a tile along one axis, the first of which is `before` pixels before the tile's results
 */
function cut(writer: OnnxWriter, x: Operand, tiling: Tiling, side: number, before: number): string {
  const [batch, planes] = x.shape;
  const { down, across } = grid(tiling);
  const places: [number, number][] = [];
  for (let i = 0; i < side; i++)
    for (let j = 0; j < side; j++)
      for (let top = 0; top < down; top++)
        for (let left = 0; left < across; left++)
          places.push([top * tiling.tiles + i - before, left * tiling.tiles + j - before]);
  return writer.reshape(gatherPixels(writer, x, places), [side * side, down * across * batch * planes]);
}

/** Results in tiles put back into their planes: of [tiles * tiles, number of tiles * batch * planes]. */
function join(writer: OnnxWriter, y: string, tiling: Tiling, batch: number, planes: number): string {
  const { tiles, height, width } = tiling;
  const { down, across } = grid(tiling);
  const order: number[] = [];
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const inTile = (row % tiles) * tiles + (column % tiles);
      order.push(inTile * down * across + Math.floor(row / tiles) * across + Math.floor(column / tiles));
    }
  const rows = writer.reshape(y, [tiles * tiles * down * across, batch * planes]);
  const pixels = writer.node('Gather', [rows, writer.integers(order)], { axis: 0 });
  return writer.reshape(writer.transpose(pixels, [1, 0]), [batch, planes, height, width]);
}

/** Coefficients of the filters, [t * t, filters, channels], or channels first. */
function coefficients(
  writer: OnnxWriter,
  w: Operand,
  matrix: Matrix,
  name: string,
  channelsFirst: boolean,
): string {
  const [filters, channels] = w.shape;
  const byTap = writer.transpose(writer.reshape(w.name, [filters * channels, taps * taps]), [1, 0]);
  const sides = channelsFirst ? [channels, filters] : [filters, channels];
  const sorted = channelsFirst
    ? writer.reshape(writer.transpose(writer.reshape(byTap, [taps * taps, filters, channels]), [0, 2, 1]), [
        taps * taps,
        filters * channels,
      ])
    : byTap;
  const products = writer.node('MatMul', [both(writer, matrix, name), sorted]);
  return writer.reshape(products, [matrix.length ** 2, ...sides]);
}

/** Coefficients of the pixels, [t * t, tiles * batch, channels]. */
function pixelValues(writer: OnnxWriter, x: Operand, tiling: Tiling, before: number): string {
  const { t, pixels } = transformsOf[tiling.tiles];
  const { down, across } = grid(tiling);
  const [batch, channels] = x.shape;
  const seen = cut(writer, x, tiling, t, before);
  return writer.reshape(writer.node('MatMul', [both(writer, pixels, `pixels ${t}`), seen]), [
    t * t,
    down * across * batch,
    channels,
  ]);
}

/**
 * @param values   coefficients of the pixels
 * @param filters  coefficients, [t * t, channels, planes]
 */
function multiply(
  writer: OnnxWriter,
  values: string,
  filters: string,
  planes: number,
  tiling: Tiling,
  batch: number,
): string {
  const { t, results } = transformsOf[tiling.tiles];
  const { down, across } = grid(tiling);
  const products = writer.node('MatMul', [values, filters]);
  const columns = writer.reshape(products, [t * t, down * across * batch * planes]);
  const y = writer.node('MatMul', [both(writer, results, `results ${t}`), columns]);
  return join(writer, y, tiling, batch, planes);
}

/** Gradient in the filters. */
function filterGrad(
  writer: OnnxWriter,
  x: Operand,
  g: Operand,
  [filters, channels]: Shape,
  padding: number,
  tiles: TileSize,
  most: number,
): string {
  const { t, results, filters: toFilters } = transformsOf[tiles];
  const [batch, , height, width] = g.shape;
  const tiling = { tiles, height, width };
  const { down, across } = grid(tiling);
  const byBatch = parts(batch, t * t * down * across * Math.max(channels, filters), most);
  const byFilter = byBatch.length > 1 ? [whole(filters)] : parts(filters, t * t * channels, most);
  const sums = byBatch.map((part) => {
    const values = pixelValues(writer, cutOut(writer, x, 0, part), tiling, padding);
    const grads = cutOut(writer, g, 0, part);
    const some = byFilter.map((own) => {
      const planes = cutOut(writer, grads, 1, own);
      const seen = cut(writer, planes, tiling, tiles, 0);
      const spread = writer.reshape(
        writer.node('MatMul', [both(writer, transposed(results), `gradients ${t}`), seen]),
        [t * t, down * across * planes.shape[0], planes.shape[1]],
      );
      const products = writer.node('FusedMatMul', [spread, values], { transA: 1 }, 'com.microsoft');
      const columns = writer.reshape(products, [t * t, planes.shape[1] * channels]);
      const byTap = writer.node('MatMul', [both(writer, transposed(toFilters), `taps ${t}`), columns]);
      return writer.transpose(byTap, [1, 0]);
    });
    return concat(writer, some, 0);
  });
  const sum = sums.length === 1 ? sums[0] : writer.node('Sum', sums);
  return writer.reshape(sum, [filters, channels, taps, taps]);
}
