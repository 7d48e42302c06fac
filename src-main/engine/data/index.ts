// What training and inference share: the pictures they read, the network they read them with, and its files.

export { architectureOf, readWeights, type Architecture, type Weights } from './architecture.ts';
export { readCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint.ts';
