// Where a training step went wrong: the layer and the term of the loss at which numbers stopped being finite. Looked
// for only once it has happened, with programs of its own, so that a sound step pays nothing for it.

import { abs, gradient, reachable, sum, topologicalOrder, type Tensor } from '../graph/index.ts';
import type { Executor, Program } from '../runtime/index.ts';
import { buildLoss, type LossGraph, type TrainStepOptions } from './train-step.ts';

export interface Diagnosis {
  /** Of the loss; null when no single one is at fault. */
  term: string | null;
  /** As the model names it ("layer2.0.conv1"); null when none is at fault. */
  layer: string | null;
  /** What is not finite there. */
  what: 'weights' | 'output' | 'gradient';
}

/**
 * Goes the way of the numbers: weights, then what each layer makes of them on the way forward, then the gradient of
 * each term on the way back, where the layer nearest to the loss is the first that was hit.
 * @param options  of the step; its batch that of `feeds`
 * @param state    as it was before the step
 */
export async function diagnose(
  executor: Executor,
  options: TrainStepOptions,
  state: ReadonlyMap<string, Float32Array>,
  feeds: Readonly<Record<string, Float32Array>>,
): Promise<Diagnosis> {
  const sick = options.model.parameters.find(({ name }) => !state.get(name)!.every(Number.isFinite));
  if (sick) return { term: null, layer: layerOf(sick.name), what: 'weights' };

  const loss = buildLoss(options);
  const names = loss.trained.map(({ name }) => name);
  const run = async (outputs: Program['outputs']): Promise<Record<string, Float32Array>> => {
    const inputs = [...loss.inputs, ...loss.state.values()];
    const session = await executor.compile({ inputs: reachable(inputs, Object.values(outputs)), outputs });
    try {
      return await session.run({ ...feeds, ...Object.fromEntries(state) });
    } finally {
      await session.dispose();
    }
  };
  const isFinite = (values: Float32Array): boolean => values.every(Number.isFinite);

  const forward = await run({ ...firstUses(loss, options), ...loss.terms });
  const burst = options.model.parameters.find(({ name }) => name in forward && !isFinite(forward[name]));
  const badTerms = Object.keys(loss.terms).filter((term) => !isFinite(forward[term]));
  const oneTerm = badTerms.length === 1 ? badTerms[0] : null;
  if (burst) return { term: oneTerm, layer: layerOf(burst.name), what: 'output' };

  const suspects = badTerms.length > 0 ? badTerms : Object.keys(loss.terms);
  for (const term of suspects) {
    const grads = gradient(
      loss.terms[term],
      names.map((name) => loss.state.get(name)!),
    );
    const sizes = await run(Object.fromEntries(names.map((name, i) => [name, sum(abs(grads[i]))])));
    const hit = names.findLast((name) => !isFinite(sizes[name]));
    if (hit) return { term, layer: layerOf(hit), what: 'gradient' };
  }
  return { term: oneTerm, layer: null, what: 'gradient' };
}

/** "layer2.0.conv1.weight" is of the layer "layer2.0.conv1". */
const layerOf = (parameter: string): string => parameter.slice(0, parameter.lastIndexOf('.'));

/** By parameter, the sum of magnitudes of what the pass of the loss's logits first computes with it. */
function firstUses(loss: LossGraph, { model }: TrainStepOptions): Record<string, Tensor> {
  const nameOf = new Map(model.parameters.map(({ name }) => [loss.state.get(name)!, name]));
  const uses: Record<string, Tensor> = {};
  for (const node of topologicalOrder([loss.logits]))
    for (const source of node.inputs) {
      const name = nameOf.get(source);
      if (name !== undefined) uses[name] ??= sum(abs(node));
    }
  return uses;
}
