// What every executor offers: a program compiled once and run many times on plain arrays, and a step whose state
// stays where it is computed.

import type { Tensor } from '../graph/index.ts';

export interface Program {
  /** Input nodes of the graph; their names are unique. */
  readonly inputs: readonly Tensor[];
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** Which algorithm a convolution takes where that is not the one of the rules: its name, by kind and shapes. */
export type Algorithms = Readonly<Record<string, string>>;

export interface Tuning {
  /** What was found before, JSON; made if it is not there, passed over if it is damaged. */
  readonly file: string;
  /** Called before each trial, in convolutions. */
  onProgress?(done: number, total: number): void;
}

export interface Executor {
  /** Of the device it computes on; 'reference' for the interpreter. */
  readonly id: string;
  compile(program: Program): Promise<Session>;
  /** Absent where state may as well be kept in plain arrays: see `compileStep` of step.ts, which all callers use. */
  compileStep?(program: Program, state: readonly StatePair[], algorithms?: Algorithms): Promise<StepSession>;
  /**
   * Finds the algorithms that a program is fastest with here, by trying; takes some seconds the first time. Absent where
   * there is one algorithm of everything.
   */
  autotune?(program: Program, tuning: Tuning): Promise<Algorithms>;
}

export type Feeds = Readonly<Record<string, Float32Array>>;

export interface Session {
  /**
   * Computes all outputs. Feeds that the outputs do not depend on may be left out.
   * @throws AppError 'bad-input' when a feed is missing or has the wrong number of elements
   */
  run(feeds: Feeds): Promise<Record<string, Float32Array>>;
  dispose(): Promise<void>;
}

/** An input of a program and the output that is its next value, by name. */
export type StatePair = readonly [input: string, output: string];

/** A program that feeds part of its outputs to itself, run after run. */
export interface StepSession {
  /** Sets the state; needed before the first run. The arrays are the session's from then on. */
  load(state: ReadonlyMap<string, Float32Array>): Promise<void>;
  /**
   * Makes one step.
   * @param feeds  of the inputs that are not state
   * @returns the outputs that are not state. After a failed run the state is as it was before.
   */
  run(feeds: Feeds): Promise<Record<string, Float32Array>>;
  /** Takes the last run back: the state is as it was before it. Only once after each run. */
  back(): Promise<void>;
  /** A copy of the state as it is now, by the names of its inputs, in the order given to compileStep. */
  read(): Promise<Map<string, Float32Array>>;
  dispose(): Promise<void>;
}
