// The vocabulary that both sides share. The only folder of src-main that the renderer may import.

export type { Effect } from './call.ts';
export * from './annotations.ts';
export * from './api.ts';
export * from './app.ts';
export * from './classes.ts';
export * from './comparisons.ts';
export * from './dataset.ts';
export * from './devices.ts';
export * from './errors.ts';
export * from './evaluations.ts';
export * from './explanations.ts';
export * from './exports.ts';
export * from './files.ts';
export * from './geometry.ts';
export * from './ids.ts';
export * from './images.ts';
export * from './imports.ts';
export * from './issues.ts';
export * from './jobs.ts';
export * from './methods.ts';
export * from './metrics.ts';
export * from './projects.ts';
export * from './runs.ts';
export * from './settings.ts';
export * from './splits.ts';
export * from './sweeps.ts';
export * from './weights.ts';
