// Inspect without a window: the four fields, the orders, the grid's arithmetic, the queue of heat maps.

import { describe, expect, it } from 'vitest';
import type { ClassId, EvaluatedImage, Metric, Run } from '../../../src-main/contracts/index.ts';
import { allMethods } from '../../../src-main/services/methods.ts';
import { confusionShown } from '../../../src-renderer/metrics/confusion.ts';
import { HeatRequests } from '../../../src-renderer/heat/heat-requests.ts';
import {
  countQuadrants,
  histogramOf,
  quadrantByClass,
  quadrantOf,
} from '../../../src-renderer/metrics/quadrants.ts';
import { Explanation } from '../../../src-renderer/heat/explanation.svelte.ts';
import { MethodChoice } from '../../../src-renderer/forms/method-choice.svelte.ts';
import { ordersOf, sortImages, usualOrders } from '../../../src-renderer/features/inspect/sorting.ts';
import { transferSources } from '../../../src-renderer/features/inspect/transfer.ts';
import {
  heatMetricsOf,
  isInside,
  ratioOf,
  valueIn,
} from '../../../src-renderer/metrics/heat-metrics.svelte.ts';
import {
  allMetrics,
  metricText,
  partsOf,
  imageMetricText,
} from '../../../src-renderer/metrics/metric-values.ts';

function image(id: number, energyInBox: number | null, correct: boolean, classId = 1): EvaluatedImage {
  return {
    imageId: id as EvaluatedImage['imageId'],
    name: `picture ${id}.png`,
    classId: classId as EvaluatedImage['classId'],
    predictedId: (correct ? classId : classId + 1) as EvaluatedImage['classId'],
    correct,
    trueScore: 0.5,
    predictedScore: 0.6,
    areaShare: 0.25,
    values: { 'energy-in-box': energyInBox },
  };
}
const methods = allMethods();
const inputGradient = methods.saliency.find(({ id }) => id === 'input-gradient')!;
const heat = heatMetricsOf(inputGradient, { score: 'loss', reduction: 'squared' }, methods, true)!;
const from = (share: number) => (one: EvaluatedImage) => isInside(one, heat, { by: 'share', from: share });

const images = [
  image(1, 0.9, true),
  image(2, 0.5, true),
  image(3, 0.49, true),
  image(4, 0.1, false),
  image(5, 0.8, false, 2),
  image(6, null, true, 2),
];

describe('the four fields', () => {
  it('count every picture once, those without a share in none of them', () => {
    const counts = countQuadrants(images, from(0.5));
    expect(counts).toEqual({
      'right-inside': 2,
      'right-outside': 1,
      'wrong-inside': 1,
      'wrong-outside': 1,
      unmeasured: 1,
    });
  });

  it('move their border with the limit, which itself is inside', () => {
    expect(quadrantOf(image(1, 0.5, true), from(0.5))).toBe('right-inside');
    expect(quadrantOf(image(1, 0.5, true), from(0.51))).toBe('right-outside');
    expect(countQuadrants(images, from(0.95))['right-inside']).toBe(0);
  });

  it('are told by class, the worst share first', () => {
    expect(quadrantByClass(images, 'wrong-inside', from(0.5))).toEqual([{ classId: 2, count: 1, of: 2 }]);
    const rows = quadrantByClass([...images, image(7, 0.2, true, 2)], 'right-outside', from(0.5));
    expect(rows.map((row) => row.classId)).toEqual([2, 1]);
  });

  it('come from a histogram whose last bin holds 100 %', () => {
    const counts = histogramOf(
      [...images, image(8, 1, true)].map((one) => valueIn(one, heat.inBox)),
      10,
    );
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(6);
    expect(counts[9]).toBe(2);
    expect(counts[4]).toBe(1);
  });
});

