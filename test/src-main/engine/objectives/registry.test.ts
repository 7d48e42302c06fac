import { describe, expect, it } from 'vitest';
import { attackById, attackInfos } from '../../../../src-main/engine/attacks/index.ts';
import { objectiveById, objectiveInfos, objectives } from '../../../../src-main/engine/objectives/index.ts';
import { checkParams } from '../../../../src-main/engine/nn/registry.ts';
import { saliencyById, saliencyInfos, saliencyMethods } from '../../../../src-main/engine/saliency/index.ts';

describe('registries', () => {
  it('describe every method with a sentence, a source and parameters that a form can show', () => {
    const infos = [...objectiveInfos(), ...saliencyInfos(), ...attackInfos()];
    expect(infos.map(({ id }) => id)).toEqual([
      ...['standard', 'blackout', 'box-aware', 'gradcam-consistency'],
      ...['input-gradient', 'grad-cam', 'fgsm'],
    ]);
    for (const info of infos) {
      expect(info.summary).toMatch(/^[A-Z].*\.$/);
      expect(info.citation).not.toBe('');
      for (const param of info.params) expect(param.help).toMatch(/^[A-Z].*\.$/);
    }
    expect(objectiveInfos()[2].params.find(({ name }) => name === 'lambdaOutside')).toMatchObject({
      kind: 'number',
      default: 2,
      min: 0,
      main: true,
    });
    expect(saliencyInfos()[1].params).toMatchObject([
      { kind: 'choice', choices: ['elementwise', 'standard'] },
    ]);
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
    expect(() => objectiveById('box')).toThrow(
      'known are: standard, blackout, box-aware, gradcam-consistency',
    );
    expect(() => saliencyById('cam')).toThrow('known are: input-gradient, grad-cam');
    expect(() => attackById('pgd')).toThrow('known are: fgsm');
  });
});
