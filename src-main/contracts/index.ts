// The vocabulary that both sides share. The only folder of src-main that the renderer may import.

export * from './api.ts';
export * from './dataset.ts';
export * from './errors.ts';
export * from './geometry.ts';
export * from './ids.ts';
export * from './issues.ts';
export * from './jobs.ts';
export * from './methods.ts';
export * from './runs.ts';
export * from './sweeps.ts';
export * from './weights.ts';
