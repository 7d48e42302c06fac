// Pictures of several classes, from training to figures: each colour stands for two of the three classes.

import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EpochMetrics } from '../../../../src-main/contracts/runs.ts';
import { attackSet, createExplainer, evaluate } from '../../../../src-main/engine/inference/index.ts';
import { train } from '../../../../src-main/engine/training/index.ts';
import { makeToy, toyClasses, toySpec, type Toy } from '../training/toy.ts';
import { byKey } from './by-key.ts';

let toy: Toy;
beforeAll(async () => {
  toy = await makeToy(114);
  for (const image of toy.images)
    image.classIndices = [image.classIndex, (image.classIndex + 1) % 3].sort((a, b) => a - b);
});
afterAll(() => toy.remove());

it('all classes of a picture are learnt by binary cross-entropy, and counted in F1', async () => {
  const epochs: EpochMetrics[] = [];
  const spec = toySpec(toy, 'several', {
    objective: 'gradcam-consistency',
    model: 'smallcnn',
    sizePx: 16,
    epochs: 8,
    settings: { labels: 'several', learningRate: 0.05 },
  });
  spec.params = { lambda: 0.1, upsample: true };
  await train(spec, {
    emit: (event) => event.kind === 'epoch' && epochs.push(event.metrics),
    control: () => null,
  });
  // At the start every class is as likely as not: three times log 2.
  expect(epochs[0].loss.class).toBeGreaterThan(1);
  expect(epochs.at(-1)!.loss.class).toBeLessThan(0.5);
  const checkpoint = path.join(spec.runFolder, 'best.ckpt');
  const common = {
    model: { config: spec.config, classes: toyClasses, checkpoint },
    cacheFolder: spec.cacheFolder,
  };
  const { figures, images, confusion } = byKey(
    await evaluate(
      {
        ...common,
        images: toy.images.slice(84),
        groups: [],
        against: [],
        seed: 1,
        measures: [
          ...['accuracy', 'f1', 'confusion'],
          ...['negative-quadrant-heat', 'energy-in-box', 'pointing-game'],
        ].map((id) => ({ id, params: {} })),
      },
      { emit() {}, cancelled: () => false },
    ),
  );
  // One class a picture, however well chosen, would reach 2/3.
  expect(figures.f1.parts!.find(({ name }) => name === 'overall')!.value).toBeGreaterThan(0.9);
  expect(figures.accuracy.value).toBeGreaterThan(0.9);
  // Any of its classes is right, so that the diagonal holds what the accuracy counts.
  const right = Math.round(figures.accuracy.value! * images.length);
  expect(confusion.reduce((sum, row, k) => sum + row[k], 0)).toBe(right);
  expect(figures.confusion.value).toBe(images.length - right);
  expect(figures.negativeQuadrantHeat.pictures).toBeGreaterThan(0);

  // An attack counts a picture as right as the accuracy does, and beats both of its classes.
  const attacked = async (eps: number) => {
    const outcome = await attackSet(
      {
        ...common,
        images: toy.images.slice(84),
        eps,
        seed: 1,
        attack: { id: 'pgd', params: {} },
      },
      { emit() {} },
    );
    const shareOf = (state: 'wasRight' | 'isRight') =>
      outcome.images.filter((one) => one[state]).length / outcome.images.length;
    return [shareOf('wasRight'), shareOf('isRight')];
  };
  const [before, after] = await attacked(0.9);
  expect(before).toBeCloseTo(figures.accuracy.value!, 12);
  expect(after).toBeLessThan(0.1);

  // Beside a heat map stand the same scores as in the list of pictures: each class by itself, two of three near 1.
  const explainer = createExplainer();
  const { scores, targetIndex } = await explainer.explain({
    ...common,
    image: toy.images[84],
    target: 'predicted',
    method: 'input-gradient',
    params: {},
    eps: 0,
  });
  // The heat of the loss is the one that is measured.
  const measured = images.flatMap(({ values }, n) => (values.energyInBox === null ? [] : [n])).slice(0, 4);
  expect(measured).toHaveLength(4);
  for (const n of measured) {
    const image = toy.images[84 + n];
    const { energyInBox, pointingHit } = await explainer.explain({
      ...common,
      image,
      target: image.classIndex,
      eps: 0,
      method: 'input-gradient',
      params: { score: 'loss', reduction: 'squared' },
    });
    expect(energyInBox).toBeCloseTo(images[n].values.energyInBox!, 3);
    expect(Number(pointingHit)).toBe(images[n].values.pointingGame);
  }
  await explainer.dispose();
  expect(scores[targetIndex]).toBeCloseTo(images[0].predictedScore, 5);
  expect(Array.from(scores).reduce((sum, score) => sum + score, 0)).toBeGreaterThan(1.5);
});
