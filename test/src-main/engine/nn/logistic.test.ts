import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { solveLogistic, type LogisticRows } from '../../../../src-main/engine/nn/logistic.ts';
import { minimise } from '../../../../src-main/engine/nn/lbfgs.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/random.ts';

interface Fixture {
  classes: number[];
  weights: number[];
  solved: { l2: number; logits: number[][] }[];
}
const fixture = JSON.parse(
  readFileSync(new URL('../../../fixtures/engine/logistic.json', import.meta.url), 'utf8'),
) as Fixture;

const [count, channels, classes] = [60, 8, 3];
/** As in test/reference/logistic.py. */
const features = Float32Array.from(
  { length: count * channels },
  (_, i) => Math.sin(1.7 * i + 0.3) * ((i % channels) + 1) + 0.5 * (i % channels),
);
const oneHot = (of: readonly number[], width: number): Float32Array => {
  const labels = new Float32Array(of.length * width);
  of.forEach((k, i) => (labels[i * width + k] = 1));
  return labels;
};
const rows: LogisticRows = {
  features,
  labels: oneHot(fixture.classes, classes),
  weights: Float64Array.from(fixture.weights),
  channels,
  classes,
};

describe('the solver of the classifier layer', () => {
  it.each(fixture.solved)("finds scikit-learn's optimum with l2 $l2", ({ l2, logits }) => {
    const head = solveLogistic(rows, { l2, tolerance: 1e-9 });
    expect(head.gradient).toBeLessThan(1e-8);
    let worst = 0;
    for (let i = 0; i < count; i++) {
      const own = Array.from(head.bias, (bias, k) => {
        let sum = bias;
        for (let c = 0; c < channels; c++) sum += features[i * channels + c] * head.weight[k * channels + c];
        return sum;
      });
      const mean = own.reduce((sum, one) => sum + one, 0) / classes;
      own.forEach((logit, k) => (worst = Math.max(worst, Math.abs(logit - mean - logits[i][k]))));
    }
    expect(worst).toBeLessThan(2e-5); // features and head are float32
  });

  it('counts a row of weight 3 as three rows', () => {
    const rowsOf = (of: readonly number[]): LogisticRows => ({
      ...rows,
      features: Float32Array.from(
        of.flatMap((i) => [...features.subarray(i * channels, (i + 1) * channels)]),
      ),
      labels: oneHot(
        of.map((i) => fixture.classes[i]),
        classes,
      ),
      weights: new Float64Array(of.length).fill(1),
    });
    const repeated = rowsOf(fixture.weights.flatMap((weight, i) => new Array<number>(weight).fill(i)));
    const [one, other] = [rows, repeated].map((given) => solveLogistic(given, { l2: 0.01, tolerance: 1e-9 }));
    one.weight.forEach((value, i) => expect(value).toBeCloseTo(other.weight[i], 5));
  });

  it('for several classes a picture finds where the gradient of the binary losses is nothing', () => {
    const labels = Float32Array.from(rows.labels, (label, i) => (i % 5 === 0 ? 1 : label));
    const head = solveLogistic({ ...rows, labels }, { task: 'multi', l2: 0.05, tolerance: 1e-9 });
    // Biases are free: at the optimum the predicted and the true number of each class agree.
    for (let k = 0; k < classes; k++) {
      let surplus = 0;
      for (let i = 0; i < count; i++) {
        let logit = head.bias[k];
        for (let c = 0; c < channels; c++)
          logit += features[i * channels + c] * head.weight[k * channels + c];
        surplus += fixture.weights[i] * (1 / (1 + Math.exp(-logit)) - labels[i * classes + k]);
      }
      expect(surplus).toBeCloseTo(0, 4);
    }
  });

  it('gives a channel that never changes no weight', () => {
    const still = features.map((value, i) => (i % channels === 2 ? 4 : value));
    const head = solveLogistic({ ...rows, features: still }, { l2: 0.01 });
    for (let k = 0; k < classes; k++) expect(head.weight[k * channels + 2]).toBe(0);
    expect(head.weight.every(Number.isFinite)).toBe(true);
  });

  it('reaches the optimum of features as wide as those of the shipped network in few steps', () => {
    const random = randomFromSeed(1);
    const wide = { count: 100, channels: 1280, classes: 10 };
    const given: LogisticRows = {
      ...wide,
      features: Float32Array.from({ length: wide.count * wide.channels }, () => Math.abs(random.normal())),
      labels: oneHot(
        Array.from({ length: wide.count }, (_, i) => i % 10),
        10,
      ),
      weights: new Float64Array(wide.count).fill(1),
    };
    const head = solveLogistic(given, { l2: 1 });
    expect(head.gradient).toBeLessThan(1e-5);
    expect(head.iterations).toBeLessThan(60);
  });
});

describe('L-BFGS', () => {
  it("reaches the bottom of Rosenbrock's valley", () => {
    const { at, gradient } = minimise(
      ([x, y], grad) => {
        grad[0] = -2 * (1 - x) - 400 * x * (y - x * x);
        grad[1] = 200 * (y - x * x);
        return (1 - x) ** 2 + 100 * (y - x * x) ** 2;
      },
      Float64Array.of(-1.2, 1),
      { tolerance: 1e-9, maxIterations: 200 },
    );
    expect(gradient).toBeLessThan(1e-9);
    expect(at[0]).toBeCloseTo(1, 8);
    expect(at[1]).toBeCloseTo(1, 8);
  });
});
