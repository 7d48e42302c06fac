// What is done with a trained network: its figures, heat maps, attacks on it, and its export.

export { attackSet, type AttackSetHooks } from './attack-set.ts';
export { evaluate, type EvaluateHooks } from './evaluate.ts';
export { createExplainer, type Explainer } from './explain.ts';
export { exportModel, type ExportHooks } from './export-model.ts';
export { heatMaps, rawMaps, targetRows, type HeatMapsRequest, type RawMaps } from './heat-maps.ts';
