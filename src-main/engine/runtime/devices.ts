// The executor of each device. Whether a device works is found out by training on it (training/device-trial.ts).

import type { DeviceId } from '../../contracts/devices.ts';
import type { Executor } from './executor.ts';
import { onnxExecutor } from './onnx/executor.ts';
import { tensorFlowExecutor } from './tensorflow/executor.ts';

const executors: Record<DeviceId, () => Executor> = {
  cpu: () => onnxExecutor(),
  webgpu: () => onnxExecutor({ provider: 'webgpu' }),
  cuda: () => onnxExecutor({ provider: 'cuda' }),
  dml: () => onnxExecutor({ provider: 'dml' }),
  coreml: () => onnxExecutor({ provider: 'coreml' }),
  tensorflow: tensorFlowExecutor,
};

export const openDevice = (id: DeviceId = 'cpu'): Executor => executors[id]();
