// Training, evaluation and explanation of runs, as worker, bench and tests use them.

export { attackSet, type AttackSetHooks } from './attack-set.ts';
export { readCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint.ts';
export { tryDevice } from './doctor.ts';
export { evaluate, type EvaluateHooks } from './evaluate.ts';
export { createExplainer, type Explainer } from './explain.ts';
export { exportModel, type ExportHooks } from './export-model.ts';
export { heatMaps, rawMaps, targetRows, type HeatMapsRequest, type RawMaps } from './heat-maps.ts';
export { architectureOf, readWeights, type Architecture, type Weights } from './network.ts';
export { bestCheckpoint, lastCheckpoint, train, type TrainHooks } from './train.ts';
