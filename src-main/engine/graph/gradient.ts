// Symbolic reverse-mode derivative. The result is graph of the same operations, so it can be differentiated
// again; every rule below is therefore stated in differentiable operations, never in stored values.

import { add, div, equal, exp, mul, neg, select, sigmoid, sign, square, step, sub } from './elementwise.ts';
import { ones, scalar, zeros } from './leaf.ts';
import { conv, convFilterGrad, convInputGrad, matmul } from './linear.ts';
import { maxPoolGather, maxPoolScatter } from './pooling.ts';
import { sum, sumTo } from './reduction.ts';
import { broadcastTo, pad, reshape, slice, transpose } from './shaping.ts';
import {
  graphError,
  sameShape,
  showShape,
  sizeOf,
  topologicalOrder,
  type Op,
  type Tensor,
  type TensorOf,
} from './tensor.ts';

/** Operations whose derivative is 0 everywhere. */
const flat: ReadonlySet<Op> = new Set<Op>(['stopGradient', 'sign', 'step', 'greater', 'equal', 'topKMask']);

/**
 * A derivative put in place of an operation's own, for one call of `gradient`.
 * @param y      the node
 * @param g      gradient of the scalar in y, of the shape of y
 * @param usual  what the operation's own rule gives; made when called
 * @returns      for each input of y its contribution, of that input's shape, or undefined for none
 */
export type GradientRule<K extends Op = Op> = (
  y: TensorOf<K>,
  g: Tensor,
  usual: () => readonly (Tensor | undefined)[],
) => readonly (Tensor | undefined)[];

export interface GradientOptions {
  /**
   * Rules of this call only, by operation, such as guided backpropagation's
   * `relu: (y, g, usual) => usual().map((d) => d && mul(d, step(g)))`. The result is ordinary graph: differentiating it
   * again uses the operations' own rules. An operation whose derivative is 0 everywhere passes one on if it has a rule.
   */
  readonly rules?: { readonly [K in Op]?: GradientRule<K> };
}

/**
 * Derivatives of a scalar.
 * @param y    one element, any rank
 * @param wrt  inputs, whether y depends on them or not, and nodes that y was computed from; a node that a constructor
 *             may see through (a sum, product, reshape, ...) is made with `identity`
 * @returns    one tensor for each of wrt, of its shape; zeros where y does not depend on it
 */
export function gradient(y: Tensor, wrt: readonly Tensor[], { rules = {} }: GradientOptions = {}): Tensor[] {
  if (sizeOf(y.shape) !== 1) throw graphError('gradient', `needs a scalar, not ${showShape(y.shape)}`);
  const order = topologicalOrder([y]);
  const wanted = new Set(wrt);
  for (const tensor of wrt) {
    if (tensor.op !== 'input' && !order.includes(tensor)) {
      throw graphError('gradient', `the scalar was not computed from this ${tensor.op}: give it an identity`);
    }
  }
  const depends = new Set<Tensor>();
  for (const tensor of order) {
    const hasGradient = !flat.has(tensor.op) || rules[tensor.op] !== undefined;
    const passes = hasGradient && tensor.inputs.some((source) => depends.has(source));
    if (passes || wanted.has(tensor)) depends.add(tensor);
  }
  const contributions = new Map<Tensor, Tensor[]>([[y, [ones(y.shape)]]]);
  const total = new Map<Tensor, Tensor>();
  for (const tensor of order.reverse()) {
    const received = contributions.get(tensor);
    if (received === undefined || !depends.has(tensor)) continue;
    const g = addAll(received);
    total.set(tensor, g);
    const isNeeded = tensor.inputs.map((source) => depends.has(source));
    if (!isNeeded.includes(true)) continue;
    const usual = (): readonly (Tensor | undefined)[] => inputGradients(tensor, g, isNeeded);
    const rule = rules[tensor.op] as GradientRule | undefined;
    const given = rule === undefined ? usual() : rule(tensor as TensorOf<Op>, g, usual);
    given.forEach((contribution, index) => {
      if (contribution === undefined || !isNeeded[index]) return;
      const source = tensor.inputs[index];
      if (rule !== undefined && !sameShape(contribution.shape, source.shape)) {
        throw graphError(
          'gradient',
          `a rule for ${tensor.op} gave ${showShape(contribution.shape)} for an input of ${showShape(source.shape)}`,
        );
      }
      const list = contributions.get(source);
      if (list) list.push(contribution);
      else contributions.set(source, [contribution]);
    });
  }
  return wrt.map((tensor) => total.get(tensor) ?? zeros(tensor.shape));
}

/** s.p + t.p becomes (s + t).p where s and t are smaller than p: one pass over p instead of two. */
function addAll(terms: readonly Tensor[]): Tensor {
  if (terms.length === 1) return terms[0];
  const factors = new Map<Tensor, Tensor>();
  for (const term of terms) {
    const [p, s] = asScaled(term);
    const other = factors.get(p);
    factors.set(p, other === undefined ? s : add(other, s));
  }
  return [...factors].map(([p, s]) => mul(s, p)).reduce(add);
}

