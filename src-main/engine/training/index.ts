// Training a run.

export { tryDevice } from './device-trial.ts';
export { bestCheckpoint, lastCheckpoint } from './run-files.ts';
export { train, type TrainHooks } from './train.ts';
export { tryRun } from './trial.ts';
