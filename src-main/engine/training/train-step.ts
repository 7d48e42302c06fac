// One training step as a program: forward, objective with its gradients of gradients, weight gradients, optimiser
// update. Whoever runs it feeds state and batch and gets the next state and the terms of the loss.

import { gradient, input, type Tensor } from '../graph/index.ts';
import { AppError } from '../../contracts/errors.ts';
import type { BuiltModel } from '../nn/model.ts';
import { sgd } from '../nn/optimiser.ts';
import { elementCount, initialise, type ParamSpec } from '../nn/params.ts';
import type { Random } from '../nn/random.ts';
import type { Objective } from '../objectives/index.ts';
import { checkParams } from '../nn/registry.ts';
import type { Program } from '../runtime/executor.ts';

export interface TrainStepOptions {
  model: BuiltModel;
  objective: Objective;
  /** Of the objective; missing ones take their defaults. */
  params: Readonly<Record<string, unknown>>;
  settings: { momentum: number; weightDecay: number; nesterov?: boolean };
  batch: number;
  classes: number;
  sizePx: number;
}

/**
 * The program's inputs, all float32:
 *   images [B,3,S,S] in [0,1], labels [B,K] one-hot, inside [B,1,S,S], hasRegion [B], weight [B] (1 real, 0 padding),
 *   ramp [], learningRate [], and for objectives that need them composites [B,3,2S,2S] and cell [B,4];
 *   every entry of `state` under its name.
 * An objective that does not look at an input leaves it out of the program: feed by `program.inputs`.
 *
 * Its outputs: `next/<name>` for every entry of `state`, `loss/total`, `loss/<term>` for every entry of `terms`,
 * `logits` [B,K] (train mode).
 */
export interface TrainStep {
  readonly program: Program;
  /** Parameters, then running statistics, then momenta: all that a checkpoint holds of the network. */
  readonly state: readonly ParamSpec[];
  /** Names of the loss terms, 'class' first; they add up to the total. */
  readonly terms: readonly string[];
}

export const nextOf = (name: string): string => `next/${name}`;
export const lossOf = (term: string): string => `loss/${term}`;

export function buildTrainStep(options: TrainStepOptions): TrainStep {
  const { model, objective, settings, batch, classes, sizePx } = options;
  const params = checkParams(objective, options.params);
  const optimiser = sgd(settings);

  const state = new Map<string, Tensor>();
  const specs = [
    ...model.parameters,
    ...model.buffers,
    ...model.parameters.flatMap((spec) => optimiser.init(spec)),
  ];
  for (const { name, shape } of specs) state.set(name, input(name, shape));

  const images = input('images', [batch, 3, sizePx, sizePx]);
  const labels = input('labels', [batch, classes]);
  const inside = input('inside', [batch, 1, sizePx, sizePx]);
  const hasRegion = input('hasRegion', [batch]);
  const weight = input('weight', [batch]);
  const ramp = input('ramp', []);
  const learningRate = input('learningRate', []);
  const composites = objective.needs.composites
    ? { images: input('composites', [batch, 3, 2 * sizePx, 2 * sizePx]), cell: input('cell', [batch, 4]) }
    : undefined;

  const next = new Map<string, Tensor>();
  const current = new Map(state); // with the running statistics as the calls of forward leave them
  const { total, terms, logits } = objective.build(
    {
      batch,
      classes,
      sizePx,
      images,
      labels,
      inside,
      hasRegion,
      weight,
      ramp,
      composites,
      forward(pictures) {
        const pass = model.forward(pictures, current, 'train');
        for (const [name, value] of pass.bufferUpdates) {
          current.set(name, value);
          next.set(name, value);
        }
        return pass;
      },
    },
    params,
  );

  const slopes = gradient(
    total,
    model.parameters.map((spec) => state.get(spec.name)!),
  );
  model.parameters.forEach((spec, i) => {
    const updated = optimiser.update(spec, state.get(spec.name)!, slopes[i], state, learningRate);
    next.set(spec.name, updated.value);
    for (const [name, value] of updated.state) next.set(name, value);
  });

  const outputs: Record<string, Tensor> = { logits, [lossOf('total')]: total };
  for (const [term, value] of Object.entries(terms)) outputs[lossOf(term)] = value;
  for (const { name } of specs) outputs[nextOf(name)] = next.get(name)!;
  const inputs = [images, labels, inside, hasRegion, weight, ramp, learningRate, ...state.values()];
  if (composites) inputs.push(composites.images, composites.cell);
  return {
    program: { inputs: reachable(inputs, Object.values(outputs)), outputs },
    state: specs,
    terms: Object.keys(terms),
  };
}

/** First state of a run. */
export const initialState = (step: TrainStep, random: Random): Map<string, Float32Array> =>
  initialise(step.state, random);

/** The next state, taken out of what a run of the program gave. */
export function nextState(
  step: TrainStep,
  outputs: Readonly<Record<string, Float32Array>>,
): Map<string, Float32Array> {
  return new Map(
    step.state.map(({ name, shape }) => {
      const values = outputs[nextOf(name)];
      if (values?.length !== elementCount(shape))
        throw new AppError('internal', `the training step gave no value for ${name}`);
      return [name, values];
    }),
  );
}

/** Those of `inputs` that an output depends on. */
export function reachable(inputs: readonly Tensor[], outputs: readonly Tensor[]): Tensor[] {
  const seen = new Set<Tensor>();
  const pending = [...outputs];
  while (pending.length > 0) {
    const node = pending.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    pending.push(...node.inputs);
  }
  return inputs.filter((node) => seen.has(node));
}
