// The FGSM curve against the attack and, on normalised values, against foolbox (test/reference/attacks.py).

import { afterAll, expect, it } from 'vitest';
import { logitsOf } from '../../../../src-main/engine/attacks/index.ts';
import { gradientsOf } from '../../../../src-main/engine/attacks/queries.ts';
import { measureById } from '../../../../src-main/engine/measures/index.ts';
import type { BatchView, MeasureContext } from '../../../../src-main/engine/measures/measure.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/random.ts';
import { checkParams } from '../../../../src-main/engine/nn/registry.ts';
import { attackTarget } from '../../../../src-main/engine/inference/attack-images.ts';
import {
  accuracyOf,
  architecture,
  attacked,
  classes,
  someImages,
  reference,
  sessions,
  sizePx,
  weightsOf,
} from '../attacks/small-networks.ts';

afterAll(() => sessions.dispose());

/** Accuracy at each of nine epsilons up to 0.2. */
async function accuracies(space: 'pixel' | 'normalised'): Promise<(number | null)[]> {
  const target = attackTarget({ architecture, weights: weightsOf('standard'), sessions, batch: 256 });
  const { images, labels } = someImages(200);
  const measure = measureById('fgsm');
  const [preset] = measure.presets;
  const context = {
    classes: Array<string>(classes).fill(''),
    sizePx,
    random: () => randomFromSeed(1),
    predict: (rows: Float32Array) => logitsOf(target, rows),
  } as unknown as MeasureContext; // the rest is not asked for
  const reading = measure.begin(context, checkParams(measure, { ...preset.params, space }));
  const { logits, gradient } = await gradientsOf(target, 'cross-entropy', images, labels);
  const batch = {
    start: 0,
    images,
    logits,
    gradient,
    labels,
    trueClasses: [...labels].map((label) => [label]),
  };
  const values = await reading.read(batch as unknown as BatchView);
  const { curve } = await reading.metricValue(values!);
  return curve!.slice(1).map(({ y }) => y);
}

it('on normalised values it is what foolbox finds, which believes them to lie in [0, 1]', async () => {
  const found = await accuracies('normalised');
  found.forEach((value, i) => expect(value).toBeCloseTo(reference.normalisedCurve[i], 6));
});

it('on pixels it is what the attack finds, and falls deeper', async () => {
  const found = await accuracies('pixel');
  for (const i of [0, 2, 8])
    expect(found[i]).toBeCloseTo(accuracyOf(await attacked('fgsm', {}, (i + 1) / 45)), 6);
  expect(found[8]!).toBeLessThan(reference.normalisedCurve[8] - 0.3);
});
