// What an attack is: a named way to change pictures a little so that a model errs, or so that its reasons look other.
//
// An attack is a loop on this side over compiled programs: it asks the target for logits and gradients of pictures and
// moves them. Pictures lie in [0, 1], normalisation is inside the model. Rows: arrays of N pictures one after the
// other, [N, 3, S, S]; the target cuts them into batches, so an attack can go on with any part of its pictures.

import type { z } from 'zod';
import type { Random } from '../nn/random.ts';
import type { Parametrised } from '../nn/registry.ts';
import type { BuildRows, RowProgram } from '../nn/row-program.ts';

/** 'linf': largest change of a value; 'l2': Euclidean length of the change, over all values of the picture. */
export type Norm = 'linf' | 'l2';

export interface Attack<S extends z.ZodObject = z.ZodObject> extends Parametrised {
  readonly schema: S;
  /** What it wants changed: the class that is said, or the heat map while the class stays. */
  readonly aim: 'class' | 'explanation';
  /** Norm whose size eps bounds; null where the attack knows no eps. */
  norm(params: z.output<S>): Norm | null;
  /**
   * Attacks on the class go on with pictures that are still classified correctly and keep the best picture found; of a
   * transfer, with all pictures. Those that look for the smallest change end at the boundary of the target all the same.
   * attacks on the explanation give back unchanged what they may not touch (wrong from the start) and what no step of
   * theirs left its class.
   * @returns [N, 3, S, S] in [0, 1], within eps of the pictures up to float32 rounding
   * @throws AppError 'cancelled' when the target's owner asks to stop
   */
  run(target: AttackTarget, input: AttackInput, params: z.output<S>, random: Random): Promise<Float32Array>;
}

export interface AttackInput {
  /** [N, 3, S, S] in [0, 1] */
  readonly images: Float32Array;
  /** [N], class indices: the true ones */
  readonly labels: Int32Array;
  /** Size of the largest change in the attack's norm; the pixel range is 1. */
  readonly eps: number;
  /**
   * The pictures are made for another network than the target, which nobody may ask: all are attacked, those that the
   * target errs on too, and none is done once it errs.
   */
  readonly transfer?: boolean;
}

/** The model under attack, in eval mode: pictures do not touch each other. */
export interface AttackTarget {
  readonly classes: number;
  /** Classes that would be wrong: all but one, fewer where several are right. */
  readonly otherClasses: number;
  readonly sizePx: number;
  /**
   * A program over rows, built and compiled when first run.
   * @param key   names the program among those of this model
   * @param cost  pictures the graph holds for each row, if more than one: makes batches smaller
   */
  program(key: string, build: BuildRows, cost?: number): RowProgram;
}

/** Declares an attack with its parameter type tied to its schema. */
export const attack = <S extends z.ZodObject>(definition: Attack<S>): Attack<S> => definition;
