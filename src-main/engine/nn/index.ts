// Networks over the graph: weights, models, optimisers, schedules, random numbers.

export * from './batch-norm.ts';
export * from './classification.ts';
export * from './grad-cam.ts';
export * from './model.ts';
export * from './models/index.ts';
export * from './normalise.ts';
export * from './optimiser.ts';
export * from './params.ts';
export * from './random.ts';
export * from './schedule.ts';
