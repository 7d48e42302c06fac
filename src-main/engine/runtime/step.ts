// A step whose state is kept in plain arrays, for executors that have no better place for it, and the choice.

import { AppError } from '../../contracts/errors.ts';
import type { Executor, Algorithms, Program, Session, StatePair, StepSession } from './executor.ts';

/**
 * Compiles a program that feeds itself; the state stays on the executor's device between runs if it has one.
 * @param state  inputs of the program, each with the output that is its next value
 * @param algorithms  of convolutions, for executors that have several
 */
export function compileStep(
  executor: Executor,
  program: Program,
  state: readonly StatePair[],
  algorithms: Algorithms = {},
): Promise<StepSession> {
  return executor.compileStep
    ? executor.compileStep(program, state, algorithms)
    : executor.compile(program).then((session) => steppingOnHost(session, state));
}

function steppingOnHost(session: Session, state: readonly StatePair[]): StepSession {
  let now: ReadonlyMap<string, Float32Array> = new Map();
  let before = now;
  return {
    async load(values) {
      now = new Map(state.map(([input]) => [input, stateValue(values, input).slice()]));
    },
    async run(feeds) {
      const outputs = await session.run({ ...feeds, ...Object.fromEntries(now) });
      before = now;
      now = new Map(state.map(([input, output]) => [input, outputs[output]]));
      return withoutState(outputs, state);
    },
    async back() {
      now = before;
    },
    async read() {
      return new Map([...now].map(([name, values]) => [name, values.slice()]));
    },
    dispose: () => session.dispose(),
  };
}

/** @throws AppError 'internal' for a state that lacks a value: those who load it made it for this very program */
export function stateValue<T>(state: ReadonlyMap<string, T>, name: string): T {
  const value = state.get(name);
  if (value === undefined)
    throw new AppError('internal', `the state has no value for ${name}`, { place: name });
  return value;
}

/** What a step tells its caller: the outputs that are no state. */
export function withoutState<T>(
  outputs: Readonly<Record<string, T>>,
  state: readonly StatePair[],
): Record<string, T> {
  const kept = new Set(state.map(([, output]) => output));
  return Object.fromEntries(Object.entries(outputs).filter(([name]) => !kept.has(name)));
}