describe('orders', () => {
  const byShare = usualOrders(heat).find((order) => order.id === 'in-box')!;

  it('put pictures without the figure last in both directions', () => {
    expect(sortImages(images, byShare, true).map((one) => one.imageId)).toEqual([4, 3, 2, 5, 1, 6]);
    expect(sortImages(images, byShare, false).map((one) => one.imageId)).toEqual([1, 5, 2, 3, 4, 6]);
  });

  it('leave the list alone and order equal figures by name, numbers as numbers', () => {
    const equal = [image(10, 0.5, true), image(9, 0.5, true)];
    expect(sortImages(equal, byShare, true).map((one) => one.imageId)).toEqual([9, 10]);
    expect(equal[0].imageId).toBe(10);
  });
});

const listed = (...ids: string[]) =>
  allMetrics({ metrics: ids.map((measure) => ({ measure, params: {}, ...nothing })) }, methods);
const nothing = { value: null, low: null, high: null, pictures: 0, skipped: 0 };

describe('orders by what else was measured', () => {
  const measured = images.map((one, index) => ({
    ...one,
    values: { deletion: index === 0 ? null : index / 10, 'energy-in-box': 0.3, accuracy: 1 },
  }));
  const all = listed('energy-in-box', 'deletion', 'accuracy', 'insertion');

  it('are one for each metric that says something of a picture, by its title', () => {
    expect(ordersOf(measured, all, heat).map(({ title }) => title)).toEqual(['Deletion']);
    expect(ordersOf(images, all, heat)).toEqual([]);
  });

  it('sort by it, and say so of a picture that has none', () => {
    const [order] = ordersOf(measured, all, heat);
    expect(sortImages(measured, order, false).map((one) => one.imageId)).toEqual([6, 5, 4, 3, 2, 1]);
    expect(order.text(measured[1])).toBe('10.0 %');
    expect(order.text(measured[0])).toBe('not measured');
  });
});

describe('the metrics of the heat that is shown', () => {
  const gradCam = methods.saliency.find(({ id }) => id === 'grad-cam')!;
  it('are others for another method and for other parameters, and say which', () => {
    expect(heat).toMatchObject({ title: 'loss gradient, squared', inBox: { key: 'energy-in-box' } });
    const of = (params: Record<string, string | number>) => heatMetricsOf(gradCam, params, methods, false)!;
    expect(of({}).inBox.key).toBe('energy-in-box(method=grad-cam)');
    expect(of({}).iou.key).toBe('mean-iou(box=threshold, method=grad-cam)');
    expect(of({ stagesBack: 1 }).inBox.key).toBe('energy-in-box(method=grad-cam, method.stagesBack=1)');
    expect(of({ stagesBack: 1 }).title).toContain('Grad-CAM (');
    // In one way of several that mean the same.
    expect(of({ form: 'elementwise' }).inBox.key).toBe('energy-in-box(method=grad-cam-elementwise)');
  });

  it('are inside by what even heat would have, if that is asked for', () => {
    const tiny = { ...image(1, 0.2, true), areaShare: 0.05 };
    const filling = { ...image(2, 0.7, true), areaShare: 0.9 };
    const rule = { by: 'ratio', from: 1.5 } as const;
    expect([tiny, filling].map((one) => isInside(one, heat, rule))).toEqual([true, false]);
    expect([tiny, filling].map(from(0.5))).toEqual([false, true]);
    expect(isInside({ ...tiny, areaShare: null }, heat, rule)).toBeNull();
    expect(ratioOf(0.2, 0.05)).toBeCloseTo(4, 12);
  });
});

describe('a metric of one picture', () => {
  it('is in a unit of its own where that of the set says nothing of it', () => {
    const auroc = methods.measures.find(({ id }) => id === 'ood-auroc')!;
    expect(metricText(0.81, auroc.unit)).toBe('81.0 %');
    expect(imageMetricText(1.161, auroc)).toBe('1.16');
    const one = { ...images[0], values: { 'ood-auroc': -1.161 } };
    const [order] = ordersOf([one], listed('ood-auroc'), heat);
    expect(order.text(one)).toBe('−1.16');
  });
});

it('counts pictures, whatever their number', () => {
  expect(metricText(1302, 'pictures')).toBe('1,302 pictures');
  expect(metricText(1, 'pictures')).toBe('1 picture');
});

