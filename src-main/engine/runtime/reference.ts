// The meaning of every operation as plain loops in float64: the independent check of the other executors, and
// exact enough for finite differences. Slow on purpose; nothing here is shared with a lowering.

import { AppError } from '../../contracts/errors.ts';
import { binaryMeaning, unaryMeaning, type BinaryOp, type UnaryOp } from '../graph/elementwise.ts';
import { sizeOf, topologicalOrder, type ConvAttributes, type Shape, type Tensor } from '../graph/tensor.ts';
import type { Executor, Program, Session } from './executor.ts';
import { checkFeed } from './feeds.ts';

/**
 * Values of the given nodes.
 * @param feed  values of an input node, of its size
 */
export function evaluateReference(
  outputs: readonly Tensor[],
  feed: (name: string, shape: Shape) => ArrayLike<number>,
): Float64Array[] {
  const values = new Map<Tensor, Float64Array>();
  for (const tensor of topologicalOrder(outputs)) {
    if (tensor.op === 'input')
      values.set(tensor, Float64Array.from(feed(tensor.attributes.name, tensor.shape)));
    else {
      const operands = tensor.inputs.map((source) => values.get(source)!);
      values.set(tensor, evaluate(tensor, operands));
    }
  }
  return outputs.map((tensor) => values.get(tensor)!);
}

export function referenceExecutor(): Executor {
  return {
    id: 'reference',
    async compile(program: Program): Promise<Session> {
      const names = Object.keys(program.outputs);
      const outputs = names.map((name) => program.outputs[name]);
      return {
        async run(feeds) {
          const values = evaluateReference(outputs, (name, shape) => checkFeed(feeds, name, shape));
          return Object.fromEntries(names.map((name, index) => [name, Float32Array.from(values[index])]));
        },
        async dispose() {},
      };
    },
  };
}

function isUnary(op: string): op is UnaryOp {
  return op in unaryMeaning;
}

function isBinary(op: string): op is BinaryOp {
  return op in binaryMeaning;
}

function evaluate(tensor: Tensor, operands: readonly Float64Array[]): Float64Array {
  const { shape } = tensor;
  const [a, b, c] = operands;
  const [aShape, bShape] = tensor.inputs.map((source) => source.shape);
  if (isUnary(tensor.op)) return a.map(unaryMeaning[tensor.op]);
  if (isBinary(tensor.op)) {
    const meaning = binaryMeaning[tensor.op];
    const left = spread(a, aShape, shape);
    const right = spread(b, bShape, shape);
    return left.map((value, index) => meaning(value, right[index]));
  }
  switch (tensor.op) {
    case 'constant':
      return Float64Array.from(tensor.attributes.values);
    case 'select': {
      const mask = spread(a, aShape, shape);
      const chosen = spread(b, bShape, shape);
      const other = spread(c, tensor.inputs[2].shape, shape);
      return mask.map((value, index) => (value !== 0 ? chosen[index] : other[index]));
    }
    case 'topKMask': {
      const result = new Float64Array(sizeOf(shape));
      const extent = shape[shape.length - 1];
      for (let row = 0; row < a.length; row += extent) {
        Array.from({ length: extent }, (_, index) => row + index)
          .sort((one, other) => a[other] - a[one] || one - other)
          .slice(0, tensor.attributes.k)
          .forEach((place) => (result[place] = 1));
      }
      return result;
    }
    case 'sum':
    case 'max': {
      const result = new Float64Array(sizeOf(shape)).fill(tensor.op === 'sum' ? 0 : -Infinity);
      forEachIndex(aShape, (index, at) => {
        const to = offset(
          shape,
          index.map((i, axis) => (shape[axis] === 1 ? 0 : i)),
        );
        result[to] = tensor.op === 'sum' ? result[to] + a[at] : Math.max(result[to], a[at]);
      });
      return result;
    }
    case 'reshape':
    case 'stopGradient':
    case 'identity':
      return a;
    case 'broadcastTo':
      return spread(a, aShape, shape);
    case 'transpose': {
      const { permutation } = tensor.attributes;
      return fill(shape, (index) => {
        const from = new Array<number>(index.length);
        permutation.forEach((axis, i) => (from[axis] = index[i]));
        return a[offset(aShape, from)];
      });
    }
    case 'concat': {
      const { axis } = tensor.attributes;
      return fill(shape, (index) => {
        let part = 0;
        let start = 0;
        while (index[axis] - start >= tensor.inputs[part].shape[axis]) {
          start += tensor.inputs[part].shape[axis];
          part += 1;
        }
        return operands[part][
          offset(
            tensor.inputs[part].shape,
            index.map((i, at) => (at === axis ? i - start : i)),
          )
        ];
      });
    }
    case 'slice': {
      const { starts } = tensor.attributes;
      return fill(
        shape,
        (index) =>
          a[
            offset(
              aShape,
              index.map((i, axis) => i + starts[axis]),
            )
          ],
      );
    }
    case 'pad': {
      const { before } = tensor.attributes;
      return fill(shape, (index) => {
        const from = index.map((i, axis) => i - before[axis]);
        const isInside = from.every((i, axis) => i >= 0 && i < aShape[axis]);
        return isInside ? a[offset(aShape, from)] : 0;
      });
    }
    case 'matmul': {
      const { transposeA, transposeB } = tensor.attributes;
      const length = transposeA ? aShape[aShape.length - 2] : aShape[aShape.length - 1];
      return fill(shape, (index) => {
        const batch = index.slice(0, -2);
        const [m, n] = index.slice(-2);
        let total = 0;
        for (let k = 0; k < length; k++) {
          const left = offset(aShape, [...batch, ...(transposeA ? [k, m] : [m, k])]);
          const right = offset(bShape, [...batch, ...(transposeB ? [n, k] : [k, n])]);
          total += a[left] * b[right];
        }
        return total;
      });
    }
    case 'conv': {
      const result = new Float64Array(sizeOf(shape));
      forEachProduct(aShape, bShape, shape, tensor.attributes, (x, w, y) => (result[y] += a[x] * b[w]));
      return result;
    }
    case 'convInputGrad': {
      const result = new Float64Array(sizeOf(shape));
      forEachProduct(shape, bShape, aShape, tensor.attributes, (x, w, y) => (result[x] += a[y] * b[w]));
      return result;
    }
    case 'convFilterGrad': {
      const result = new Float64Array(sizeOf(shape));
      forEachProduct(aShape, shape, bShape, tensor.attributes, (x, w, y) => (result[w] += a[x] * b[y]));
      return result;
    }
    case 'maxPool':
      return Float64Array.from(places(a, aShape, shape, tensor.attributes), (place) => a[place]);
    case 'maxPoolGather':
      return Float64Array.from(places(a, aShape, shape, tensor.attributes), (place) => b[place]);
    case 'maxPoolScatter': {
      const result = new Float64Array(sizeOf(shape));
      places(a, aShape, bShape, tensor.attributes).forEach((place, index) => (result[place] += b[index]));
      return result;
    }
    default:
      throw noValue(tensor.op);
  }
}

