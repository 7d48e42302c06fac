// The algorithms that a convolution or a gradient of one may take on a device, and which it takes: that of the rules, or
// the one that was found the fastest there (autotune.ts).

import { sizeOf, type Tensor, type TensorOf } from '../../graph/tensor.ts';
import type { Algorithms } from '../executor.ts';
import { fitsBlocks, isNarrow, lowerInBlocks } from './blocked.ts';
import {
  filterGradAlgorithms,
  filterGradRule,
  lowerConv,
  lowerInputGrad,
  transposedConv,
  rotatedPads,
  type FilterGradAlgorithm,
  type Operand,
} from './convolution.ts';
import type { SpecialLowering } from './lowering.ts';
import { busySplit, filterGradInParts, inputGradByGroup, lowerForWebGpu } from './webgpu.ts';
import { fitsTiles, lowerInTiles, tileRule, tileSizes } from './winograd.ts';
import type { OnnxWriter } from './writer.ts';

export type OnnxProvider = 'cpu' | 'webgpu' | 'cuda' | 'dml' | 'coreml';

/** What the algorithms depend on beside the shapes. */
export interface AlgorithmTarget {
  readonly provider: OnnxProvider;
  /** Channels of a block of the blocked convolutions; 1 where there are none. */
  readonly block: number;
}

export type Convolution = TensorOf<'conv' | 'convInputGrad' | 'convFilterGrad'>;

/** Adds the nodes of a convolution; gives the name of its value. */
type LowerAlgorithm = (writer: OnnxWriter, a: Operand, b: Operand) => string;

export const isConvolution = (tensor: Tensor): tensor is Convolution & Tensor =>
  tensor.op === 'conv' || tensor.op === 'convInputGrad' || tensor.op === 'convFilterGrad';

/** Equal for convolutions of the same kind and shapes. */
export function convolutionKey({ op, inputs, shape, attributes }: Convolution): string {
  const { stride, padding, dilation, groups } = attributes;
  const shapes = [...inputs.map((operand) => operand.shape), shape].map((one) => one.join('x'));
  return `${op} ${shapes.join(' ')} stride ${stride} padding ${padding} dilation ${dilation} groups ${groups}`;
}

/** All algorithms, by name; the first is that of the rules. */
export function algorithmsOf(
  tensor: Convolution,
  target: AlgorithmTarget,
): ReadonlyMap<string, LowerAlgorithm> {
  const others = otherAlgorithms(tensor, target);
  const filters = tensor.op === 'convFilterGrad' ? tensor.shape : tensor.inputs[1].shape;
  if (target.provider !== 'cpu' || !fitsTiles(filters, tensor.attributes)) return others;
  const tiled = tileSizes.map((tiles): readonly [string, LowerAlgorithm] => [
    `tiles of ${tiles}`,
    (writer, a, b) => lowerInTiles(writer, tensor, a, b, tiles),
  ]);
  const rule = tileRule(tensor);
  const [first] = others.keys();
  return withFirst(rule ? `tiles of ${rule}` : first, [...others, ...tiled]);
}

/** Those that multiply every tap with every pixel. */
function otherAlgorithms(tensor: Convolution, target: AlgorithmTarget): Map<string, LowerAlgorithm> {
  switch (tensor.op) {
    case 'conv':
      return convAlgorithms(tensor as TensorOf<'conv'>, target);
    case 'convInputGrad':
      return inputGradAlgorithms(tensor as TensorOf<'convInputGrad'>, target);
    case 'convFilterGrad':
      return filterGradAlgorithmsOf(tensor as TensorOf<'convFilterGrad'>, target);
  }
}

/** @param algorithms  what departs from the rules; an algorithm that the device does not have is passed over */
export const lowering =
  (target: AlgorithmTarget, algorithms: Algorithms = {}): SpecialLowering =>
  (writer, tensor, operands) => {
    if (isConvolution(tensor)) {
      const all = algorithmsOf(tensor, target);
      const [first] = all.values();
      return (all.get(algorithms[convolutionKey(tensor)]) ?? first)(writer, operands[0], operands[1]);
    }
    return target.provider === 'webgpu' ? lowerForWebGpu(writer, tensor, operands) : undefined;
  };

