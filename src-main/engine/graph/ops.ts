// Every operation in one place; one family a file.

export { constant, input, ones, scalar, zeros } from './leaf.ts';
export {
  abs,
  add,
  clip,
  div,
  equal,
  erf,
  exp,
  greater,
  log,
  maximum,
  minimum,
  mul,
  neg,
  relu,
  select,
  sigmoid,
  sign,
  softplus,
  sqrt,
  square,
  step,
  sub,
  tanh,
} from './elementwise.ts';
export { max, mean, sum } from './reduction.ts';
export { broadcastTo, concat, pad, reshape, slice, transpose } from './shaping.ts';
export { conv, convFilterGrad, convInputGrad, matmul } from './linear.ts';
export {
  averagePool,
  globalAveragePool,
  globalMaxPool,
  maxPool,
  maxPoolGather,
  maxPoolScatter,
} from './pooling.ts';
export {
  identity,
  logSoftmax,
  logSumExp,
  resizeBilinear,
  sigmoidCrossEntropy,
  softmax,
  stopGradient,
} from './composite.ts';
export { gelu } from './activation.ts';
export { argMaxMask, gather, oneHot, topKMask } from './selection.ts';
export { cosineSimilarity, l2Norm, l2Normalise } from './vectors.ts';
