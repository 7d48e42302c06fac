// One training step as a program: forward, objective with its gradients of gradients, weight gradients, optimiser
// update. Whoever runs it feeds state and batch and gets the next state and the terms of the loss.

import { add, gradient, input, mul, reachable, scalar, select, type Tensor } from '../graph/index.ts';
import type { NoiseSpec } from '../data/batches.ts';
import { AppError } from '../../contracts/errors.ts';
import type { Settings } from '../../contracts/settings.ts';
import type { Task } from '../nn/classification.ts';
import type { BuiltModel, Noise } from '../nn/model.ts';
import {
  averaged,
  averageShare,
  clipFactor,
  globalNorm,
  optimiserOf,
  type StepScalars,
} from '../nn/optimiser.ts';
import { initialise, type ParamSpec } from '../nn/params.ts';
import type { Random } from '../nn/random.ts';
import { meanOver, type MeanOver } from '../objectives/objective.ts';
import type { Objective, ObjectiveGraph } from '../objectives/index.ts';
import { checkParams } from '../nn/registry.ts';
import type { Program } from '../runtime/executor.ts';

/** Those of a run's settings that are part of the step; what is absent is off. */
export type StepSettings = Pick<Settings, 'momentum' | 'weightDecay'> &
  Partial<
    Pick<
      Settings,
      | 'optimiser'
      | 'decay'
      | 'schedule'
      | 'cycleMomentum'
      | 'nesterov'
      | 'beta1'
      | 'beta2'
      | 'epsilon'
      | 'clipNorm'
      | 'headRate'
      | 'freeze'
      | 'labelSmoothing'
      | 'averageDecay'
      | 'batchNorm'
    >
  >;

export interface TrainStepOptions {
  model: BuiltModel;
  objective: Objective;
  /** Of the objective; missing ones take their defaults. */
  params: Readonly<Record<string, unknown>>;
  settings: StepSettings;
  /** Pictures of one run of the program. */
  batch: number;
  classes: number;
  sizePx: number;
  /** Groups of pictures, for objectives that need them; the classes unless given. */
  groupCount?: number;
  /** 'single' unless given; 'multi' has multi-hot labels and looks at the class that `target` says. */
  task?: Task;
  /** Whether a step is several runs of the program, each on a part of the step's pictures. */
  accumulates?: boolean;
}

/**
 * The program's inputs, all float32:
 *   images [B,3,S,S] in [0,1], labels [B,K] one-hot, regionMask [B,1,S,S], hasRegion [B],
 *   sampleWeight [B] (0: not counted), ramp [], learningRate [], for objectives that need them
 *   composites [B,3,2S,2S], cell [B,4] and groups [B,G], for several classes a picture target [B,K] one-hot;
 *   every entry of `scalars` [], every entry of `noise`, every entry of `state` and of `sums` under its name.
 * An objective that does not look at an input leaves it out of the program: feed by `program.inputs`.
 *
 * Its outputs: `next/<name>` for every entry of `state` and of `sums`, `loss/total`, `loss/<term>` for every entry of
 * `terms`, `logits` [B,K] (train mode), `gradientNorm` [] (of all trained weights, before clipping): it is finite just
 * where all gradients are and do not overflow together.
 *
 * A step in parts. With `accumulates`, inputs `share/<mean>` [] say what share of the whole batch the part is, by
 * pictures, by pictures with a region, by the square of pictures, or all of it (see ObjectiveGraph.means), and losses come out
 * multiplied with theirs: losses and gradients of the parts add up to those of the whole batch. `apply` [] is 1 in
 * the last part, which updates the weights with the sum and empties it, and 0 before. What holds: everything of the
 * step equals that of the whole batch, or is refused (a norm of the whole batch that is not squared), but batch-norm normalises each part by its own statistics and moves the running
 * statistics once for each part, and Group DRO takes the mean losses of its groups over each part and moves their shares
 * once for each; without the two the step is the same.
 */
export interface TrainStep {
  readonly program: Program;
  /**
   * Parameters, running statistics, optimiser state, averages of the first two (`average/<name>`), state of the
   * objective (`objective/<name>`): all that a checkpoint holds of the network.
   */
  readonly state: readonly ParamSpec[];
  /** Sums of gradients between the parts of a step; all 0 between steps. */
  readonly sums: readonly ParamSpec[];
  /** Names of the loss terms, 'class' first; they add up to the total. */
  readonly terms: readonly string[];
  /** Random inputs. */
  readonly noise: readonly NoiseSpec[];
  /** Inputs that depend on the number of the step of the run, or on the momentum it has in a cycle. */
  readonly scalars: StepScalars;
  /** Which entry of `state` holds the value of a parameter or running statistic that the run is judged by. */
  readonly shown: ReadonlyMap<string, string>;
}

/**
 * Which steps these are: raised whenever the same weights and pictures come to others, by more than the last bits.
 * 2: batch-norm's variance about the mean, and batches that are always whole, in parts that are equal.
 */
export const stepVersion = 2;

export const nextOf = (name: string): string => `next/${name}`;
export const lossOf = (term: string): string => `loss/${term}`;
export const shareOf = (mean: MeanOver): string => `share/${mean}`;