function withFirst<T>(first: string, algorithms: readonly (readonly [string, T])[]): Map<string, T> {
  const all = new Map(algorithms);
  return new Map([[first, all.get(first)!], ...all]);
}

function convAlgorithms(tensor: TensorOf<'conv'>, { block }: AlgorithmTarget): Map<string, LowerAlgorithm> {
  const usual: LowerAlgorithm = (writer, x, w) => lowerConv(writer, x, w, tensor.attributes);
  if (block === 1 || !fitsBlocks(block, tensor)) return new Map([['usual', usual]]);
  const blocked: LowerAlgorithm = (writer, x, w) => lowerInBlocks(writer, block, tensor, x, w);
  return withFirst(isNarrow(tensor) ? 'blocked' : 'usual', [
    ['usual', usual],
    ['blocked', blocked],
  ]);
}

function inputGradAlgorithms(
  tensor: TensorOf<'convInputGrad'>,
  { provider, block }: AlgorithmTarget,
): Map<string, LowerAlgorithm> {
  const { shape, attributes } = tensor;
  const transposed: LowerAlgorithm = (writer, g, w) => transposedConv(writer, g, w, shape, attributes);
  const rotated: LowerAlgorithm = (writer, g, w) => lowerInputGrad(writer, g, w, shape, attributes);
  const isGrouped = provider === 'webgpu' && attributes.groups > 1; // its ConvTranspose is wrong in groups
  const algorithms: [string, LowerAlgorithm][] = isGrouped
    ? [['by group', (writer, g, w) => inputGradByGroup(writer, g, w, shape, attributes)]]
    : [['transposed', transposed]];
  if (!rotatedPads(tensor.inputs[1].shape, attributes)) return new Map(algorithms);
  algorithms.push(['turned', rotated]); // its name stands in checkpoints
  if (block === 1 || !fitsBlocks(block, tensor)) return withFirst('turned', algorithms);
  algorithms.push(['blocked', (writer, g, w) => lowerInBlocks(writer, block, tensor, g, w)]);
  return withFirst(isNarrow(tensor) ? 'blocked' : 'turned', algorithms);
}

/** Values that all taps together may gather: 32 MB. */
const mostGathered = 2 ** 23;

function filterGradAlgorithmsOf(
  { inputs: [x, g], shape, attributes }: TensorOf<'convFilterGrad'>,
  { provider }: AlgorithmTarget,
): Map<string, LowerAlgorithm> {
  const usual = (name: FilterGradAlgorithm): readonly [string, LowerAlgorithm] => [
    name,
    (writer, images, grads) => filterGradAlgorithms[name](writer, images, grads, shape, attributes),
  ];
  if (provider === 'webgpu') {
    const [batch] = x.shape;
    const inParts = (split: number): readonly [string, LowerAlgorithm] => [
      `in ${split} parts`,
      (writer, images, grads) => filterGradInParts(writer, images, grads, shape, attributes, split),
    ];
    const rule = busySplit(shape, batch, attributes.groups);
    const splits = [rule, 1, rule / 4, rule / 2, rule * 2, rule * 4, batch];
    const algorithms = splits.filter((split) => Number.isInteger(split) && batch % split === 0).map(inParts);
    // The others want a fused product, which the provider lacks.
    if (attributes.groups === 1) algorithms.push(usual('taps across the batch'));
    return new Map(algorithms);
  }
  const rule = filterGradRule(shape, g.shape, attributes);
  if (attributes.groups > 1) return new Map([usual(rule)]);
  const others: FilterGradAlgorithm[] = ['all taps at once', 'taps across the batch', 'taps by image'];
  if (attributes.stride === 1) others.push('taps as offsets');
  if (sizeOf(x.shape) * shape[2] * shape[3] <= mostGathered) others.push('taps gathered');
  return withFirst(rule, others.map(usual));
}
