// What every executor offers: a program compiled once and run many times on plain arrays.

import type { Tensor } from '../graph/index.ts';

export interface Program {
  /** Input nodes of the graph; their names are unique. */
  readonly inputs: readonly Tensor[];
  readonly outputs: Readonly<Record<string, Tensor>>;
}

export interface Executor {
  readonly id: string;
  compile(program: Program): Promise<Session>;
}

export interface Session {
  /**
   * Computes all outputs. Feeds that the outputs do not depend on may be left out.
   * @throws AppError 'bad-input' when a feed is missing or has the wrong number of elements
   */
  run(feeds: Readonly<Record<string, Float32Array>>): Promise<Record<string, Float32Array>>;
  dispose(): Promise<void>;
}
