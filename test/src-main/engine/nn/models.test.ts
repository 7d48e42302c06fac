import { describe, expect, it } from 'vitest';
import { input } from '../../../../src-main/engine/graph/index.ts';
import {
  featureMaps,
  modelById,
  modelInfos,
  models,
  type BuiltModel,
} from '../../../../src-main/engine/nn/index.ts';

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

  it.each([
    ['resnet34', 1000, 21_797_672],
    ['resnet50', 1000, 25_557_032],
    ['vgg11', 1000, 132_863_336],
    ['alexnet', 1000, 61_100_840],
    ['wrn-28-10', 10, 36_479_194],
    ['wrn-40-2', 10, 2_243_546],
  ])('%s for %d classes has the published number of weights, %d', (id, classes, published) => {
    const { parameters } = modelById(id).build({ classes, sizePx: 224, pool: 'average' });
    const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
    expect(parameters.reduce((sum, { shape }) => sum + product(shape), 0)).toBe(published);
  });

  it.each(models.map(({ id }) => id))('%s works at both ends of the sides it is meant for', (id) => {
    const model = modelById(id);
    for (const sizePx of model.inputSizes) {
      const built = model.build({ classes: 3, sizePx, pool: 'average' });
      const { logits, features } = shapesAt(built, sizePx);
      expect(logits).toEqual([2, 3]);
      expect(Math.min(...features)).toBeGreaterThan(0);
    }
  });

  it.each([
    ['resnet18', 224, 7, 14],
    ['wrn-40-2', 32, 8, 16],
    ['vgg11', 224, 14, 28],
    ['vgg16-gap', 224, 14, 28],
    ['alexnet', 224, 13, 27],
    ['smallcnn', 32, 8, 16],
    ['resnet8', 64, 8, 8], // its last stage never shrinks
  ])('%s at %d px has maps of side %d, and %d with a last stride of 1', (id, sizePx, usual, fine) => {
    const side = (options: { lastStride?: 1 }) =>
      shapesAt(modelById(id).build({ classes: 2, sizePx, pool: 'average', ...options }), sizePx).features[2];
    expect([side({}), side({ lastStride: 1 })]).toEqual([usual, fine]);
  });

  it('name the parameters of their classifier, and only those depend on the classes', () => {
    for (const model of models) {
      const [few, many] = [2, 9].map((classes) => model.build({ classes, sizePx: 64, pool: 'average' }));
      const changed = few.parameters.filter(
        ({ shape }, i) => shape.join() !== many.parameters[i].shape.join(),
      );
      expect([model.id, changed.map(({ name }) => name)]).toEqual([model.id, [...few.head]]);
    }
  });

  it('without something that an option is about refuse the option', () => {
    const build = (id: string, options: object) =>
      modelById(id).build({ classes: 2, sizePx: 64, pool: 'average', ...options });
    expect(() => build('mlp', { pool: 'max' })).toThrow('mlp has no global pooling');
    expect(() => build('vgg11', { pool: 'max' })).toThrow('vgg11 has no global pooling');
    expect(() => build('mlp', { lastStride: 1 })).toThrow('mlp has no last stage');
    expect(() => build('mlp', { adl: { dropRate: 0.5, threshold: 0.9 } })).toThrow('mlp has no convolution');
  });

  it('without convolutions say so in one line where maps are wanted, and where the side is another', () => {
    const built = modelById('mlp').build({ classes: 2, sizePx: 16, pool: 'average' });
    const weights = new Map(built.parameters.map(({ name, shape }) => [name, input(name, shape)]));
    const pass = built.forward(input('images', [1, 3, 16, 16]), weights, 'eval');
    expect(pass.stages).toEqual([]);
    expect(() => featureMaps(pass)).toThrow('this needs a model with convolutions');
    expect(() => built.forward(input('images', [1, 3, 32, 32]), weights, 'eval')).toThrow(
      'mlp was built for pictures of 16 x 16 px and cannot take 32 x 32',
    );
  });

  it('are told by id, and an unknown id names the known ones', () => {
    expect(modelInfos().map(({ id }) => id)).toEqual([
      ...['resnet8', 'resnet18', 'resnet34', 'resnet50', 'efficientnet-lite0', 'wrn-40-2', 'wrn-28-10'],
      ...['vgg11', 'vgg16-gap', 'alexnet', 'smallcnn', 'mlp'],
    ]);
    expect(() => modelById('resnet9')).toThrow('there is no model "resnet9"; known are: resnet8, resnet18');
  });
});
