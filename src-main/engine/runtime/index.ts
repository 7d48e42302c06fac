// Executors: how a program of the graph is computed, and on what.

export { deviceAbsence, deviceTitle } from './device-list.ts';
export { openDevice } from './devices.ts';
export type {
  Executor,
  Feeds,
  Algorithms,
  Program,
  Session,
  StatePair,
  StepSession,
  Tuning,
} from './executor.ts';
export { exportClassifier, openExported, type ExportedBatch, type ExportPlan } from './onnx/export.ts';
export type { OnnxProvider } from './onnx/algorithms.ts';
export { onnxExecutor, type OnnxOptions } from './onnx/executor.ts';
export { evaluateReference, referenceExecutor } from './reference.ts';
export { compileStep } from './step.ts';
export { loadTensorFlow, tensorFlowExecutor } from './tensorflow/executor.ts';
