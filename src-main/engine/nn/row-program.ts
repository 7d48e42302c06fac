// A program over rows: arrays of N images one after the other, of any number, cut into batches by whoever runs it.

import type { Shape, Tensor } from '../graph/index.ts';
import type { ForwardOptions, ForwardPass } from './model.ts';

/** Feeds and results are rows: N times the size of one. */
export type RowProgram = (
  rows: number,
  feeds: Readonly<Record<string, Float32Array>>,
) => Promise<Record<string, Float32Array>>;

export interface ProgramContext {
  /** Images of one batch. */
  readonly batch: number;
  readonly classes: number;
  readonly sizePx: number;
  /** Input of [batch, ...shape], fed by rows of that shape under its name. */
  rows(name: string, shape: Shape): Tensor;
  /** Eval mode: images do not touch each other. */
  forward(images: Tensor, options?: Pick<ForwardOptions, 'activation'>): ForwardPass;
}

/** @returns named outputs whose first axis is that of the images */
export type BuildRows = (context: ProgramContext) => Record<string, Tensor>;
