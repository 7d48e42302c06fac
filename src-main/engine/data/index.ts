// What training and inference share: the pictures they read, the network they read them with, and its files.

export { architectureOf, readWeights } from './architecture.ts';
export { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
