// A measure without a runtime: what it is lent is written down by the test, so that its figure has a closed form.

import { predictedClass, scoresFor } from '../../../../src-main/engine/measures/accuracy.ts';
import type { BatchView, MeasureContext } from '../../../../src-main/engine/measures/measure.ts';
import { measureById } from '../../../../src-main/engine/measures/index.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/random.ts';
import { checkParams } from '../../../../src-main/engine/nn/registry.ts';
import type { Task } from '../../../../src-main/engine/nn/classification.ts';
import type { ParamValue } from '../../../../src-main/contracts/methods.ts';

export interface LentImage {
  /** [S * S]: all three channels have it */
  values: ArrayLike<number>;
  /** [S * S], as `context.heat` and `context.maps` give it for the picture; all 0 unless given */
  heat?: ArrayLike<number>;
  /** [S * S]; no region unless given */
  regionMask?: ArrayLike<number>;
  labels?: number;
  trueClasses?: readonly number[];
  group?: number;
}

export interface Lent {
  sizePx: number;
  classes: readonly string[];
  /** Logits of a picture [3, S, S]. */
  network(image: Float32Array): readonly number[];
  images: readonly LentImage[];
  task?: Task;
  more?: Partial<MeasureContext>;
}

/** Runs a measure over the pictures as one batch. */
export async function measured(
  id: string,
  params: Record<string, ParamValue>,
  { sizePx, classes, network, images: allImages, task = 'single', more = {} }: Lent,
) {
  const length = 3 * sizePx ** 2;
  const predict = (images: Float32Array): Promise<Float32Array> => {
    const rows = Array.from({ length: images.length / length }, (_, i) =>
      network(images.subarray(i * length, (i + 1) * length)),
    );
    return Promise.resolve(Float32Array.from(rows.flat()));
  };
  const images = Float32Array.from(
    allImages.flatMap(({ values }) => [0, 1, 2].flatMap(() => Array.from(values))),
  );
  const heat = allImages.map((image) => Float32Array.from(image.heat ?? new Float32Array(sizePx ** 2)));
  const logits = await predict(images);
  const labels = allImages.map((image) => image.labels ?? 0);
  const batch: BatchView = {
    start: 0,
    images,
    logits,
    labels,
    gradient: new Float32Array(0),
    trueClasses: allImages.map(({ trueClasses }, i) => trueClasses ?? [labels[i]]),
    predicted: labels.map((_, i) => predictedClass(logits, classes.length, i)),
    scores: (i) => scoresFor(task)(logits, classes.length, i),
    regionMask: (i) => (allImages[i].regionMask ? Uint8Array.from(allImages[i].regionMask) : null),
    group: (i) => allImages[i].group ?? null,
    once: (_, make) => make(),
  };
  const context = {
    classes,
    sizePx,
    task,
    predict,
    groups: [],
    images: allImages.length,
    random: (name: string) => randomFromSeed(1).fork(name),
    heat: () => Promise.resolve(heat),
    maps: () =>
      Promise.resolve({ values: Float32Array.from(heat.flatMap((map) => Array.from(map))), side: sizePx }),
    ...more,
  } as MeasureContext; // the rest is not asked for
  const measure = measureById(id);
  const reading = measure.begin(context, checkParams(measure, params));
  const values = (await reading.read(batch)) ?? [];
  return { values, metricValue: await reading.metricValue(values) };
}