describe('what a figure is made of', () => {
  const info = (id: string) => allMethods().measures.find((one) => one.id === id)!;
  const names = (id: string, parts: Metric['parts'], curve?: Metric['curve']) =>
    partsOf(info(id), { parts, curve }).parts.map(({ name, text }) => `${name} ${text}`);

  it('comes the worst first, what is of all before it and what could not be measured last', () => {
    const parts = [
      { name: 'overall', value: 0.9 },
      { name: 'cat', value: 0.7 },
      { name: 'dog', value: null },
      { name: 'owl', value: 0.2 },
    ];
    expect(names('f1', parts)).toEqual(['overall 90.0 %', 'owl 20.0 %', 'cat 70.0 %', 'dog –']);
    expect(names('corruption-error', parts.slice(1))).toEqual(['cat 70.0 %', 'owl 20.0 %', 'dog –']);
    expect(partsOf(info('f1'), { parts }).order).toBe('worst first');
  });

  it('stays in the order of its epsilons, and of its counts', () => {
    const curve = [0, 1, 2].map((step) => ({ x: step / 255, y: 1 - step / 2, low: null, high: null }));
    expect(names('fgsm', undefined, curve)).toEqual(['ε 0/255 100.0 %', 'ε 1/255 50.0 %', 'ε 2/255 0.0 %']);
    // Classes may be called by numbers, and are no epsilons.
    const digits = ['0', '1'].map((name, i) => ({ name, value: 1 - i / 2 }));
    expect(names('pointing-game', digits)).toEqual(['1 50.0 %', '0 100.0 %']);
    const mistakes = [
      { name: 'cat → dog', value: 1234 },
      { name: 'dog → cat', value: 3 },
    ];
    expect(names('confusion', mistakes)).toEqual(['cat → dog 1,234', 'dog → cat 3']);
    expect(names('feature-leakage', [{ name: 'share of all attribution', value: 0.25 }])).toEqual([
      'share of all attribution 25.0 %',
    ]);
  });

  it('is of very many classes a table of those that are mistaken most', () => {
    const confusion = [
      [5, 0, 0],
      [0, 3, 2],
      [0, 1, 4],
    ];
    const classes = ['cat', 'dog', 'owl'].map((name, i) => ({ classId: i as ClassId, name }));
    expect(confusionShown({ confusion, classes }, 9)).toMatchObject({ counts: confusion, left: 0 });
    expect(confusionShown({ confusion, classes }, 2)).toEqual({
      names: ['dog', 'owl'],
      left: 1,
      counts: [
        [3, 2],
        [1, 4],
      ],
    });
  });
});

describe('the runs that a picture can be attacked with', () => {
  const run = (id: number, sizePx: number, classes: number[]) =>
    ({
      id,
      config: { sizePx },
      trainedOn: { classes: classes.map((classId) => ({ classId })) },
    }) as unknown as Run;

  it('are others with the same picture size and classes', () => {
    const own = run(1, 64, [1, 2]);
    const others = [own, run(2, 64, [1, 2]), run(3, 32, [1, 2]), run(4, 64, [1, 3])];
    expect(transferSources(own, others).map(({ id }) => id)).toEqual([2]);
  });
});

describe('the choice of a method', () => {
  const { saliency } = allMethods();
  const choice = () => new MethodChoice(() => saliency, 'paper-box-aware');

  it('begins with the first, as its preset has it', () => {
    const one = choice();
    expect(one.method?.id).toBe('input-gradient');
    const preset = saliency[0].presets.find(({ id }) => id === 'paper-box-aware')!;
    expect(one.params).toMatchObject(preset.params);
  });

  it('keeps what was typed while another is looked at, and takes a preset over whole', () => {
    const one = choice();
    one.methodId = 'smoothgrad';
    one.setParam('samples', 9);
    one.methodId = 'grad-cam';
    expect(one.params).not.toHaveProperty('samples');
    one.methodId = 'smoothgrad';
    expect(one.params).toMatchObject({ samples: 9 });
    const squared = one.method!.presets.find(({ title }) => title === 'SmoothGrad squared')!;
    one.usePreset(squared);
    expect(one.params).toMatchObject(squared.params);
    one.usePreset({ params: {} });
    expect(one.params).toMatchObject({ samples: 50, average: 'gradient' });
  });
});

