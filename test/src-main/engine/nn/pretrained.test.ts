import { describe, expect, it } from 'vitest';
import { modelById, type BuiltModel, type ModelOptions } from '../../../../src-main/engine/nn/index.ts';
import { fitWeights } from '../../../../src-main/engine/nn/pretrained.ts';
import type { StoredTensor } from '../../../../src-main/engine/nn/safetensors.ts';

const build = (id: string, options: Partial<ModelOptions> = {}): BuiltModel =>
  modelById(id).build({ classes: 4, sizePx: 224, pool: 'average', ...options });

/** What a file of this model would list. */
const listed = (model: BuiltModel, rename = (name: string) => name): StoredTensor[] =>
  [...model.parameters, ...model.buffers].map(({ name, shape }) => stored(rename(name), shape));
const stored = (
  name: string,
  shape: readonly number[],
  type: StoredTensor['type'] = 'F32',
): StoredTensor => ({
  name,
  type,
  shape,
  begin: 0,
  end: 0,
});
const names = (fit: ReturnType<typeof fitWeights>) => fit.loaded.map(({ name }) => name);

describe('weights that others trained', () => {
  it('are read for all but the classifier when the classes differ', () => {
    const file = [
      ...listed(build('resnet18', { classes: 1000 })),
      stored('bn1.num_batches_tracked', [], 'I64'),
    ];
    const model = build('resnet18');
    const fit = fitWeights(model, 'resnet18', file, 'x');
    expect(fit.fresh).toEqual(['fc.weight', 'fc.bias']);
    expect(fit.skipped).toEqual(['fc.weight', 'fc.bias', 'bn1.num_batches_tracked']);
    expect(names(fit)).toHaveLength(model.parameters.length + model.buffers.length - 2);
  });

  it('are read with the classifier when it has as many classes, weight and bias together', () => {
    const file = listed(build('resnet8'));
    expect(fitWeights(build('resnet8'), 'resnet8', file, 'x').fresh).toEqual([]);
    const withoutBias = file.filter(({ name }) => name !== 'fc.bias');
    expect(fitWeights(build('resnet8'), 'resnet8', withoutBias, 'x').fresh).toEqual(['fc.weight', 'fc.bias']);
  });

  it('are known under the names that training in parallel gives them', () => {
    const file = listed(build('wrn-40-2'), (name) => `module.${name}`);
    expect(fitWeights(build('wrn-40-2'), 'wrn-40-2', file, 'x').skipped).toEqual([]);
  });

  it("are known under timm's names and shapes of VGG, whose dense layers are convolutions there", () => {
    const body = listed(build('vgg11')).filter(({ name }) => name.startsWith('features.'));
    const file = [
      ...body,
      ...[stored('pre_logits.fc1.weight', [4096, 512, 7, 7]), stored('pre_logits.fc1.bias', [4096])],
      ...[stored('pre_logits.fc2.weight', [4096, 4096, 1, 1]), stored('pre_logits.fc2.bias', [4096])],
      ...[stored('head.fc.weight', [1000, 4096]), stored('head.fc.bias', [1000])],
    ];
    const fit = fitWeights(build('vgg11'), 'vgg11', file, 'x');
    expect(names(fit)).toContain('classifier.0.weight');
    expect(fit.fresh).toEqual(['classifier.6.weight', 'classifier.6.bias']);
  });

  it('of VGG-16 make the convolutions of its GAP form, whose own convolution starts anew', () => {
    const model = build('vgg16-gap');
    const file = [
      ...listed(model).filter(({ name }) => name.startsWith('features.')),
      stored('classifier.0.weight', [4096, 25088]),
    ];
    const fit = fitWeights(model, 'vgg16-gap', file, 'x');
    expect(fit.fresh).toEqual(['conv6.weight', 'conv6.bias', 'fc.weight', 'fc.bias']);
    expect(fit.skipped).toEqual(['classifier.0.weight']);
  });

  it('of another model are refused by the first tensor that does not fit', () => {
    const file = listed(build('resnet18'));
    expect(() => fitWeights(build('resnet34'), 'resnet34', file, 'mine')).toThrow(
      'mine does not fit resnet34: it has no layer1.2.conv1.weight, layer1.2.bn1.weight, layer1.2.bn1.bias and 77 more',
    );
    expect(() => fitWeights(build('resnet50'), 'resnet50', file, 'mine')).toThrow(
      'mine does not fit resnet50: layer1.0.conv1.weight is [64, 64, 3, 3] in the file and [64, 64, 1, 1] in the model',
    );
  });

  it('of a deeper network are refused, rather than read in part', () => {
    expect(() => fitWeights(build('resnet18'), 'resnet18', listed(build('resnet34')), 'mine')).toThrow(
      'mine does not fit resnet18: it is of another network, whose layer1.2.conv1.weight, layer1.2.bn1.weight, layer1.2.bn1.bias and 77 more this one has no place for',
    );
  });

  it('of ImageNet at small pictures say what to do about the first layer', () => {
    const file = listed(build('resnet18'));
    expect(() => fitWeights(build('resnet18', { sizePx: 64 }), 'resnet18', file, 'mine')).toThrow(
      'conv1.weight is [64, 3, 7, 7] in the file and [64, 3, 3, 3] in the model; train at 96 px or more, or with stem = imagenet',
    );
    const small = build('resnet18', { sizePx: 64, stem: 'imagenet' });
    expect(fitWeights(small, 'resnet18', file, 'mine').fresh).toEqual([]);
  });

  it('that are whole numbers are refused', () => {
    const file = listed(build('resnet8')).map((one) =>
      one.name === 'bn1.weight' ? { ...one, type: 'I32' as const } : one,
    );
    expect(() => fitWeights(build('resnet8'), 'resnet8', file, 'mine')).toThrow('bn1.weight is of type I32');
  });
});
