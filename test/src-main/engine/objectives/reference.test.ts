// Value, weight gradients and running statistics of every objective against PyTorch, on fixed weights, pictures and
// random numbers.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fieldsOf } from '../../../../src-main/contracts/methods.ts';
import type { Task } from '../../../../src-main/engine/nn/index.ts';
import { objectives } from '../../../../src-main/engine/objectives/index.ts';
import { onnxExecutor, referenceExecutor, type Executor } from '../../../../src-main/engine/runtime/index.ts';
import { reachable } from '../../../../src-main/engine/graph/index.ts';
import { tinyNetwork, wave } from '../training/tiny-network.ts';
import { tinyLoss } from './loss-graph.ts';

interface Case {
  objective: string;
  /** Of Fovea; where a penalty would be too small to see, its weight is a power of ten higher. */
  preset?: string;
  pool: 'average' | 'max';
  task: Task;
  params: Record<string, number | string | boolean>;
  logits: number[];
  terms: Record<string, number>;
  /** By parameter: norm of the gradient and its product with sin(1.7 i + 0.5). */
  gradients: Record<string, [number, number]>;
  running: Record<string, [number, number]>;
  next: Record<string, number[]>;
}

const read = (name: string): Case[] =>
  (
    JSON.parse(readFileSync(new URL(`../../../fixtures/engine/${name}.json`, import.meta.url), 'utf8')) as {
      cases: Case[];
    }
  ).cases;
const cases = read('objectives-more');

const condense = (values: ArrayLike<number>): [number, number] => {
  const pattern = wave(values.length, 0.5);
  const all = Array.from(values);
  return [Math.hypot(...all), all.reduce((sum, value, i) => sum + value * pattern[i], 0)];
};

/** What is smaller than this is compared as if it were this. */
const LEAST = 0.05;

const executors: [string, Executor, number][] = [
  ['interpreter', referenceExecutor(), 5e-6],
  ['ONNX Runtime', onnxExecutor({ threads: 1 }), 1e-4],
];

describe.each(executors)('objectives on the %s', (_, executor, tolerance) => {
  // Presets have long searches and paths, and the interpreter takes its time.
  it.each(cases.filter(({ preset }) => preset === undefined || executor.id === 'cpu'))(
    'have the value and weight gradients of PyTorch: $objective, $preset, $task, $params',
    async ({ objective, pool, task, params, logits, terms, gradients, running, next }) => {
      const { outputs, feeds, programInputs } = tinyLoss(objective, params, { pool, task });
      const session = await executor.compile({
        inputs: reachable(programInputs, Object.values(outputs)),
        outputs,
      });
      const values = await session.run(feeds);
      await session.dispose();

      // Differences of nearly equal numbers, whose rounding counts: the L2 search of TRADES climbs a divergence that
      // begins at 0, score matching divides that of two logits by sigma squared and adds terms of both signs.
      const slack =
        objective === 'score-matching' ? 10 : objective === 'trades' && params.norm === 'l2' ? 20 : 1;
      const close = (what: string, actual: number, expected: number, scale = Math.abs(expected)): void => {
        expect(Math.abs(actual - expected), `${what}: ${actual} for ${expected}`).toBeLessThan(
          slack * tolerance * Math.max(LEAST, scale),
        );
      };
      const named = Object.entries(terms).map(([term, value]): [string, number] => {
        const name = Object.keys(outputs).find((key) => key === `term/${term}` || key.endsWith(`.${term}`));
        return [name ?? `term/${term}`, value];
      });
      expect(named.map(([name]) => name).sort()).toEqual(
        Object.keys(outputs)
          .filter((name) => name.startsWith('term/'))
          .sort(),
      );
      for (const [name, value] of named) close(name, values[name][0], value);
      // Terms that the tolerance would let be 0 prove nothing.
      for (const [name, value] of named) expect(Math.abs(value), name).toBeGreaterThan(3e-3);
      close(
        'total',
        values.total[0],
        Object.values(terms).reduce((a, b) => a + b),
      );
      logits.forEach((value, i) => close('logits', values.logits[i], value));
      for (const { name } of tinyNetwork(pool).parameters) {
        const [norm, projection] = condense(values[`gradient/${name}`]);
        close(name, norm, gradients[name][0]);
        close(name, projection, gradients[name][1], gradients[name][0]);
      }
      for (const { name } of tinyNetwork(pool).buffers)
        condense(values[`next/${name}`]).forEach((value, i) => close(name, value, running[name][i]));
      for (const [name, expected] of Object.entries(next))
        expected.forEach((value, i) => close(name, values[`next/objective/${name}`][i], value));
    },
    60_000,
  );
});

it('every preset has a reference', () => {
  const known = cases.map(({ objective, preset, params }) => ({ objective, preset, params }));
  for (const { id, schema, presets } of objectives) {
    const fields = fieldsOf(schema).filter(({ role }) => role === 'penalty-weight');
    const weights = new Set(fields.map(({ name }) => name));
    for (const preset of presets) {
      const own = known.find((one) => one.objective === id && one.preset === preset.id);
      for (const [name, value] of Object.entries(preset.params)) {
        const what = `${id} ${preset.id} ${name}`;
        if (!weights.has(name) || value === 0) {
          expect(own?.params[name], what).toBe(value);
          continue;
        }
        const more = Math.log10(Number(own?.params[name]) / Number(value));
        expect(Math.abs(more - Math.round(more)), what).toBeLessThan(1e-9);
      }
    }
  }
});

it('every objective of the registry has a reference', () => {
  const known = new Set([...cases, ...read('objectives')].map(({ objective }) => objective));
  expect(objectives.filter(({ id }) => !known.has(id)).map(({ id }) => id)).toEqual([]);
});