/** Inputs that say what share of the whole batch a part is, one for each kind of mean. */
export const partShares = (): Record<MeanOver, Tensor> => {
  const shareOfMean = (mean: MeanOver): Tensor => input(shareOf(mean), []);
  return {
    pictures: shareOfMean('pictures'),
    regions: shareOfMean('regions'),
    'squared-pictures': shareOfMean('squared-pictures'),
    nothing: shareOfMean('nothing'),
  };
};

/** The loss of a step as graph, and what it is made of. */
export interface LossGraph extends ObjectiveGraph {
  /** Of the model and the objective, by name in the checkpoint. */
  readonly state: ReadonlyMap<string, Tensor>;
  readonly next: Readonly<Record<string, Tensor>>;
  readonly objectiveState: readonly ParamSpec[];
  readonly noise: readonly NoiseSpec[];
  /** Not those of `state`. */
  readonly inputs: readonly Tensor[];
  /** The parameters that learn. */
  readonly trained: readonly ParamSpec[];
}

/**
 * @param shares  factor on each kind of term; absent where a step is one run
 * @throws AppError 'bad-input' for a term that is not made of those of parts
 */
export function buildLoss(options: TrainStepOptions, shares?: Readonly<Record<MeanOver, Tensor>>): LossGraph {
  const { model, objective, settings, batch, classes, sizePx } = options;
  const params = checkParams(objective, options.params);
  const frozen = settings.freeze === 'backbone';

  const state = new Map(
    [...model.parameters, ...model.buffers].map(({ name, shape }) => [name, input(name, shape)]),
  );
  const images = input('images', [batch, 3, sizePx, sizePx]);
  const oneHot = input('labels', [batch, classes]);
  const regionMask = input('regionMask', [batch, 1, sizePx, sizePx]);
  const hasRegion = input('hasRegion', [batch]);
  const sampleWeight = input('sampleWeight', [batch]);
  const ramp = input('ramp', []);
  const inputs: Tensor[] = [images, oneHot, regionMask, hasRegion, sampleWeight, ramp];
  const composites = objective.needs.composites
    ? { images: input('composites', [batch, 3, 2 * sizePx, 2 * sizePx]), cell: input('cell', [batch, 4]) }
    : undefined;
  if (composites) inputs.push(composites.images, composites.cell);
  const groupCount = objective.needs.groups ? (options.groupCount ?? classes) : undefined;
  const groups = groupCount === undefined ? undefined : input('groups', [batch, groupCount]);
  if (groups) inputs.push(groups);
  const { task } = options;
  const target = task === 'multi' ? input('target', [batch, classes]) : undefined;
  if (target) inputs.push(target);

  const noise = new Map<string, { spec: NoiseSpec; tensor: Tensor }>();
  const noiseNamed =
    (prefix: string): Noise =>
    (given, shape, kind) => {
      const name = `noise/${prefix}${given}`;
      const known = noise.get(name);
      if (known && (known.spec.kind !== kind || known.spec.shape.join() !== shape.join()))
        throw new AppError('internal', `the objective asks for two kinds of noise called "${given}"`);
      const made = known ?? { spec: { name, shape, kind }, tensor: input(name, shape) };
      noise.set(name, made);
      return made.tensor;
    };
  const objectiveState: ParamSpec[] = [];
  const next: Record<string, Tensor> = {};
  const current = new Map<string, Tensor>(state); // with the running statistics as the passes leave them
  let passes = 0;

  const smoothing = settings.labelSmoothing ?? 0;
  const graph = objective.build(
    {
      batch,
      classes,
      sizePx,
      images,
      labels:
        smoothing > 0
          ? add(mul(oneHot, scalar(1 - smoothing)), scalar(smoothing / (task === 'multi' ? 2 : classes)))
          : oneHot,
      oneHot,
      task,
      target,
      regionMask,
      hasRegion,
      sampleWeight,
      ramp,
      composites,
      groups,
      groupCount,
      forward(images, { activation, mode = 'train', keepStatistics = false } = {}) {
        // Each pass drops other values than the one before.
        const draw = noiseNamed(`pass${++passes}/`);
        const pass = model.forward(images, current, frozen ? 'eval' : mode, {
          activation,
          batchNorm: settings.batchNorm,
          noise: mode === 'train' ? draw : undefined,
        });
        if (!keepStatistics)
          for (const [name, value] of pass.bufferUpdates) {
            current.set(name, value);
            next[name] = value;
          }
        return pass;
      },
      meanLoss: (losses) => meanOver(losses, sampleWeight),
      noise: noiseNamed(''),
      state(spec) {
        const name = `objective/${spec.name}`;
        const known = state.get(name);
        if (known) return known;
        objectiveState.push({ ...spec, name });
        const tensor = input(name, spec.shape);
        state.set(name, tensor);
        return tensor;
      },
    },
    params,
  );
  for (const [name, value] of Object.entries(graph.next ?? {})) next[`objective/${name}`] = value;
  for (const [name, tensor] of state) next[name] ??= tensor;

  const shareOfTerm = (term: string, all: Readonly<Record<MeanOver, Tensor>>): Tensor => {
    const mean = graph.means?.[term] ?? 'pictures';
    if (mean !== 'whole') return all[mean];
    throw new AppError(
      'bad-input',
      `the term "${term}" is one norm of the whole batch, which norms of its parts do not add up to`,
      {
        reason: 'accumulate no gradients (accumulate=1), or choose reduction=per-image or the squared 2-norm',
      },
    );
  };
  const entries = Object.entries(graph.terms).map(([term, value]): [string, Tensor] => [
    term,
    shares ? mul(value, shareOfTerm(term, shares)) : value,
  ]);
  return {
    ...graph,
    terms: Object.fromEntries(entries),
    total: shares ? entries.map(([, value]) => value).reduce((total, term) => add(total, term)) : graph.total,
    state,
    next,
    objectiveState,
    noise: [...noise.values()].map(({ spec }) => spec),
    inputs: [...inputs, ...[...noise.values()].map(({ tensor }) => tensor)],
    trained: frozen ? model.parameters.filter(({ name }) => model.head.includes(name)) : model.parameters,
  };
}

