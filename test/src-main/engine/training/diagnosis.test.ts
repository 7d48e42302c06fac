import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  mul,
  scalar,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '../../../../src-main/engine/graph/index.ts';
import { crossEntropy } from '../../../../src-main/engine/nn/index.ts';
import { objective, totalOf, type Objective } from '../../../../src-main/engine/objectives/objective.ts';
import { onnxExecutor } from '../../../../src-main/engine/runtime/index.ts';
import { diagnose } from '../../../../src-main/engine/training/diagnosis.ts';
import { batch, classes, sizePx, tinyBatch, tinyNetwork, tinyWeights } from './tiny-network.ts';

/** Cross-entropy and a term made of a pass. */
const withTerm = (term: (pass: { logits: Tensor; stages: readonly Tensor[] }) => Tensor): Objective =>
  objective({
    id: 'test',
    title: 'Test',
    summary: 'Test.',
    citation: 'none',
    presets: [],
    needs: {},
    schema: z.object({}),
    build({ images, labels, meanLoss, forward }) {
      const pass = forward(images);
      return totalOf({ class: meanLoss(crossEntropy(pass.logits, labels)), spike: term(pass) }, pass.logits);
    },
  }) as unknown as Objective;

/** 0, with a derivative that is no number. */
const kink = (x: Tensor): Tensor => sqrt(sum(square(sub(x, stopGradient(x)))));
const harmless = withTerm(({ logits }) => sum(logits));

const model = tinyNetwork('average');
const look = (of: Objective, weights = tinyWeights(model)) =>
  diagnose(
    onnxExecutor({ threads: 1 }),
    { model, objective: of, params: {}, settings: { momentum: 0, weightDecay: 0 }, batch, classes, sizePx },
    new Map(Object.entries(weights)),
    { ...tinyBatch(), ramp: Float32Array.of(1) },
  );

describe('the diagnosis of a broken step', () => {
  it('finds the term whose gradient is no number and the layer it comes to first', async () => {
    expect(await look(withTerm(({ logits }) => kink(logits)))).toEqual({
      term: 'spike',
      layer: 'fc',
      what: 'gradient',
    });
    // Not seen by the last layer: the nearest to the loss that is hit is the second norm of that stage.
    const first = await look(withTerm(({ stages }) => kink(stages[0])));
    expect(first.term).toBe('spike');
    expect(first.what).toBe('gradient');
    expect(first.layer).toBe('layer1.0.bn2');
  });

  it('finds the term that is infinite while its layers are sound', async () => {
    const found = await look(withTerm(({ logits }) => mul(sum(square(logits)), scalar(1e39))));
    expect(found).toMatchObject({ term: 'spike', layer: 'fc' });
  });

  it('finds the layer whose output overflows', async () => {
    const weights = tinyWeights(model);
    weights['layer2.0.conv1.weight'] = weights['layer2.0.conv1.weight'].map((value) => value * 3e38);
    expect(await look(harmless, weights)).toMatchObject({ layer: 'layer2.0.conv1', what: 'output' });
  });

  it('finds weights that are no numbers', async () => {
    const weights = tinyWeights(model);
    weights['layer1.0.bn1.bias'][2] = NaN;
    expect(await look(harmless, weights)).toEqual({ term: null, layer: 'layer1.0.bn1', what: 'weights' });
  });

  it('finds nothing in a sound step', async () => {
    expect(await look(harmless)).toMatchObject({ term: null, layer: null });
  });
});
