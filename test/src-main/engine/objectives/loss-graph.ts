// The loss of an objective on the tiny network, with its weight gradients, ready to be evaluated.

import { gradient, sizeOf, type Tensor } from '../../../../src-main/engine/graph/index.ts';
import type { Activation } from '../../../../src-main/engine/nn/model.ts';
import type { Task } from '../../../../src-main/engine/nn/index.ts';
import { objectiveById } from '../../../../src-main/engine/objectives/index.ts';
import { buildLoss, type LossGraph } from '../../../../src-main/engine/training/train-step.ts';
import {
  batch,
  classes,
  sizePx,
  tinyBatch,
  tinyNetwork,
  tinyWeights,
  wave,
} from '../training/tiny-network.ts';

interface TinyLoss extends LossGraph {
  /** `total`, `logits`, `term/…`, `gradient/…` by parameter, `next/…`. */
  outputs: Record<string, Tensor>;
  feeds: Record<string, Float32Array>;
  programInputs: Tensor[];
}

export function tinyLoss(
  objective: string,
  params: Record<string, unknown> = {},
  {
    pool = 'average',
    task = 'single',
    activation,
  }: { pool?: 'average' | 'max'; task?: Task; activation?: Activation } = {},
): TinyLoss {
  const model = tinyNetwork(pool, activation);
  const graph = buildLoss({
    model,
    objective: objectiveById(objective),
    params,
    batch,
    classes,
    sizePx,
    groupCount: 2,
    task,
    settings: { momentum: 0, weightDecay: 0 },
  });
  const grads = gradient(
    graph.total,
    model.parameters.map(({ name }) => graph.state.get(name)!),
  );
  const outputs: Record<string, Tensor> = { total: graph.total, logits: graph.logits };
  for (const [term, value] of Object.entries(graph.terms)) outputs[`term/${term}`] = value;
  model.parameters.forEach(({ name }, i) => (outputs[`gradient/${name}`] = grads[i]));
  for (const { name } of [...model.buffers, ...graph.objectiveState])
    outputs[`next/${name}`] = graph.next[name];

  const feeds: TinyLoss['feeds'] = {
    ...tinyWeights(model),
    ...tinyBatch(),
    ramp: Float32Array.of(0.6),
    groups: Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1),
    'objective/groupShares': Float32Array.of(0.3, 0.7),
    'objective/group-dro.groupShares': Float32Array.of(0.3, 0.7),
    target: Float32Array.of(0, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0),
  };
  if (task === 'multi') feeds.labels = Float32Array.of(1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1);
  for (const { name, shape, kind } of graph.noise) {
    const own = name.replace(/^noise\//, '').replace(/^[a-z-]+\./, ''); // as its objective calls it
    feeds[name] = Float32Array.from(wave(sizeOf(shape), own.length), (x) =>
      kind === 'uniform' ? 0.5 + 0.49 * x : 1.3 * x,
    );
  }
  return { ...graph, outputs, feeds, programInputs: [...graph.inputs, ...graph.state.values()] };
}
