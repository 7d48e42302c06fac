// Executors: how a program of the graph is computed, and on what.

export { deviceAbsence, deviceTitle } from './device-list.ts';
export { openDevice } from './devices.ts';
export type { Executor, Algorithms, Program, Session, StepSession } from './executor.ts';
export { exportClassifier, openExported } from './onnx/export.ts';
export { onnxExecutor } from './onnx/executor.ts';
export { evaluateReference, referenceExecutor } from './reference.ts';
export { compileStep } from './step.ts';
export { loadTensorFlow, tensorFlowExecutor } from './tensorflow/executor.ts';
