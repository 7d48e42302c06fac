// The classifier layer on features that stay as they are: logistic regression with an L2 penalty, whose optimum is
// unique and found, not trained towards. All in float64.

import type { Task } from './classification.ts';
import { minimise } from './lbfgs.ts';

export interface LogisticRows {
  /** [N, C] */
  features: Float32Array;
  /** [N, K], one-hot or multi-hot */
  labels: Float32Array;
  /** [N], >= 0, of which only proportions count */
  weights: Float64Array;
  channels: number;
  classes: number;
}

export interface LogisticOptions {
  /** 'single' unless given. */
  task?: Task;
  /** Factor on half the squared weights for standardised features; biases are free. */
  l2: number;
  /** The largest entry of the gradient at which the optimum counts as reached. */
  tolerance?: number;
  maxIterations?: number;
}

export interface LogisticHead {
  /** [K, C], for the features as they come. */
  weight: Float32Array;
  /** [K] */
  bias: Float32Array;
  /** Weighted mean loss of the rows, without the penalty. */
  loss: number;
  /** Largest entry, in standardised coordinates. */
  gradient: number;
  iterations: number;
}

/**
 * Minimises sum_i w_i l_i / sum_i w_i + l2 / 2 * |W|² over W [K, C] and b [K], where l_i is the class loss of row i
 * (cross-entropy, or the sum over classes of the binary one) and features have weighted mean 0 and deviation 1; a
 * channel that never changes gets no weight. With scikit-learn's C of LogisticRegression, l2 = 1 / (C * N).
 */
export function solveLogistic(
  rows: LogisticRows,
  { task = 'single', l2, tolerance = 1e-5, maxIterations = 500 }: LogisticOptions,
): LogisticHead {
  const { channels, classes, labels, weights } = rows;
  const { mean, scale, standard } = standardised(rows);
  const count = weights.length;
  const all = weights.reduce((sum, one) => sum + one, 0);
  const logits = new Float64Array(classes);
  const residual = new Float64Array(classes);
  const biasAt = classes * channels;
  let classLoss = 0;
  const evaluate = (at: Float64Array, gradient: Float64Array): number => {
    gradient.fill(0);
    classLoss = 0;
    for (let i = 0; i < count; i++) {
      const weight = weights[i] / all;
      if (weight === 0) continue;
      project(at, standard, i * channels, channels, classes, logits);
      for (let k = 0; k < classes; k++) logits[k] += at[biasAt + k];
      const loss = task === 'single' ? softmaxLoss : sigmoidLoss;
      classLoss += weight * loss(logits, labels, i * classes, residual);
      for (let k = 0; k < classes; k++) {
        residual[k] *= weight;
        gradient[biasAt + k] += residual[k];
      }
      accumulate(gradient, standard, i * channels, channels, classes, residual);
    }
    let squares = 0;
    for (let j = 0; j < biasAt; j++) {
      squares += at[j] * at[j];
      gradient[j] += l2 * at[j];
    }
    return classLoss + (l2 / 2) * squares;
  };
  const solved = minimise(evaluate, new Float64Array(biasAt + classes), { tolerance, maxIterations });
  evaluate(solved.at, new Float64Array(solved.at.length)); // for the loss of the rows alone
  const weight = new Float32Array(classes * channels);
  const bias = new Float32Array(classes);
  for (let k = 0; k < classes; k++) {
    let shift = solved.at[biasAt + k];
    for (let c = 0; c < channels; c++) {
      const scaled = solved.at[k * channels + c] * scale[c];
      weight[k * channels + c] = scaled;
      shift -= scaled * mean[c];
    }
    bias[k] = shift;
  }
  return { weight, bias, loss: classLoss, gradient: solved.gradient, iterations: solved.iterations };
}

/** @returns  1 / deviation as `scale`, 0 for a channel that never changes */
function standardised({ features, weights, channels }: LogisticRows): {
  mean: Float64Array;
  scale: Float64Array;
  standard: Float32Array;
} {
  const mean = new Float64Array(channels);
  const scale = new Float64Array(channels);
  const all = weights.reduce((sum, one) => sum + one, 0);
  weights.forEach((weight, i) => {
    for (let c = 0; c < channels; c++) mean[c] += (weight / all) * features[i * channels + c];
  });
  weights.forEach((weight, i) => {
    for (let c = 0; c < channels; c++)
      scale[c] += (weight / all) * (features[i * channels + c] - mean[c]) ** 2;
  });
  for (let c = 0; c < channels; c++) {
    const deviation = Math.sqrt(scale[c]);
    scale[c] = deviation > 1e-6 * Math.max(1e-6, Math.abs(mean[c])) ? 1 / deviation : 0;
  }
  const standard = new Float32Array(features.length);
  for (let i = 0, at = 0; i < weights.length; i++)
    for (let c = 0; c < channels; c++, at++) standard[at] = (features[at] - mean[c]) * scale[c];
  return { mean, scale, standard };
}

/** Scores of one row, four classes at a time: this and `accumulate` are where the time goes. */
function project(
  weight: Float64Array,
  rows: Float32Array,
  start: number,
  channels: number,
  classes: number,
  out: Float64Array,
): void {
  let k = 0;
  for (; k + 4 <= classes; k += 4) {
    const at = k * channels;
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let j = 0; j < channels; j++) {
      const x = rows[start + j];
      a += x * weight[at + j];
      b += x * weight[at + channels + j];
      c += x * weight[at + 2 * channels + j];
      d += x * weight[at + 3 * channels + j];
    }
    out[k] = a;
    out[k + 1] = b;
    out[k + 2] = c;
    out[k + 3] = d;
  }
  for (; k < classes; k++) {
    let a = 0;
    for (let j = 0; j < channels; j++) a += rows[start + j] * weight[k * channels + j];
    out[k] = a;
  }
}

/** Adds residual_k times the row to each class's gradient. */
function accumulate(
  gradient: Float64Array,
  rows: Float32Array,
  start: number,
  channels: number,
  classes: number,
  residual: Float64Array,
): void {
  for (let k = 0; k < classes; k++) {
    const factor = residual[k];
    if (Math.abs(factor) < 1e-300) continue;
    const at = k * channels;
    for (let j = 0; j < channels; j++) gradient[at + j] += factor * rows[start + j];
  }
}

type RowLoss = (logits: Float64Array, labels: Float32Array, at: number, residual: Float64Array) => number;

/** -log softmax at the label; the residual is d loss / d logits. */
const softmaxLoss: RowLoss = (logits, labels, at, residual) => {
  let highest = -Infinity;
  for (const logit of logits) highest = Math.max(highest, logit);
  let total = 0;
  for (let k = 0; k < logits.length; k++) total += residual[k] = Math.exp(logits[k] - highest);
  const logTotal = Math.log(total) + highest;
  let loss = 0;
  for (let k = 0; k < logits.length; k++) {
    const label = labels[at + k];
    loss += label * (logTotal - logits[k]);
    residual[k] = residual[k] / total - label;
  }
  return loss;
};

/** Sum over classes of log(1 + exp(z)) - y z. */
const sigmoidLoss: RowLoss = (logits, labels, at, residual) => {
  let loss = 0;
  for (let k = 0; k < logits.length; k++) {
    const label = labels[at + k];
    loss += Math.max(logits[k], 0) + Math.log1p(Math.exp(-Math.abs(logits[k]))) - label * logits[k];
    residual[k] = 1 / (1 + Math.exp(-logits[k])) - label;
  }
  return loss;
};
