// Common sub-expressions, merged before a program is lowered. Folding of zeros, ones, broadcasts and factors
// happens earlier, inside the constructors (elementwise.ts, shaping.ts, reduction.ts).

import { makeTensor, topologicalOrder, type Tensor } from './tensor.ts';

/** Constants above this many elements are compared by identity only. */
const comparedElements = 64;

/**
 * The same values from fewer nodes: equal computations are one node, stopGradient and identity are gone. Input nodes are kept
 * as they are, so a program's list of inputs stays valid.
 */
export function simplify(outputs: readonly Tensor[]): Tensor[] {
  const result = new Map<Tensor, Tensor>();
  const known = new Map<string, Tensor>();
  for (const tensor of topologicalOrder(outputs)) {
    const inputs = tensor.inputs.map((source) => result.get(source)!);
    if (tensor.op === 'stopGradient' || tensor.op === 'identity') {
      result.set(tensor, inputs[0]);
      continue;
    }
    const key = keyOf(tensor, inputs);
    const equal = known.get(key);
    if (equal !== undefined) {
      result.set(tensor, equal);
      continue;
    }
    const isUnchanged = inputs.every((source, index) => source === tensor.inputs[index]);
    const kept = isUnchanged ? tensor : makeTensor(tensor.op, inputs, tensor.shape, tensor.attributes);
    known.set(key, kept);
    result.set(tensor, kept);
  }
  return outputs.map((tensor) => result.get(tensor)!);
}

const commutative: ReadonlySet<string> = new Set(['add', 'mul', 'maximum', 'minimum', 'equal']);

function keyOf(tensor: Tensor, inputs: readonly Tensor[]): string {
  if (tensor.op === 'input') return `input ${tensor.id}`;
  if (tensor.op === 'constant') {
    const { values } = tensor.attributes;
    if (values.length > comparedElements) return `constant ${tensor.id}`;
    return `constant ${tensor.shape.join()}: ${Array.from(values, (v) => (Object.is(v, -0) ? '-0' : v)).join()}`;
  }
  const ids = inputs.map((source) => source.id);
  if (commutative.has(tensor.op)) ids.sort((a, b) => a - b);
  return `${tensor.op} ${ids.join()} ${tensor.shape.join()} ${JSON.stringify(tensor.attributes)}`;
}