describe('the class that the explained one is held against', () => {
  const two = 2 as EvaluatedImage['classId'];

  it('is none on a picture whose explained class it is, and comes back on the next', () => {
    const explanation = new Explanation('energy');
    explanation.versus = two;
    expect(explanation.versusOf(image(1, 0.5, true, 1))).toBe(2);
    expect(explanation.versusOf(image(2, 0.5, true, 2))).toBeNull();
    explanation.target = 'predicted';
    expect(explanation.versusOf(image(3, 0.5, false, 1))).toBeNull();
    explanation.target = two;
    expect(explanation.versusOf(image(1, 0.5, true, 1))).toBeNull();
  });
});

describe('requests for heat maps', () => {
  /** A core that answers when told to, and remembers in which order it was asked. */
  function core() {
    const asked: number[] = [];
    const open = new Map<number, (answer: string) => void>();
    const ask = (id: number) => {
      asked.push(id);
      return new Promise<string>((resolve) => open.set(id, resolve));
    };
    const settle = async (id: number) => {
      open.get(id)!(`map ${id}`);
      await new Promise((resolve) => setTimeout(resolve));
    };
    return { ask, asked, settle };
  }

  it('ask for each map once, however many wait for it', async () => {
    const { ask, asked, settle } = core();
    const requests = new HeatRequests(ask, () => 1);
    const first = requests.want(1);
    const second = requests.want(1);
    await settle(1);
    expect(await first.answer).toBe('map 1');
    expect(await second.answer).toBe('map 1');
    expect(await requests.want(1).answer).toBe('map 1');
    expect(asked).toEqual([1]);
  });

  it('take what is urgent first, then what was asked last, and drop what was released', async () => {
    const { ask, asked, settle } = core();
    const requests = new HeatRequests(ask, () => 1, { mostAsking: 1 });
    requests.want(1);
    requests.want(2);
    const passed = requests.want(3);
    requests.want(4);
    requests.want(5, true);
    requests.want(6);
    passed.release();
    for (const id of [1, 5, 6, 4, 2]) await settle(id);
    expect(asked).toEqual([1, 5, 6, 4, 2]);
  });

  it('forget the longest unused answers beyond their size', async () => {
    const { ask, asked, settle } = core();
    const requests = new HeatRequests(ask, () => 10, { mostBytes: 20 });
    for (const id of [1, 2, 3]) {
      const ticket = requests.want(id);
      await settle(id);
      ticket.release();
    }
    requests.want(4).release();
    requests.want(5);
    await settle(5);
    requests.want(3);
    requests.want(1);
    expect(asked.filter((id) => id === 1)).toHaveLength(2);
    expect(asked.filter((id) => id === 3)).toHaveLength(1);
  });

  it('stop what nobody waits for any more, and ask for it again when it is wanted again', async () => {
    const { ask, asked, settle } = core();
    const stopped: number[] = [];
    const requests = new HeatRequests(
      (id: number, signal) => {
        signal.addEventListener('abort', () => stopped.push(id));
        return ask(id);
      },
      () => 1,
    );
    const [one, other] = [requests.want(1), requests.want(1)];
    one.release();
    expect(stopped).toEqual([]);
    other.release();
    other.release();
    expect(stopped).toEqual([1]);
    await settle(1);
    const again = requests.want(1);
    await settle(1);
    expect(await again.answer).toBe('map 1');
    again.release();
    expect(stopped).toEqual([1]);
    expect(asked).toEqual([1, 1]);
  });

  it('ask again after a failure', async () => {
    let calls = 0;
    const requests = new HeatRequests(
      async () => {
        calls += 1;
        if (calls === 1) throw new Error('worker died');
        return 'map';
      },
      () => 1,
    );
    await expect(requests.want(1).answer).rejects.toThrow('worker died');
    expect(await requests.want(1).answer).toBe('map');
  });
});
