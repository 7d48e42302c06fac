import { describe, expect, it } from 'vitest';
import { methodNamed } from '../../../../src-main/contracts/methods.ts';
import { settingsSchema } from '../../../../src-main/contracts/settings.ts';
import { attackById, attackInfos } from '../../../../src-main/engine/attacks/index.ts';
import { objectiveById, objectiveInfos, objectives } from '../../../../src-main/engine/objectives/index.ts';
import { checkParams } from '../../../../src-main/engine/nn/registry.ts';
import { saliencyById, saliencyInfos, saliencyMethods } from '../../../../src-main/engine/saliency/index.ts';

describe('registries', () => {
  it('describe every method with a sentence, a source and parameters that a form can show', () => {
    const infos = [...objectiveInfos(), ...saliencyInfos(), ...attackInfos()];
    expect(new Set(infos.map(({ id }) => id)).size).toBe(infos.length);
    for (const info of infos) {
      expect(info.summary).toMatch(/^[A-Z].*\.$/);
      expect(info.citation).not.toBe('');
      for (const param of info.params) expect(param.help).toMatch(/^[A-Z].*\.$/);
    }
    expect(
      objectiveInfos()
        .find(({ id }) => id === 'box-aware')
        ?.params.find(({ name }) => name === 'lambdaOutside'),
    ).toMatchObject({
      kind: 'number',
      default: 2,
      min: 0,
      main: true,
    });
  });

  it('name no parameter of an objective as a setting of a run is named: --set knows both', () => {
    for (const { id, schema } of objectives)
      for (const name of Object.keys(schema.shape))
        expect(name in settingsSchema.shape, `${id}: ${name}`).toBe(false);
  });

  it('tell what objectives are together as the engine builds them', () => {
    const id = 'group-dro+density';
    const info = methodNamed(objectiveInfos(), id)!;
    expect(info).toMatchObject({ id, title: 'Group DRO + Marginal density' });
    expect(info.params.map(({ name }) => name)).toEqual(Object.keys(objectiveById(id).schema.shape));
    expect(methodNamed(objectiveInfos(), 'group-dro+nothing')).toBeUndefined();
  });

  it('hold presets that their own schema accepts and that set every parameter', () => {
    for (const method of [...objectives, ...saliencyMethods])
      for (const preset of method.presets) expect(checkParams(method, preset.params)).toEqual(preset.params);
  });

  it('fill in defaults and refuse what they do not know', () => {
    const boxAware = objectiveById('box-aware');
    expect(checkParams(boxAware, { lambdaInside: 2 })).toEqual({
      lambdaInside: 2,
      lambdaOutside: 2,
      of: 'loss',
      reduction: 'per-image',
    });
    expect(() => checkParams(boxAware, { lambdaOutside: -1 })).toThrow('box-aware: lambdaOutside');
    expect(() => checkParams(boxAware, { lambda: 1 })).toThrow('lambda');
    expect(() => objectiveById('box')).toThrow('known are: standard, group-dro, blackout, box-aware,');
    expect(() => saliencyById('no-cam')).toThrow('known are: input-gradient,');
    expect(() => attackById('foolbox')).toThrow('known are: fgsm,');
  });
});
