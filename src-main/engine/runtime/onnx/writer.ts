// Collects the nodes of one ONNX graph. Every method adds a node and returns the name of its value.

import type { OnnxAttribute, OnnxConstant, OnnxNode } from './protobuf.ts';

export class OnnxWriter {
  readonly nodes: OnnxNode[] = [];
  readonly constants: OnnxConstant[] = [];
  private readonly known = new Map<string, string>();
  private count = 0;

  private name(): string {
    this.count += 1;
    return `v${this.count}`;
  }

  node(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    domain = '',
  ): string {
    const output = this.name();
    this.nodes.push({ type, inputs, outputs: [output], attributes, domain });
    return output;
  }

  /** A node with two results. */
  pair(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
  ): [string, string] {
    const outputs: [string, string] = [this.name(), this.name()];
    this.nodes.push({ type, inputs, outputs, attributes });
    return outputs;
  }

  floats(values: Float32Array, shape: readonly number[]): string {
    const name = this.name();
    this.constants.push({ name, shape, values });
    return name;
  }

  /**
   * The value made under this key before, or made now. Only for values that are small or cheap to keep: a shared
   * value stays in memory until its last user has run.
   */
  once(key: string, make: () => string): string {
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.known.set(key, made);
    return made;
  }

  /** A list of whole numbers, as shapes, axes and widths are given. */
  integers(values: readonly number[]): string {
    return this.once(`integers ${values.join()}`, () => {
      const name = this.name();
      this.constants.push({ name, shape: [values.length], values: BigInt64Array.from(values.map(BigInt)) });
      return name;
    });
  }

  /** The same number everywhere. */
  filled(value: number, shape: readonly number[]): string {
    const one = this.once(`number ${value}`, () => this.floats(Float32Array.of(value), [1]));
    return this.node('Expand', [one, this.integers(shape)]);
  }

  reshape(x: string, shape: readonly number[]): string {
    return this.node('Reshape', [x, this.integers(shape)]);
  }

  transpose(x: string, permutation: readonly number[]): string {
    return this.node('Transpose', [x], { perm: permutation });
  }

  sum(x: string, axes: readonly number[], keepDims: boolean): string {
    return this.node('ReduceSum', [x, this.integers(axes)], { keepdims: keepDims ? 1 : 0 });
  }

  pad(x: string, before: readonly number[], after: readonly number[]): string {
    return this.node('Pad', [x, this.integers([...before, ...after])]);
  }

  /** Elements from starts up to ends, every steps-th, of the given axes. */
  slice(
    x: string,
    starts: readonly number[],
    ends: readonly number[],
    axes: readonly number[],
    steps: readonly number[] = axes.map(() => 1),
  ): string {
    return this.node('Slice', [x, ...[starts, ends, axes, steps].map((list) => this.integers(list))]);
  }
}
