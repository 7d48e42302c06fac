// Whole training steps against PyTorch's optimisers: several steps on one batch, in float64.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cycledMomentumAt, learningRateAt } from '../../../../src-main/engine/nn/schedule.ts';
import { objectiveById } from '../../../../src-main/engine/objectives/index.ts';
import {
  buildTrainStep,
  initialState,
  nextOf,
  type StepSettings,
} from '../../../../src-main/engine/training/train-step.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/index.ts';
import {
  batch,
  classes,
  evaluate,
  sizePx,
  tinyBatch,
  tinyNetwork,
  tinyWeights,
  wave,
} from './tiny-network.ts';

type Condensed = Record<string, [number, number]>;
interface Case {
  settings: StepSettings;
  gradientNorms: number[];
  moved: Condensed;
  running: Condensed;
  average?: Condensed;
  /** Where PyTorch's scheduler says them. */
  rates?: number[];
  momenta?: number[];
}
interface Cycle {
  oneCycle: number[];
  momenta: number[];
}
const { cases } = JSON.parse(
  readFileSync(new URL('../../../fixtures/engine/optimisers.json', import.meta.url), 'utf8'),
) as { cases: (Case | Cycle)[] };

const rates = [0.03, 0.1, 0.08, 0.05, 0.01];
const adamRates = [0.003, 0.01, 0.008, 0.005, 0.001];

/** Both are in float64; constants of the graph are float32. */
function close(actual: number, expected: number, scale = Math.abs(expected), what?: string): void {
  expect(Math.abs(actual - expected), what).toBeLessThan(1e-6 * Math.max(1, scale));
}

describe('training steps', () => {
  it.each(cases.filter((one): one is Case => 'settings' in one))(
    'go where PyTorch goes: $settings',
    ({ settings, gradientNorms, moved, running, average, rates: told, momenta }) => {
      const model = tinyNetwork('average');
      const step = buildTrainStep({
        model,
        objective: objectiveById('standard'),
        params: {},
        batch,
        classes,
        sizePx,
        settings,
      });
      const start = tinyWeights(model);
      let state: Record<string, ArrayLike<number>> = {
        ...Object.fromEntries(initialState(step, randomFromSeed(1))),
        ...start,
      };
      (told ?? (settings.optimiser ? adamRates : rates)).forEach((rate, i) => {
        const scalars = Object.entries(step.scalars).map(([name, at]) => [
          name,
          [at(i + 1, momenta?.[i] ?? NaN)],
        ]);
        const outputs = evaluate(step.program.outputs, {
          ...state,
          ...tinyBatch(),
          ...Object.fromEntries(scalars),
          ramp: [1],
          learningRate: [rate],
        });
        close(outputs.gradientNorm[0], gradientNorms[i]);
        state = Object.fromEntries(step.state.map(({ name }) => [name, outputs[nextOf(name)]]));
      });

      const compare = (expected: Condensed, valuesOf: (name: string) => ArrayLike<number>): void => {
        for (const [name, [norm, projection]] of Object.entries(expected)) {
          const from = running[name] ? undefined : start[name];
          const values = Array.from(valuesOf(name), (value, k) => value - (from ? from[k] : 0));
          const pattern = wave(values.length, 0.5);
          close(Math.hypot(...values), norm, norm, name);
          close(
            values.reduce((sum, value, k) => sum + value * pattern[k], 0),
            projection,
            norm,
            name,
          );
        }
      };
      compare({ ...moved, ...running }, (name) => state[name]);
      if (average) compare(average, (name) => state[step.shown.get(name)!]);
      else expect([...step.shown].every(([name, from]) => name === from)).toBe(true);
    },
  );

  it.each(cases.filter((one): one is Cycle => 'oneCycle' in one))(
    "follow PyTorch's one cycle: $oneCycle.length steps",
    ({ oneCycle, momenta }) => {
      const settings = {
        schedule: 'one-cycle' as const,
        learningRate: 0.4,
        warmUpEpochs: 1,
        stepEpochs: 1,
        stepFactor: 1,
      };
      // As the loop asks: in fractions of epochs, whatever their number.
      for (const epochs of [1, oneCycle.length === 63 ? 9 : 4]) {
        const steps = oneCycle.length / epochs;
        oneCycle.forEach((rate, i) => {
          const position = Math.floor(i / steps) + (i % steps) / steps;
          expect(learningRateAt(position, epochs, settings, steps)).toBeCloseTo(rate, 7);
          expect(cycledMomentumAt(position, epochs, steps)).toBeCloseTo(momenta[i], 7);
        });
      }
    },
  );
});
