// Training, evaluation and explanation of runs, as worker, bench and tests use them.

export { readCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint.ts';
export { devices } from './doctor.ts';
export { evaluate, type EvaluateHooks } from './evaluate.ts';
export { createExplainer, type Explainer } from './explain.ts';
export { architectureOf, readWeights, type Architecture, type Weights } from './network.ts';
export { bestCheckpoint, lastCheckpoint, train, type TrainHooks } from './train.ts';
