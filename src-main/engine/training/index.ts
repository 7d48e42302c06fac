// Training a run.

export { tryDevice } from './device-trial.ts';
export { bestCheckpoint, lastCheckpoint, train, type TrainHooks } from './train.ts';