/** An operation without a case above does not fit the type of `op`. */
function noValue(op: UnaryOp | BinaryOp | 'input'): AppError {
  return new AppError('internal', `The operation ${op} has no value here.`, { place: op });
}

function offset(shape: Shape, index: readonly number[]): number {
  let at = 0;
  for (let axis = 0; axis < shape.length; axis++) at = at * shape[axis] + index[axis];
  return at;
}

function forEachIndex(shape: Shape, visit: (index: number[], at: number) => void): void {
  const index = new Array<number>(shape.length).fill(0);
  const size = sizeOf(shape);
  for (let at = 0; at < size; at++) {
    visit(index, at);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] += 1;
      if (index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

function fill(shape: Shape, value: (index: number[]) => number): Float64Array {
  const result = new Float64Array(sizeOf(shape));
  forEachIndex(shape, (index, at) => (result[at] = value(index)));
  return result;
}

function spread(values: Float64Array, from: Shape, to: Shape): Float64Array {
  const added = to.length - from.length;
  return fill(
    to,
    (index) =>
      values[
        offset(
          from,
          from.map((extent, axis) => (extent === 1 ? 0 : index[axis + added])),
        )
      ],
  );
}

/** Visits every product x . w that a convolution adds to y, by their offsets. */
function forEachProduct(
  [batch, channels, height, width]: Shape,
  [filters, part, kh, kw]: Shape,
  [, , h, w]: Shape,
  { stride, padding, dilation, groups }: ConvAttributes,
  visit: (x: number, w: number, y: number) => void,
): void {
  for (let n = 0; n < batch; n++)
    for (let k = 0; k < filters; k++)
      for (let c = 0; c < part; c++)
        for (let row = 0; row < h; row++)
          for (let column = 0; column < w; column++)
            for (let i = 0; i < kh; i++)
              for (let j = 0; j < kw; j++) {
                const top = row * stride + i * dilation - padding;
                const left = column * stride + j * dilation - padding;
                const channel = Math.floor(k / (filters / groups)) * part + c;
                if (top < 0 || left < 0 || top >= height || left >= width) continue;
                visit(
                  ((n * channels + channel) * height + top) * width + left,
                  ((k * part + c) * kh + i) * kw + j,
                  ((n * filters + k) * h + row) * w + column,
                );
              }
}

/** For every window the offset of its maximum in x, the first of equal ones. */
function places(
  x: Float64Array,
  [, , height, width]: Shape,
  [batch, channels, h, w]: Shape,
  { window, stride, padding }: { window: number; stride: number; padding: number },
): number[] {
  const result: number[] = [];
  for (let plane = 0; plane < batch * channels; plane++)
    for (let row = 0; row < h; row++)
      for (let column = 0; column < w; column++) {
        let best = -1;
        for (let i = 0; i < window; i++)
          for (let j = 0; j < window; j++) {
            const top = row * stride + i - padding;
            const left = column * stride + j - padding;
            if (top < 0 || left < 0 || top >= height || left >= width) continue;
            const place = (plane * height + top) * width + left;
            if (best < 0 || x[place] > x[best]) best = place;
          }
        result.push(best);
      }
  return result;
}
