// Train without a window: how runs are called, which epochs are shown, and the configuration of a form.

import { describe, expect, it } from 'vitest';
import { runConfigSchema, type Run, type TrainedOn } from '../../../src-main/contracts/runs.ts';
import { AppError } from '../../../src-main/contracts/errors.ts';
import { objectiveById } from '../../../src-main/engine/objectives/index.ts';
import { allMethods } from '../../../src-main/services/methods.ts';
import { defaultsOf } from '../../../src-renderer/forms/defaults.ts';
import {
  hindrance,
  NewRun,
  suggestedSizePx,
  warningsOf,
} from '../../../src-renderer/features/train/new-run.svelte.ts';
import {
  numberText,
  runTitle,
  settingRows,
  settingText,
  spreadEpochs,
  stateWords,
} from '../../../src-renderer/state/run-words.ts';
import { changedFields, placedInForm, settingGroups } from '../../../src-renderer/forms/setting-groups.ts';
import { applies } from '../../../src-renderer/state/setting-effect.ts';

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

function allowed(id: string): boolean {
  try {
    return objectiveById(id) !== undefined;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'bad-input') return false;
    throw thrown;
  }
}

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

  it('says what was put together, and an epsilon as it is quoted', () => {
    const combined = config({
      objective: 'box-aware+input-grad',
      params: { lambdaOutside: 5, 'input-grad.lambda': 3 },
    });
    expect(runTitle(combined, methods)).toBe('Box-aware + Input gradient penalty, outside 5, weight 3');
    const attacked = config({ objective: 'fgsm-training', params: { eps: 0.03137 } });
    expect(runTitle(attacked, methods)).toBe('FGSM training, epsilon 8/255');
  });

  it('comes with every setting that has an effect by its title', () => {
    const rows = settingRows(config({ settings: { warmUpEpochs: 2 } }), methods);
    expect(rows).toContainEqual({ name: 'Warm-up', value: '2 epochs' });
    expect(rows).toContainEqual({ name: 'Mirror', value: 'yes' });
    expect(rows.map(({ name }) => name)).toContain('Momentum');
    expect(rows.map(({ name }) => name)).not.toContain('Beta 1');
    const adam = settingRows(config({ settings: { optimiser: 'adam', schedule: 'one-cycle' } }), methods);
    expect(adam.map(({ name }) => name)).toContain('Beta 1');
    expect(adam.map(({ name }) => name)).not.toContain('Warm-up');
  });

  it('gives no two settings one name, whatever is put together', () => {
    for (const objective of ['hessian+input-grad', 'art+trades', 'box-aware+density']) {
      const names = settingRows(config({ objective, settings: { activation: 'softplus' } }), methods).map(
        ({ name }) => name,
      );
      expect(new Set(names).size).toBe(names.length);
    }
    const rows = settingRows(
      config({ objective: 'box-aware+input-grad', params: { 'input-grad.lambda': 3 } }),
      methods,
    );
    expect(rows).toContainEqual({ name: 'Weight', value: '3' });
    expect(rows).toContainEqual({ name: 'Input gradient penalty: Gradient of', value: 'loss' });
  });

  it('says of a run that ended early that its best was kept', () => {
    const run = { config: config({}), state: 'done', epochsDone: 10 } as Run;
    expect(stateWords(run).text).toBe('Done');
    expect(stateWords({ ...run, epochsDone: 7 }).text).toBe('Best kept');
    expect(stateWords({ ...run, state: 'interrupted' }).text).toBe('Interrupted');
  });

  it('writes small numbers without exponents', () => {
    expect([0.0005, 464.16, 20, 1e-7].map(numberText)).toEqual(['0.0005', '464.2', '20', '0.0000001']);
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
      form.lead(objective.id);
      expect(runConfigSchema.parse(form.config)).toMatchObject({
        objective: objective.id,
        params: defaultsOf(objective.params),
      });
    }
  });

  it('counts a picture for one class or for several, as the settings say', () => {
    const form = new NewRun(methods, null, suggested);
    expect(form.labels).toBe('one');
    form.settings['labels'] = 'several';
    expect(form.labels).toBe('several');
    expect(runConfigSchema.parse(form.config).settings.labels).toBe('several');
  });

  it('keeps what was typed for an objective while another one is looked at', () => {
    const form = new NewRun(methods, null, suggested);
    form.lead('box-aware');
    form.setParam(form.objectives[0], 'lambdaOutside', 7);
    form.lead('standard');
    expect(form.config.params).toEqual({});
    form.lead('box-aware');
    expect(form.config.params).toMatchObject({ lambdaOutside: 7 });
  });

  it('takes over a preset whole and knows it again until a value is changed', () => {
    const form = new NewRun(methods, null, suggested);
    form.lead('box-aware');
    const [part] = form.objectives;
    const [preset] = part.presets;
    form.setParam(part, 'lambdaInside', 3);
    form.usePreset(part, preset);
    expect(form.params).toMatchObject(preset.params);
    expect(form.presetOf(part)?.id).toBe(preset.id);
    form.setParam(part, 'lambdaOutside', 1234);
    expect(form.presetOf(part)).toBeNull();
  });

  /** Box-aware with a preset that says a setting. */
  function asInThePaper() {
    const form = new NewRun(methods, null, suggested);
    form.lead('box-aware');
    const [boxAware] = form.objectives;
    form.usePreset(
      boxAware,
      boxAware.presets.find(({ id }) => id === 'paper')!,
    );
    return { form, boxAware };
  }

  it('takes the settings of a preset with it, and gives them back with the next', () => {
    const { form, boxAware } = asInThePaper();
    expect(form.settings['lambdaRamp']).toBe(0);
    form.settings = { ...form.settings, lambdaRamp: 0.3 };
    expect(form.presetOf(boxAware)).toBeNull();
    form.usePreset(boxAware, { params: {} });
    expect(form.settings['lambdaRamp']).toBe(0.5);

    form.lead('group-dro');
    const [groupDro] = form.objectives;
    form.usePreset(groupDro, groupDro.presets[0]);
    expect(form.settings['sampling']).toBe('balanced');
    form.lead('standard');
    expect(form.settings['sampling']).toBe('shuffled');
    form.add('group-dro');
    expect(form.settings['sampling']).toBe('balanced');
    form.drop('group-dro');
    expect(form.settings['sampling']).toBe('shuffled');
  });

  it('leaves settings that a person has changed since a preset said them', () => {
    const { form } = asInThePaper();
    form.settings = { ...form.settings, lambdaRamp: 0.3 };
    form.lead('standard');
    form.lead('box-aware');
    expect(form.settings['lambdaRamp']).toBe(0.3);
  });

  it('groups the pictures where an objective needs it or the sampling is balanced', () => {
    const form = new NewRun(methods, null, suggested);
    form.groupBy = 'background';
    expect(form.config.groupBy).toBeUndefined();
    form.settings = { ...form.settings, sampling: 'balanced' };
    expect([form.needsGroups, form.config.groupBy]).toEqual([false, 'background']);
  });

  it('puts objectives together as the core reads them, and takes them apart again for a copy', () => {
    const form = new NewRun(methods, null, suggested);
    form.lead('group-dro');
    expect(form.addable.map(({ id }) => id)).toContain('blackout');
    form.add('density');
    form.setParam(form.objectives[1], 'lambda', 0.7);
    form.groupBy = 'background';
    const made = form.config;
    expect(made).toMatchObject({ objective: 'group-dro+density', groupBy: 'background' });
    expect(made.params).toMatchObject({ groupStep: 0.01, 'density.lambda': 0.7 });
    const { schema } = objectiveById(made.objective);
    expect(schema.strict().parse(made.params)).toEqual(made.params);

    const copy = new NewRun(methods, runConfigSchema.parse(made), suggested);
    expect(copy.config).toEqual(made);
    copy.drop('density');
    expect(copy.config.objective).toBe('group-dro');
    copy.lead('standard');
    expect(copy.config.groupBy).toBeUndefined();
  });

  it('offers to add only what the core can add', () => {
    for (const { id } of methods.objectives) {
      const form = new NewRun(methods, null, suggested);
      form.lead(id);
      for (const other of methods.objectives) {
        const offered = form.addable.includes(other);
        const isAllowed = allowed(`${id}+${other.id}`);
        // Group DRO + Standard is Group DRO.
        expect([id, other.id, offered || other.id === 'standard']).toEqual([
          ...[id, other.id],
          isAllowed || other.id === 'standard',
        ]);
      }
    }
  });

  it('leaves out what does not go with another leading objective', () => {
    const form = new NewRun(methods, null, suggested);
    form.lead('group-dro');
    form.add('blackout');
    form.add('density');
    form.lead('box-aware');
    expect(form.objective).toBe('box-aware+density');
  });

  const trainedOn = {
    train: 100,
    selection: 10,
    test: 10,
    withRegion: 0,
    classes: [{}, {}],
  } as unknown as TrainedOn;

  it('says what keeps the run from starting', () => {
    const form = new NewRun(methods, null, suggested);
    expect(hindrance(form, null, [])).toMatch(/counted/);
    expect(hindrance(form, trainedOn, [])).toBeNull();
    form.lead('group-dro');
    expect(hindrance(form, trainedOn, [])).toMatch(/Group DRO needs groups/);
    expect(hindrance(form, trainedOn, ['place'])).toMatch(/choose an attribute/);
    form.groupBy = 'place';
    expect(hindrance(form, trainedOn, ['place'])).toBeNull();
    form.model = 'resnet50';
    form.sizePx = 32;
    expect(hindrance(form, trainedOn, ['place'])).toBe('ResNet-50 takes pictures of 48 to 448 px.');
  });

  it('warns of what will probably not do what was meant', () => {
    const form = new NewRun(methods, null, suggested);
    expect(warningsOf(form, trainedOn)).toEqual([]);
    form.lead('box-aware');
    form.settings = { ...form.settings, optimiser: 'adam', outside: 'swap', freeze: 'backbone' };
    form.batch = 128;
    expect(warningsOf(form, trainedOn)).toHaveLength(5);
    expect(warningsOf(form, { ...trainedOn, withRegion: 4 })).toHaveLength(3);

    const attacked = new NewRun(methods, null, suggested);
    attacked.lead('trades');
    expect(warningsOf(attacked, trainedOn)).toEqual([
      'On few pictures TRADES learns little from scratch: start from a run that is trained already.',
    ]);
    expect(warningsOf(attacked, { ...trainedOn, train: 5000 })).toEqual([]);
    attacked.start = { name: 'Demo, run 1', sha256: '0'.repeat(64) };
    expect(warningsOf(attacked, trainedOn)).toEqual([]);
    attacked.setParam(attacked.objectives[0], 'norm', 'l2');
    expect(warningsOf(attacked, trainedOn)).toEqual([
      'An epsilon of 0.031 is very small in L2: 0.5 is usual at 32 px.',
    ]);
    attacked.setParam(attacked.objectives[0], 'eps', 0.5);
    expect(warningsOf(attacked, trainedOn)).toEqual([]);

    const grouped = new NewRun(methods, null, suggested);
    grouped.lead('group-dro');
    expect(warningsOf(grouped, trainedOn)).toEqual([
      'Shuffled batches have few pictures of small groups: choose balanced sampling.',
    ]);
    grouped.usePreset(grouped.objectives[0], grouped.objectives[0].presets[0]);
    expect(warningsOf(grouped, trainedOn)).toEqual([]);
  });

  it('starts from weights with the settings that suit them, which go with them unless they were changed', () => {
    const form = new NewRun(methods, null, suggested);
    const settings = { batchNorm: 'eval', clipNorm: 1 } as const;
    const info = {
      name: 'own',
      models: [],
      sizeBytes: 1,
      licence: null,
      settings,
      sha256: '0'.repeat(64),
    };
    form.startFrom({ ...info, origin: 'bundled' });
    expect(form.config).toMatchObject({ start: { name: 'own', sha256: info.sha256 }, settings });
    form.settings = { ...form.settings, clipNorm: 3 };
    form.startFromScratch({ ...info, origin: 'bundled' });
    expect(form.config.start).toBeUndefined();
    expect(form.settings).toMatchObject({ batchNorm: 'train', clipNorm: 3 });
  });

  it('goes on with what a run has learnt as the network that it is', () => {
    const form = new NewRun(methods, null, suggested);
    const start = { name: 'Demo, run 1', sha256: '0'.repeat(64) };
    form.startFromRun(start, config({ settings: { activation: 'softplus', pool: 'max', learningRate: 3 } }));
    expect(form.config).toMatchObject({ start, settings: { activation: 'softplus', pool: 'max' } });
    expect(form.settings['learningRate']).not.toBe(3);
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

describe('the settings', () => {
  const defaults = defaultsOf(methods.settings);

  it('are each in one group, or have a place of their own', () => {
    const grouped = settingGroups(methods.settings).flatMap(({ fields }) => fields.map(({ name }) => name));
    const placed = placedInForm(methods.settings).map(({ name }) => name);
    expect([...grouped, ...placed].sort()).toEqual(methods.settings.map(({ name }) => name).sort());
    expect(settingGroups(methods.settings).map(({ title }) => title)).not.toContain('Further');
    const unknown = { ...methods.settings[0], name: 'brandNew', group: undefined };
    expect(settingGroups([unknown])).toEqual([{ title: 'Further', fields: [unknown] }]);
  });

  it('leave out what another one makes void, and tell what was changed in a few words', () => {
    const settings = { ...defaults, optimiser: 'adam', momentum: 0.5, beta1: 0.8, flip: false };
    const momentum = methods.settings.find(({ name }) => name === 'momentum')!;
    expect(applies(momentum, defaults)).toBe(true);
    expect(applies(momentum, settings)).toBe(false);
    const changed = changedFields(methods.settings, settings);
    expect(changed.map((field) => settingText(field, settings[field.name as keyof typeof settings]))).toEqual(
      expect.arrayContaining(['optimiser Adam', 'beta 1 0.8', 'no mirror']),
    );
    expect(changed).toHaveLength(3);
  });
});
