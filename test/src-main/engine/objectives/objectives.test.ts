import { describe, expect, it } from 'vitest';
import {
  gradient,
  input,
  matmul,
  globalAveragePool,
  mul,
  reshape,
  sum,
} from '../../../../src-main/engine/graph/index.ts';
import { intoCell } from '../../../../src-main/engine/objectives/gradcam-consistency.ts';
import { objectiveById } from '../../../../src-main/engine/objectives/index.ts';
import { crossEntropy, type ForwardPass } from '../../../../src-main/engine/nn/index.ts';
import {
  batch,
  classes,
  evaluate,
  sizePx,
  tinyFeeds,
  tinyNetwork,
  tinyWeights,
  trainStepOf,
} from '../training/tiny-network.ts';
import { contextOf } from './context.ts';

type Feeds = Record<string, ArrayLike<number>>;

/** All outputs of one step in float64, with some feeds replaced. */
function run(
  objective: string,
  params: Record<string, unknown> = {},
  feeds: Feeds = {},
): Record<string, Float64Array> {
  const step = trainStepOf(objective, params);
  return evaluate(step.program.outputs, { ...tinyFeeds(step), ...feeds });
}

const expectSameState = (a: Record<string, Float64Array>, b: Record<string, Float64Array>): void => {
  for (const name of Object.keys(b).filter((name) => name.startsWith('next/')))
    a[name].forEach((value, i) => expect(value).toBeCloseTo(b[name][i], 10));
};

const penalties = { lambdaInside: 2, lambdaOutside: 3 };
const allOutside = new Float32Array(batch * sizePx * sizePx);

describe('objectives', () => {
  it('report terms that add up to the total', () => {
    for (const [objective, params] of [
      ['standard', {}],
      ['blackout', {}],
      ['box-aware', penalties],
      ['gradcam-consistency', {}],
    ] as const) {
      const outputs = run(objective, params);
      const terms = Object.keys(outputs).filter((name) => name.startsWith('loss/') && name !== 'loss/total');
      expect(terms).toContain('loss/class');
      expect(terms.reduce((total, name) => total + outputs[name][0], 0)).toBeCloseTo(
        outputs['loss/total'][0],
        12,
      );
    }
  });

  it('cross-entropy is the mean over real pictures: what padding shows as label changes nothing', () => {
    const { labels } = tinyFeeds(trainStepOf('standard'));
    const other = Array.from(labels);
    other.splice(3 * classes, classes, 0, 0, 1);
    expectSameState(run('standard', {}, { labels: other }), run('standard'));
  });
});

describe('box-aware', () => {
  it('with both weights 0 is the standard objective, and so it is at ramp 0', () => {
    const standard = run('standard');
    expectSameState(run('box-aware', { lambdaInside: 0, lambdaOutside: 0 }), standard);
    expectSameState(run('box-aware', penalties, { ramp: [0] }), standard);
  });

  it('with equal weights is double backprop: where the boxes are does not matter', () => {
    const equal = { lambdaInside: 2, lambdaOutside: 2 };
    expectSameState(run('box-aware', equal), run('box-aware', equal, { regionMask: allOutside }));
    const unequal = run('box-aware', penalties, { regionMask: allOutside });
    expect(unequal['loss/inside'][0]).toBe(0);
    expect(unequal['next/conv1.weight'][0]).not.toBeCloseTo(
      run('box-aware', penalties)['next/conv1.weight'][0],
      4,
    );
  });

  it('charges nothing for pictures without region and for padding, wherever their masks lie', () => {
    const { regionMask } = tinyFeeds(trainStepOf('box-aware'));
    const moved = Array.from(regionMask);
    for (const b of [1, 3]) moved.fill(1, b * sizePx * sizePx, (b + 1) * sizePx * sizePx);
    expectSameState(run('box-aware', penalties, { regionMask: moved }), run('box-aware', penalties));
  });

  it('without any region in the batch is the standard objective', () => {
    expectSameState(run('box-aware', penalties, { hasRegion: [0, 0, 0, 0] }), run('standard'));
  });

  it("'paper' is 'per-image' times pictures with region over pictures squared", () => {
    for (const of of ['loss', 'log-probability']) {
      const perImage = run('box-aware', { ...penalties, of });
      const paper = run('box-aware', { ...penalties, of, reduction: 'paper' });
      for (const term of ['loss/inside', 'loss/outside']) {
        expect(perImage[term][0]).toBeGreaterThan(0);
        expect(paper[term][0]).toBeCloseTo((perImage[term][0] * 2) / 3 ** 2, 10); // 2 of 3 real pictures have one
      }
    }
  });

  it('in eval mode charges the mean squared gradient of each picture alone, in normalised units', () => {
    const model = tinyNetwork('average');
    const images = input('images', [batch, 3, sizePx, sizePx]);
    const labels = input('labels', [batch, classes]);
    const weights = new Map(
      [...model.parameters, ...model.buffers].map((p) => [p.name, input(p.name, p.shape)]),
    );
    const forward = (imageTensor: typeof images): ForwardPass => model.forward(imageTensor, weights, 'eval');
    const built = objectiveById('box-aware').build(
      contextOf({ batch, classes, sizePx, images, labels, forward }),
      { lambdaInside: 0, lambdaOutside: 1, of: 'loss', reduction: 'per-image' },
    );
    const [grads] = gradient(sum(crossEntropy(forward(images).logits, labels)), [images]);
    const feeds: Feeds = { ...tinyFeeds(trainStepOf('standard')), ...tinyWeights(model), ramp: [1] };
    const { outside, pixelGradients } = evaluate(
      { outside: built.terms.outside, pixelGradients: grads },
      feeds,
    );
    const deviation = [0.229, 0.224, 0.225];
    const area = sizePx * sizePx;
    let expected = 0;
    for (const b of [0, 2])
      for (let i = 0; i < 3 * area; i++) {
        const isOutside = feeds.regionMask[b * area + (i % area)] === 0;
        if (isOutside)
          expected += (pixelGradients[b * 3 * area + i] * deviation[Math.floor(i / area)]) ** 2 / 2;
      }
    expect(outside[0] / expected).toBeCloseTo(1, 6); // the constants are float32
  });
});

