// The graph: symbolic tensors, their operations, derivatives of any order, and simplification.

export { gradient, type GradientOptions, type GradientRule } from './gradient.ts';
export * from './ops.ts';
export { simplify } from './simplify.ts';
export {
  sameShape,
  sizeOf,
  reachable,
  topologicalOrder,
  type Op,
  type Shape,
  type Tensor,
  type TensorOf,
} from './tensor.ts';
