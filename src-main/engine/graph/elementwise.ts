// Element-wise operations with NumPy broadcasting. Broadcasts stay lazy: an operand that is a broadcast is
// read in its small form, and a result that is uniform along an axis is computed small and broadcast after.
// Products and sums keep small factors outermost, where they merge with each other and leave reductions.

import { constant, scalar, uniformValue, zeros } from './leaf.ts';
import { broadcastTo, reshape } from './shaping.ts';
import { broadcastShapes, makeTensor, sameShape, sizeOf, type Tensor } from './tensor.ts';

/** The error function, to float64 precision: e^(-x²) 2/sqrt(pi) times the sum of 2^n x^(2n+1) / (1 3 5 … (2n+1)). */
function errorFunction(x: number): number {
  if (!(Math.abs(x) < 6)) return Math.sign(x);
  let term = x;
  let total = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(total); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

/** Forward meaning of every operation of one operand. */
export const unaryMeaning = {
  neg: (x: number) => -x,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  abs: Math.abs,
  sign: Math.sign,
  step: (x: number) => (x > 0 ? 1 : 0),
  relu: (x: number) => (x > 0 ? x : 0),
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  softplus: (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  erf: errorFunction,
} as const;

/** Forward meaning of every operation of two operands. */
export const binaryMeaning = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  div: (a: number, b: number) => a / b,
  maximum: Math.max,
  minimum: Math.min,
  greater: (a: number, b: number) => (a > b ? 1 : 0),
  equal: (a: number, b: number) => (a === b ? 1 : 0),
} as const;

export type UnaryOp = keyof typeof unaryMeaning;
export type BinaryOp = keyof typeof binaryMeaning;

/** The tensor a broadcast repeats, or the tensor itself. */
function small(x: Tensor): Tensor {
  return x.op === 'broadcastTo' ? x.inputs[0] : x;
}

function unary(op: UnaryOp, x: Tensor): Tensor {
  if (x.op === 'broadcastTo') return broadcastTo(unary(op, x.inputs[0]), x.shape);
  if (x.op === 'constant') {
    return constant(
      x.attributes.values.map((value) => unaryMeaning[op](value)),
      x.shape,
    );
  }
  return makeTensor(op, [x], x.shape, {});
}

function binary(op: BinaryOp, left: Tensor, right: Tensor): Tensor {
  const shape = broadcastShapes(op, left.shape, right.shape);
  const a = small(left);
  const b = small(right);
  const inner = broadcastShapes(op, a.shape, b.shape);
  if (a.op === 'constant' && b.op === 'constant' && sizeOf(a.shape) === 1 && sizeOf(b.shape) === 1) {
    const value = binaryMeaning[op](a.attributes.values[0], b.attributes.values[0]);
    return broadcastTo(constant([value], inner), shape);
  }
  return broadcastTo(makeTensor(op, [a, b], inner, {}), shape);
}

export function neg(x: Tensor): Tensor {
  if (x.op === 'neg') return x.inputs[0];
  if (x.op === 'sub') return sub(x.inputs[1], x.inputs[0]);
  if (x.op === 'mul' && uniformValue(x.inputs[0]) !== undefined) return mul(neg(x.inputs[0]), x.inputs[1]);
  return unary('neg', x);
}

export function exp(x: Tensor): Tensor {
  return unary('exp', x);
}

/** Natural logarithm. */
export function log(x: Tensor): Tensor {
  return unary('log', x);
}

/** The derivative at 0 is infinite: add a small number first where 0 can occur. */
export function sqrt(x: Tensor): Tensor {
  return unary('sqrt', x);
}

/** The derivative at 0 is taken as 0. */
export function abs(x: Tensor): Tensor {
  return unary('abs', x);
}

/** -1, 0 or 1; its derivative is 0 everywhere. */
export function sign(x: Tensor): Tensor {
  return unary('sign', x);
}

/** 1 where x > 0, else 0; its derivative is 0 everywhere. */
export function step(x: Tensor): Tensor {
  return unary('step', x);
}

/** max(x, 0); the derivative at 0 is taken as 0. */
export function relu(x: Tensor): Tensor {
  return x.op === 'relu' ? x : unary('relu', x);
}

export function sigmoid(x: Tensor): Tensor {
  return unary('sigmoid', x);
}

export function tanh(x: Tensor): Tensor {
  return unary('tanh', x);
}

/** log(1 + exp(beta x)) / beta, stable for large |x|. */
export function softplus(x: Tensor, beta = 1): Tensor {
  return mul(scalar(1 / beta), unary('softplus', mul(scalar(beta), x)));
}

/** 2 / sqrt(pi) times the integral of exp(-t²) from 0 to x. */
export function erf(x: Tensor): Tensor {
  return unary('erf', x);
}

export function square(x: Tensor): Tensor {
  return mul(x, x);
}

export function add(a: Tensor, b: Tensor): Tensor {
  const shape = broadcastShapes('add', a.shape, b.shape);
  if (uniformValue(a) === 0) return broadcastTo(b, shape);
  if (uniformValue(b) === 0) return broadcastTo(a, shape);
  if (a.op === 'neg') return sub(b, a.inputs[0]);
  if (b.op === 'neg') return sub(a, b.inputs[0]);
  return smallOutside('add', a, b);
}

export function sub(a: Tensor, b: Tensor): Tensor {
  const shape = broadcastShapes('sub', a.shape, b.shape);
  if (a === b) return zeros(shape);
  if (uniformValue(b) === 0) return broadcastTo(a, shape);
  if (uniformValue(a) === 0) return broadcastTo(neg(b), shape);
  if (b.op === 'neg') return add(a, b.inputs[0]);
  return binary('sub', a, b);
}

export function mul(a: Tensor, b: Tensor): Tensor {
  const shape = broadcastShapes('mul', a.shape, b.shape);
  for (const [x, y] of [
    [a, b],
    [b, a],
  ]) {
    const value = uniformValue(x);
    if (value === 0) return zeros(shape);
    if (value === 1) return broadcastTo(y, shape);
    if (value === -1) return broadcastTo(neg(y), shape);
  }
  if (a.op === 'neg') return neg(mul(a.inputs[0], b));
  if (b.op === 'neg') return neg(mul(a, b.inputs[0]));
  return smallOutside('mul', a, b);
}

/**
 * A commutative, associative operation with its smaller operand first and small operands outermost:
 * (s . p) . q becomes s . (p . q) when s is smaller than the result, and (s . t) . p when both s and t are.
 */
function smallOutside(op: 'add' | 'mul', left: Tensor, right: Tensor): Tensor {
  const shape = broadcastShapes(op, left.shape, right.shape);
  const again = op === 'add' ? add : mul;
  let a = small(left);
  let b = small(right);
  if (sizeOf(a.shape) > sizeOf(b.shape)) [a, b] = [b, a];
  const isSmall = (x: Tensor, of: Tensor): boolean => sizeOf(x.shape) < sizeOf(of.shape);
  if (b.op === op && isSmall(b.inputs[0], b.inputs[1]) && sameShape(b.shape, b.inputs[1].shape)) {
    const [s, p] = b.inputs;
    return broadcastTo(isSmall(a, p) ? again(again(a, s), p) : again(s, again(a, p)), shape);
  }
  if (a.op === op && isSmall(a.inputs[0], a.inputs[1]) && sameShape(a.shape, a.inputs[1].shape)) {
    const [s, p] = a.inputs;
    if (!isSmall(a, b)) return broadcastTo(again(s, again(p, b)), shape);
  }
  return broadcastTo(binary(op, a, b), shape);
}

export function div(a: Tensor, b: Tensor): Tensor {
  const shape = broadcastShapes('div', a.shape, b.shape);
  if (uniformValue(a) === 0) return zeros(shape);
  const divisor = uniformValue(b);
  if (divisor !== undefined && divisor !== 0) return broadcastTo(mul(scalar(1 / divisor), a), shape);
  if (a.op === 'neg') return neg(div(a.inputs[0], b));
  // A small divisor is inverted once instead of dividing every element: then it can leave sums as a factor.
  if (sizeOf(small(b).shape) < sizeOf(small(a).shape)) return mul(binary('div', scalar(1), b), a);
  return binary('div', a, b);
}

/** Where both are equal, each operand gets half of the gradient. */
export function maximum(a: Tensor, b: Tensor): Tensor {
  return binary('maximum', a, b);
}

/** Where both are equal, each operand gets half of the gradient. */
export function minimum(a: Tensor, b: Tensor): Tensor {
  return binary('minimum', a, b);
}

/** x limited to [low, high]; half of the gradient passes exactly at a limit, none outside. */
export function clip(x: Tensor, low: number | Tensor, high: number | Tensor): Tensor {
  const bound = (limit: number | Tensor): Tensor => (typeof limit === 'number' ? scalar(limit) : limit);
  return minimum(maximum(x, bound(low)), bound(high));
}

/** 1 where a > b, else 0; its derivative is 0 everywhere. */
export function greater(a: Tensor, b: Tensor): Tensor {
  return binary('greater', a, b);
}

/** 1 where a = b, else 0; its derivative is 0 everywhere. */
export function equal(a: Tensor, b: Tensor): Tensor {
  return binary('equal', a, b);
}

/** a where the mask is not 0, else b. Unlike mask * a, a value that is not finite stays where it is not chosen. */
export function select(mask: Tensor, a: Tensor, b: Tensor): Tensor {
  const shape = broadcastShapes('select', mask.shape, broadcastShapes('select', a.shape, b.shape));
  const value = uniformValue(mask);
  if (value !== undefined) return broadcastTo(value !== 0 ? a : b, shape);
  const parts = [small(mask), small(a), small(b)];
  const inner = parts.reduce<readonly number[]>(
    (sum, part) => broadcastShapes('select', sum, part.shape),
    [],
  );
  return broadcastTo(makeTensor('select', parts, inner, {}), shape);
}

/** The same value with leading axes of extent 1, so that its rank is the given one. */
export function alignRank(x: Tensor, rank: number): Tensor {
  return reshape(x, [...Array<number>(rank - x.shape.length).fill(1), ...x.shape]);
}
