import { describe, expect, it } from 'vitest';
import { input } from '../../../../src-main/engine/graph/index.ts';
import { modelById, modelInfos, models, type BuiltModel } from '../../../../src-main/engine/nn/index.ts';

const shapesAt = (
  built: BuiltModel,
  sizePx: number,
): { features: readonly number[]; logits: readonly number[] } => {
  const weights = new Map(
    [...built.parameters, ...built.buffers].map(({ name, shape }) => [name, input(name, shape)]),
  );
  const { features, logits } = built.forward(input('images', [2, 3, sizePx, sizePx]), weights, 'eval');
  return { features: features.shape, logits: logits.shape };
};

describe('models', () => {
  it('resnet18 has the layers, names and number of weights that torchvision has', () => {
    const built = modelById('resnet18').build({ classes: 1000, sizePx: 224, pool: 'average' });
    const count = built.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(count).toBe(11_689_512); // torchvision.models.resnet18
    const shapes = new Map(built.parameters.map(({ name, shape }) => [name, shape]));
    expect(shapes.size).toBe(62);
    expect(shapes.get('conv1.weight')).toEqual([64, 3, 7, 7]);
    expect(shapes.get('layer2.0.downsample.0.weight')).toEqual([128, 64, 1, 1]);
    expect(shapes.get('layer4.1.bn2.bias')).toEqual([512]);
    expect(shapes.has('layer1.0.downsample.0.weight')).toBe(false);
    expect(shapesAt(built, 224)).toEqual({ features: [2, 512, 7, 7], logits: [2, 1000] });
  });

  it('resnet18 keeps 8 x 8 feature maps at 64 px through its 3x3 stem, and tiles at twice the side', () => {
    const built = modelById('resnet18').build({ classes: 10, sizePx: 64, pool: 'average' });
    expect(shapesAt(built, 64).features).toEqual([2, 512, 8, 8]);
    expect(shapesAt(built, 128).features).toEqual([2, 512, 16, 16]);
  });

  it('resnet8 has eight weighted layers besides its projections and keeps 8 x 8 feature maps at 64 px', () => {
    const built = modelById('resnet8').build({ classes: 10, sizePx: 64, pool: 'max' });
    const layers = built.parameters.filter(
      ({ name, shape }) => shape.length > 1 && !name.includes('downsample'),
    );
    expect(layers).toHaveLength(8);
    expect(shapesAt(built, 64).features.slice(2)).toEqual([8, 8]);
    expect(shapesAt(built, 128).features.slice(2)).toEqual([16, 16]);
  });

  it('pull with weight decay on filters and the head only', () => {
    for (const model of models) {
      const { parameters, buffers } = model.build({ classes: 3, sizePx: 64, pool: 'average' });
      for (const { name, shape, decay } of [...parameters, ...buffers])
        expect([name, decay]).toEqual([name, shape.length > 1]);
    }
  });

  it('are told by id, and an unknown id names the known ones', () => {
    expect(modelInfos().map(({ id }) => id)).toEqual(['resnet8', 'resnet18']);
    expect(() => modelById('resnet9')).toThrow('there is no model "resnet9"; known are: resnet8, resnet18');
  });
});