export function buildTrainStep(options: TrainStepOptions): TrainStep {
  const { model, settings, accumulates = false } = options;
  const optimiser = optimiserOf(settings);
  const decay = settings.averageDecay ?? 0;
  const head = new Set(model.head);
  const shares = accumulates ? partShares() : undefined;
  const apply = accumulates ? input('apply', []) : undefined;
  const scalars: StepScalars = {
    ...optimiser.scalars,
    ...(decay > 0 && { averageShare: (step) => averageShare(step, decay) }),
  };
  const scalarInputs = Object.fromEntries(Object.keys(scalars).map((name) => [name, input(name, [])]));
  const learningRate = input('learningRate', []);

  const loss = buildLoss(options, shares);
  const { trained } = loss;
  const slots = trained.flatMap((spec) => optimiser.init(spec));
  const shown = [...model.parameters, ...model.buffers];
  const averages =
    decay > 0
      ? shown.map((spec): ParamSpec => ({ ...spec, name: `average/${spec.name}`, init: 'zeros' }))
      : [];
  const sums = accumulates
    ? trained.map((spec): ParamSpec => ({ ...spec, name: `sum/${spec.name}`, init: 'zeros' }))
    : [];
  const state = new Map(loss.state);
  for (const { name, shape } of [...slots, ...averages, ...sums]) state.set(name, input(name, shape));

  const next: Record<string, Tensor> = { ...loss.next };
  /** What changes once in a step. */
  const moveTo = (name: string, value: Tensor): void => {
    next[name] = apply ? select(apply, value, state.get(name)!) : value;
  };
  let grads = gradient(
    loss.total,
    trained.map((spec) => state.get(spec.name)!),
  );
  if (apply)
    grads = grads.map((grad, i) => {
      const sum = add(state.get(sums[i].name)!, grad);
      next[sums[i].name] = select(apply, mul(sum, scalar(0)), sum);
      return sum;
    });
  const gradientNorm = globalNorm(grads);
  const { clipNorm = 0, headRate = 1 } = settings;
  const factor = clipNorm > 0 ? clipFactor(gradientNorm, clipNorm) : undefined;
  const headLearningRate = headRate === 1 ? learningRate : mul(learningRate, scalar(headRate));
  const fresh = new Map<string, Tensor>(); // as they are after the update
  trained.forEach((spec, i) => {
    const grad = factor ? mul(grads[i], factor) : grads[i];
    const rate = head.has(spec.name) ? headLearningRate : learningRate;
    const updated = optimiser.update(spec, state.get(spec.name)!, grad, state, rate, scalarInputs);
    fresh.set(spec.name, updated.value);
    moveTo(spec.name, updated.value);
    for (const [name, value] of updated.state) moveTo(name, value);
  });
  if (decay > 0)
    shown.forEach(({ name }, i) => {
      const average = averages[i].name;
      moveTo(
        average,
        averaged(state.get(average)!, fresh.get(name) ?? next[name], scalarInputs.averageShare),
      );
    });

  const specs = [...shown, ...slots, ...averages, ...loss.objectiveState];
  const outputs: Record<string, Tensor> = {
    logits: loss.logits,
    gradientNorm,
    [lossOf('total')]: loss.total,
  };
  for (const [term, value] of Object.entries(loss.terms)) outputs[lossOf(term)] = value;
  for (const { name } of [...specs, ...sums]) outputs[nextOf(name)] = next[name];
  const inputs = [...loss.inputs, learningRate, ...Object.values(scalarInputs), ...state.values()];
  if (shares && apply) inputs.push(...Object.values(shares), apply);
  return {
    program: { inputs: reachable(inputs, Object.values(outputs)), outputs },
    state: specs,
    sums,
    terms: Object.keys(loss.terms),
    noise: loss.noise,
    scalars,
    shown: new Map(shown.map(({ name }) => [name, decay > 0 ? `average/${name}` : name])),
  };
}

/** First state of a run. */
export const initialState = (step: TrainStep, random: Random): Map<string, Float32Array> =>
  initialise([...step.state, ...step.sums], random);