/** A term as its large factor p and its small factor s. */
function asScaled(term: Tensor): [p: Tensor, s: Tensor] {
  if (term.op === 'neg') {
    const [p, s] = asScaled(term.inputs[0]);
    return [p, neg(s)];
  }
  if (term.op === 'mul') {
    const [s, p] = term.inputs;
    if (sizeOf(s.shape) < sizeOf(p.shape) && sizeOf(p.shape) === sizeOf(term.shape)) return [p, s];
  }
  return [term, scalar(1)];
}

/** The contribution of one node to the gradient of each of its inputs; undefined where there is none. */
function inputGradients(y: Tensor, g: Tensor, isNeeded: readonly boolean[]): (Tensor | undefined)[] {
  const [a, b] = y.inputs;
  /** Makes a contribution only where it is needed, and sums it over broadcast axes. */
  const to = (index: number, make: () => Tensor): Tensor | undefined =>
    isNeeded[index] ? sumTo(make(), y.inputs[index].shape) : undefined;
  switch (y.op) {
    case 'input':
    case 'constant':
    case 'stopGradient':
    case 'sign':
    case 'step':
    case 'greater':
    case 'equal':
    case 'topKMask':
      return [];
    case 'identity':
      return [g];
    case 'neg':
      return [neg(g)];
    case 'exp':
      return [mul(g, y)];
    case 'log':
      return [div(g, a)];
    case 'sqrt':
      return [div(mul(scalar(0.5), g), y)];
    case 'abs':
      return [mul(g, sign(a))];
    case 'relu':
      return [mul(g, step(y))]; // of y, which is kept anyway as what the next layer multiplies; a need not be
    case 'sigmoid':
      return [mul(g, mul(y, sub(scalar(1), y)))];
    case 'tanh':
      return [mul(g, sub(scalar(1), square(y)))];
    case 'softplus':
      return [mul(g, sigmoid(a))];
    case 'erf':
      return [mul(g, mul(scalar(2 / Math.sqrt(Math.PI)), exp(neg(square(a)))))];
    case 'add':
      return [to(0, () => g), to(1, () => g)];
    case 'sub':
      return [to(0, () => g), to(1, () => neg(g))];
    case 'mul':
      return [to(0, () => mul(g, b)), to(1, () => mul(g, a))];
    case 'div':
      return [to(0, () => div(g, b)), to(1, () => neg(div(mul(g, y), b)))];
    case 'maximum':
    case 'minimum': {
      const half = mul(scalar(y.op === 'maximum' ? 0.5 : -0.5), sign(sub(a, b)));
      return [to(0, () => mul(g, add(scalar(0.5), half))), to(1, () => mul(g, sub(scalar(0.5), half)))];
    }
    case 'select':
      return [
        undefined,
        to(1, () => select(a, g, zeros(g.shape))),
        to(2, () => select(a, zeros(g.shape), g)),
      ];
    case 'sum':
      return [broadcastTo(g, a.shape)];
    case 'max': {
      const isLargest = equal(a, y);
      return [mul(isLargest, div(g, sum(isLargest, y.attributes.axes, true)))];
    }
    case 'reshape':
      return [reshape(g, a.shape)];
    case 'broadcastTo':
      return [sumTo(g, a.shape)];
    case 'transpose': {
      const { permutation } = y.attributes;
      return [
        transpose(
          g,
          permutation.map((_, axis) => permutation.indexOf(axis)),
        ),
      ];
    }
    case 'concat': {
      const { axis } = y.attributes;
      let start = 0;
      return y.inputs.map((part) => {
        const starts = y.shape.map((_, i) => (i === axis ? start : 0));
        start += part.shape[axis];
        return slice(g, starts, part.shape);
      });
    }
    case 'slice': {
      const { starts } = y.attributes;
      return [
        pad(
          g,
          starts,
          a.shape.map((extent, axis) => extent - starts[axis] - y.shape[axis]),
        ),
      ];
    }
    case 'pad':
      return [slice(g, y.attributes.before, a.shape)];
    case 'matmul': {
      const { transposeA, transposeB } = y.attributes;
      return [
        to(0, () =>
          transposeA
            ? matmul(b, g, { transposeA: transposeB, transposeB: true })
            : matmul(g, b, { transposeB: !transposeB }),
        ),
        to(1, () =>
          transposeB
            ? matmul(g, a, { transposeA: true, transposeB: transposeA })
            : matmul(a, g, { transposeA: !transposeA }),
        ),
      ];
    }
    case 'conv':
      return [
        to(0, () => convInputGrad(g, b, a.shape, y.attributes)),
        to(1, () => convFilterGrad(a, g, b.shape, y.attributes)),
      ];
    case 'convInputGrad':
      return [
        to(0, () => conv(g, b, y.attributes)),
        to(1, () => convFilterGrad(g, a, b.shape, y.attributes)),
      ];
    case 'convFilterGrad':
      return [to(0, () => convInputGrad(b, g, a.shape, y.attributes)), to(1, () => conv(a, g, y.attributes))];
    case 'maxPool':
      return [maxPoolScatter(a, g, y.attributes)];
    case 'maxPoolScatter':
      return [undefined, to(1, () => maxPoolGather(a, g, y.attributes))];
    case 'maxPoolGather':
      return [undefined, to(1, () => maxPoolScatter(a, g, y.attributes))];
  }
}
