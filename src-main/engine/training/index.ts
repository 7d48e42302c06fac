// Training a run.

export { tryDevice } from './device-trial.ts';
export { bestCheckpoint, lastCheckpoint } from './run-files.ts';
export type { TrainHooks } from './run.ts';
export { train } from './train.ts';
export { tryRun } from './trial.ts';
