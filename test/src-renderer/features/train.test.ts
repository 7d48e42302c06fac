// Train without a window: how runs are called, which epochs are shown, and the configuration of a form.

import { describe, expect, it } from 'vitest';
import { runConfigSchema, type Run } from '../../../src-main/contracts/runs.ts';
import { allMethods } from '../../../src-main/services/methods.ts';
import { defaultsOf, NewRun, suggestedSizePx } from '../../../src-renderer/features/train/new-run.svelte.ts';
import {
  figure,
  runTitle,
  settingRows,
  spreadEpochs,
  stateWords,
} from '../../../src-renderer/features/train/run-words.ts';

const methods = allMethods();
const config = (more: object) =>
  runConfigSchema.parse({
    objective: 'standard',
    model: 'resnet8',
    sizePx: 64,
    epochs: 10,
    batch: 32,
    seed: 0,
    ...more,
  });

describe('the name of a run', () => {
  it('is its method with the weights that are not nothing, and what is put outside', () => {
    expect(runTitle(config({}), methods)).toBe('Standard');
    expect(
      runTitle(
        config({
          objective: 'box-aware',
          params: { lambdaInside: 0, lambdaOutside: 20 },
          settings: { outside: 'swap' },
        }),
        methods,
      ),
    ).toBe('Box-aware, outside 20, outside swapped');
  });

  it('is its id when the method is no longer known', () => {
    expect(runTitle(config({ objective: 'gone' }), methods)).toBe('gone');
    expect(runTitle(config({ objective: 'gone' }), null)).toBe('gone');
  });

  it('comes with every setting by its title', () => {
    const rows = settingRows(config({ settings: { warmUpEpochs: 2 } }), methods);
    expect(rows).toContainEqual({ name: 'Warm-up', value: '2 epochs' });
    expect(rows.length).toBeGreaterThanOrEqual(methods.settings.length + 5);
  });

  it('says of a run that ended early that its best was kept', () => {
    const run = { config: config({}), state: 'done', epochsDone: 10 } as Run;
    expect(stateWords(run).text).toBe('Done');
    expect(stateWords({ ...run, epochsDone: 7 }).text).toBe('Best kept');
    expect(stateWords({ ...run, state: 'interrupted' }).text).toBe('Interrupted');
  });

  it('writes small numbers without exponents', () => {
    expect([0.0005, 464.16, 20, 1e-7].map(figure)).toEqual(['0.0005', '464.2', '20', '0.0000001']);
  });
});

describe('the epochs of pinned pictures', () => {
  it('are spread over the run with the first and the last among them', () => {
    expect(spreadEpochs([3, 1, 2, 1], 6)).toEqual([1, 2, 3]);
    const spread = spreadEpochs(
      Array.from({ length: 23 }, (_, index) => index + 1),
      6,
    );
    expect(spread).toHaveLength(6);
    expect(spread[0]).toBe(1);
    expect(spread.at(-1)).toBe(23);
    expect(spreadEpochs([], 6)).toEqual([]);
  });
});

describe('the form of a new run', () => {
  const suggested = { sizePx: 64, train: 1000 };

  it('makes a configuration that the core accepts, for every objective', () => {
    for (const objective of methods.objectives) {
      const form = new NewRun(methods, null, suggested);
      form.objective = objective.id;
      expect(runConfigSchema.parse(form.config)).toMatchObject({
        objective: objective.id,
        params: defaultsOf(objective.params),
      });
    }
  });

  it('keeps what was typed for an objective while another one is looked at', () => {
    const form = new NewRun(methods, null, suggested);
    form.objective = 'box-aware';
    form.setParam('lambdaOutside', 7);
    form.objective = 'standard';
    expect(form.config.params).toEqual({});
    form.objective = 'box-aware';
    expect(form.config.params).toMatchObject({ lambdaOutside: 7 });
  });

  it('takes over a preset whole and knows it again until a value is changed', () => {
    const form = new NewRun(methods, null, suggested);
    form.objective = 'box-aware';
    const preset = form.method!.presets[0];
    form.setParam('lambdaInside', 3);
    form.usePreset(preset);
    expect(form.params).toMatchObject(preset.params);
    expect(form.preset?.id).toBe(preset.id);
    form.setParam('lambdaOutside', 1234);
    expect(form.preset).toBeNull();
  });

  it('starts as a copy of an earlier run when asked to', () => {
    const like = config({
      objective: 'box-aware',
      params: { lambdaOutside: 9 },
      epochs: 33,
      settings: { flip: false },
    });
    const { config: copied } = new NewRun(methods, like, suggested);
    expect(copied).toMatchObject({ objective: 'box-aware', epochs: 33, settings: { flip: false } });
    expect(copied.params).toMatchObject({ lambdaOutside: 9 });
  });

  it('suggests a size near the pictures and no larger than a CPU trains in minutes', () => {
    const range = { min: 32, max: 224 };
    expect(suggestedSizePx([64, 64, 64], range)).toBe(64);
    expect(suggestedSizePx([500, 375, 600], range)).toBe(128);
    expect(suggestedSizePx([10], range)).toBe(32);
    expect(suggestedSizePx([], range)).toBe(64);
  });
});
