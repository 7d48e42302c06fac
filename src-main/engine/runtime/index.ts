// Executors: how a program of the graph is computed.

export type { Executor, Program, Session } from './executor.ts';
export { onnxExecutor, type OnnxOptions } from './onnx.ts';
export { evaluateReference, referenceExecutor } from './reference.ts';
