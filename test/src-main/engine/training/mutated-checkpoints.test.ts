// A share of `npm run bench -- fuzz-checkpoints`.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { architectureOf, readWeights } from '../../../../src-main/engine/data/index.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/random.ts';
import { beginRun } from '../../../../src-main/engine/training/run-files.ts';
import { planRun } from '../../../../src-main/engine/training/run-plan.ts';
import { train } from '../../../../src-main/engine/training/index.ts';
import { mutated, outcomeOf } from './mutated-checkpoints.ts';
import { makeToy, toyClasses, toySpec, type Toy } from './toy.ts';

let toy: Toy;
beforeAll(async () => {
  toy = await makeToy(40);
});
afterAll(() => toy.remove());

it('a damaged checkpoint is refused in words, and one that is accepted holds a state that can be trained on', async () => {
  const spec = toySpec(toy, 'damaged', { model: 'mlp', epochs: 3 }, { selection: toy.images.slice(30, 40) });
  spec.train = toy.images.slice(0, 30);
  let stepsOfSecond = -1;
  await train(spec, {
    emit: ({ kind }) => (stepsOfSecond += kind === 'epoch' ? 1 : 0),
    control: () => (stepsOfSecond >= 0 && stepsOfSecond++ > 0 ? 'pause' : null),
  });
  const files = ['last.ckpt', 'best.ckpt'].map((name) => path.join(spec.runFolder, name));
  const whole = files.map((file) => readFileSync(file));
  const again = { ...spec, resume: true };
  const plan = planRun(again);
  const architecture = architectureOf(spec.config, toyClasses.length);
  const random = randomFromSeed(3);
  const outcomes = new Map<string, string[]>();
  for (let i = 0; i < 60; i++) {
    const { how, bytes } = mutated(whole[i % 2], random);
    writeFileSync(files[i % 2], bytes);
    const outcome = await outcomeOf(async () => {
      if (i % 2 === 1) return readWeights(files[1], architecture);
      const { record, state } = await beginRun(again, plan);
      expect([...state.keys()]).toEqual(plan.step.state.map(({ name }) => name));
      expect(record.metrics).toHaveLength(record.epochs);
    });
    outcomes.set(outcome, [...(outcomes.get(outcome) ?? []), how]);
    writeFileSync(files[i % 2], whole[i % 2]);
  }
  expect([...outcomes.keys()].filter((code) => !['ok', 'bad-file', 'conflict'].includes(code))).toEqual([]);
  expect(outcomes.get('bad-file')!.length).toBeGreaterThan(30);
});