describe('blackout', () => {
  it('is the standard objective on pictures that are black outside their region, whole without one', () => {
    const feeds = tinyFeeds(trainStepOf('blackout'));
    const area = sizePx * sizePx;
    const blackened = Array.from(feeds.images, (value, i) => {
      const b = Math.floor(i / (3 * area));
      return feeds.hasRegion[b] === 1 ? value * feeds.regionMask[b * area + (i % area)] : value;
    });
    expectSameState(run('blackout'), run('standard', {}, { images: blackened }));
  });
});

describe('Grad-CAM consistency', () => {
  /** A linear head on given feature maps: everything about it is known in closed form. */
  function built(cellOfComposite: number[]): { consistency: number; classTerm: number } {
    const [channels, side] = [2, 3];
    const features = input('features', [2, channels, side, side]);
    const head = input('head', [channels, classes]);
    const cell = input('cell', [2, 4]);
    const shownCell = input('shownCell', [2, 4]);
    const images = input('images', [2, 3, 6, 6]);
    const composites = input('composites', [2, 3, 12, 12]);
    const pass = (maps: typeof features): ForwardPass => ({
      features: maps,
      stages: [maps],
      pooled: globalAveragePool(maps),
      biased: [],
      logits: matmul(globalAveragePool(maps), head),
      bufferUpdates: new Map(),
    });
    const flat = reshape(features, [2 * channels, side, side]);
    const repeated = mul(reshape(shownCell, [2, 1, 4]), reshape(input('twos', [channels]), [1, channels, 1]));
    const placed = reshape(intoCell(flat, reshape(repeated, [2 * channels, 4])), [
      2,
      channels,
      2 * side,
      2 * side,
    ]);
    const graph = objectiveById('gradcam-consistency').build(
      contextOf({
        batch: 2,
        classes,
        sizePx: 6,
        images,
        composites: { images: composites, cell },
        forward: (imageTensor) => pass(imageTensor === images ? features : placed),
      }),
      { lambda: 9, form: 'elementwise', reduction: 'mean', upsample: false, detach: false },
    );
    const oneHot = (cells: number[], width: number): number[] =>
      cells.flatMap((one) => Array.from({ length: width }, (_, i) => (i === one ? 1 : 0)));
    const { consistency, classTerm } = evaluate(
      { consistency: graph.terms.consistency, classTerm: graph.terms.class },
      {
        features: Array.from({ length: 2 * channels * side * side }, (_, i) => 1 + (i % 7)),
        head: [1, -1, 0.5, 2, 1, -1],
        labels: oneHot([0, 1], classes),
        cell: oneHot([1, 2], 4),
        shownCell: oneHot(cellOfComposite, 4),
        twos: [1, 1],
        sampleWeight: [1, 1],
        ramp: [1],
      },
    );
    return { consistency: consistency[0], classTerm: classTerm[0] };
  }

  it('is 0 when the composite has the same map in the right cell', () => {
    expect(built([1, 2]).consistency).toBeLessThan(1e-6);
  });

  it('is twice the weight over the number of map cells when the map is in a wrong cell', () => {
    expect(built([0, 3]).consistency).toBeCloseTo((9 * 2) / 36, 6);
    expect(built([1, 3]).consistency).toBeCloseTo(9 / 36, 6);
  });

  it('updates the running statistics by both passes, one after the other', () => {
    const feeds = tinyFeeds(trainStepOf('gradcam-consistency'));
    const name = 'next/bn1.running_mean';
    const first = run('standard')[name];
    const both = run('gradcam-consistency', {}, { composites: feeds.composites })[name];
    both.forEach((value, i) => expect(value).not.toBeCloseTo(first[i], 6));
  });

  it('refuses pictures whose feature maps do not tile, naming a way out', () => {
    const model = tinyNetwork('average');
    const weights = new Map(
      [...model.parameters, ...model.buffers].map((p) => [p.name, input(p.name, p.shape)]),
    );
    expect(() =>
      objectiveById('gradcam-consistency').build(
        contextOf({
          batch: 2,
          classes,
          sizePx: 9,
          composites: { images: input('composites', [2, 3, 18, 18]), cell: input('cell', [2, 4]) },
          forward: (images) => model.forward(images, weights, 'train'),
        }),
        { lambda: 25, form: 'elementwise', reduction: 'mean', upsample: false, detach: false },
      ),
    ).toThrow('multiple of 32 px');
  });
});
