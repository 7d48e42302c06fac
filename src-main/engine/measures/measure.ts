// What a measure is: a description, and how it reads a set of pictures batch by batch. It keeps one number a picture,
// never the maps, so a set of any size streams through. Networks, maps and attacks are lent by the evaluation in
// engine/inference, which knows the runtime; measures know tensors and arithmetic.

import type { z } from 'zod';
import type { MeasureInfo, ParamValue } from '../../contracts/methods.ts';
import type { MetricValue } from '../../contracts/metrics.ts';
import type { Task } from '../nn/classification.ts';
import type { BuiltModel } from '../nn/model.ts';
import type { Random } from '../nn/random.ts';
import type { Parametrised } from '../nn/registry.ts';
import type { BuildRows, RowProgram } from '../nn/row-program.ts';

type Declared = Pick<
  MeasureInfo,
  'direction' | 'range' | 'unit' | 'imageUnit' | 'partUnit' | 'curve' | 'cost' | 'needs'
>;

export interface Measure<S extends z.ZodObject = z.ZodObject> extends Parametrised, Readonly<Declared> {
  readonly schema: S;
  /** Part of every evaluation that names no measures. */
  readonly isUsual?: true;
  /** Whether it reads `BatchView.gradient`. */
  usesGradient?(params: Readonly<Record<string, unknown>>): boolean;
  /** Looks at `MeasureContext.composites`, of twice the side. */
  readonly seesComposites?: true;
  /** @throws AppError 'bad-input' if the set cannot be measured so */
  begin(context: MeasureContext, params: z.output<S>): Reading;
}

/** One measure on its way through one set. */
export interface Reading {
  /**
   * Takes in one batch.
   * @returns a number for each of its pictures, null where there is none to have; nothing if the measure has no
   *          figure of a single picture
   */
  read(batch: BatchView): ImageValues | void | Promise<ImageValues | void>;
  /** The figure of the whole set. @param values  of all pictures, in order; empty if `read` returns none */
  metricValue(values: ImageValues): SetMetricValue | Promise<SetMetricValue>;
}
export type ImageValues = readonly (number | null)[];
export type SetMetricValue = Omit<MetricValue, 'params'>;

/** Rows: arrays of N pictures one after the other. */
export interface BatchView {
  /** Place in the set of the first picture. */
  readonly start: number;
  /** [N, 3, S, S] in [0, 1] */
  readonly images: Float32Array;
  /** [N, K] */
  readonly logits: Float32Array;
  /** [N, 3, S, S]: d loss / d x, per unit of pixel value; there for measures that use it. The loss is the cross-entropy of
   * the class, or for 'multi' the sum of the binary ones of all classes. */
  readonly gradient: Float32Array;
  /** [N] class indices; of several classes a picture the one whose evidence is looked at. */
  readonly labels: readonly number[];
  /** [N] all classes of each picture; one of each unless the task is 'multi'. */
  readonly trueClasses: readonly (readonly number[])[];
  readonly predicted: readonly number[];
  /** Softmax of the i-th picture; for 'multi' the sigmoid of each logit. */
  scores(i: number): readonly number[];
  /** [S * S], 1 inside the i-th picture's region; null without one. */
  regionMask(i: number): Uint8Array | null;
  /** Index into `MeasureContext.groups`; null without one. */
  group(i: number): number | null;
  /** What several measures need, made by the first that asks. */
  once<T>(key: string, make: () => T): T;
}

/** Parameters and running statistics by name. */
type WeightValues = Readonly<Record<string, Float32Array>>;

export interface MapRequest {
  method: string;
  params?: Readonly<Record<string, ParamValue>>;
  /** [N, 3, side, side] in [0, 1] */
  images: Float32Array;
  /** [N] class indices to explain. */
  targets: readonly number[];
  /** [N] all classes of each picture; looked at by a loss where pictures have several. */
  trueClasses?: readonly (readonly number[])[];
  /** Other than the pictures' own. */
  sidePx?: number;
  /** Other than the run's. */
  weights?: WeightValues;
}
interface Maps {
  /** [N, side, side], >= 0, not scaled; of the size of the pictures or of the feature maps */
  values: Float32Array;
  side: number;
}

interface AttackRequest {
  attack: string;
  params?: Readonly<Record<string, ParamValue>>;
  /** Size of the largest change in the attack's norm; the pixel range is 1. */
  eps: number;
  /** [N, 3, S, S] in [0, 1] */
  images: Float32Array;
  /** [N], true classes */
  labels: readonly number[];
  /** [N], all true classes of each picture: an attack on the class errs if none of them has the highest score. */
  trueClasses?: readonly (readonly number[])[];
  random: Random;
}
interface Attacked {
  /** [N, 3, S, S] */
  images: Float32Array;
  /** [N, K], of the attacked pictures */
  logits: Float32Array;
  /** [N]: whether the attack changed the picture at all */
  changed: readonly boolean[];
}

export interface MeasureContext {
  readonly classes: readonly string[];
  readonly sizePx: number;
  /** In the set. */
  readonly images: number;
  readonly task: Task;
  readonly model: BuiltModel;
  readonly weights: WeightValues;
  /** Names of the groups (class and attribute); empty where the pictures have none. */
  readonly groups: readonly string[];
  /** Of this evaluation's seed, by purpose. */
  random(name: string): Random;
  /** Logits [N, K] of pictures [N, 3, S, S]. */
  predict(images: Float32Array): Promise<Float32Array>;
  /** A program of the measure's own over the run's weights; equal keys are the same program. */
  program(key: string, build: BuildRows): RowProgram;
  /** Heat maps as the method gives them. */
  maps(request: MapRequest): Promise<Maps>;
  /** Heat maps [S * S] of each picture at the pictures' size, summing to 1 (0 if empty). */
  heat(request: MapRequest): Promise<Float32Array[]>;
  attack(request: AttackRequest): Promise<Attacked>;
  /**
   * The picture at a place of the set with all outside its region blurred, or another picture's.
   * @param into  [N, 3, S, S]; entry `at` is written
   * @returns     false, and nothing written, without a region or a lender
   */
  replaceOutside(place: number, how: 'blur' | 'swap', into: Float32Array, at: number): Promise<boolean>;
  /**
   * 2 x 2 composites of pictures of the set, each in a drawn cell among three of other classes.
   * @returns images [N, 3, 2S, 2S] and the cell 0..3 of each, in reading order; null, and its image black, where no
   *          picture of another class lacks the own one
   */
  composites(start: number, count: number): Promise<{ images: Float32Array; cells: (number | null)[] }>;
  /** What pictures can be made to suffer, and whether it is one of those that the error is a mean of. */
  readonly corruptions: readonly { id: string; title: string; counted: boolean }[];
  /**
   * The picture at a place of the set as a corruption leaves it; the same each time.
   * @param severity  1 … 5
   * @param into      [N, 3, S, S]; entry `at` is written
   */
  corrupt(place: number, corruption: string, severity: number, into: Float32Array, at: number): Promise<void>;
  /** Batches [N, 3, S, S] of the pictures to compare with; null if none were given. */
  readonly against: (() => AsyncIterable<{ images: Float32Array; count: number }>) | null;
}

/** Declares a measure with its parameter type tied to its schema. */
export const measure = <S extends z.ZodObject>(definition: Measure<S>): Measure =>
  definition as unknown as Measure;

/** "energy-in-box" → "energyInBox": its name in reports. */
export const keyOf = (id: string): string =>
  id.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
