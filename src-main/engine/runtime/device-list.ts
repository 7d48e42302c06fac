// The devices that programs can be computed on: what each is called and what keeps it from being there. Loads
// no executor, so the Electron main process may ask, which must not load their native libraries.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { DeviceId } from '../../contracts/devices.ts';

interface Device {
  readonly title: string;
  /** Why it cannot be here, as far as that shows without trying; null if it may be. */
  absence(): string | null;
}

const onlyOn = (platform: NodeJS.Platform, name: string) => (): string | null =>
  process.platform === platform ? null : `only on ${name}`;

const devices: Record<DeviceId, Device> = {
  cpu: { title: 'CPU (ONNX Runtime)', absence: () => null },
  webgpu: { title: 'GPU through WebGPU (ONNX Runtime)', absence: () => null },
  cuda: { title: 'NVIDIA GPU through CUDA (ONNX Runtime)', absence: cudaAbsence },
  dml: { title: 'GPU through DirectML (ONNX Runtime)', absence: onlyOn('win32', 'Windows') },
  coreml: { title: 'Core ML (ONNX Runtime)', absence: onlyOn('darwin', 'macOS') },
  tensorflow: { title: 'TensorFlow.js', absence: () => null },
};

export const deviceTitle = (id: DeviceId): string => devices[id].title;
export const deviceAbsence = (id: DeviceId): string | null => devices[id].absence();

/** Whether a device is only there to check others with: TensorFlow.js without its native library. */
export function isOnlyForChecking(id: DeviceId): boolean {
  if (id !== 'tensorflow') return false;
  try {
    const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json');
    return !existsSync(path.join(path.dirname(main), 'lib', 'napi-v8', 'tfjs_binding.node'));
  } catch {
    return true; // the package is optional
  }
}

function cudaAbsence(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'only on Linux on x64';
  const library = path.join(onnxLibraries(), 'libonnxruntime_providers_cuda.so');
  return existsSync(library) ? null : 'its libraries are not installed: npm run enable:cuda';
}

/** Where onnxruntime-node keeps the libraries of this platform, those of CUDA too. */
function onnxLibraries(): string {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node');
  return path.join(path.dirname(main), '..', 'bin', 'napi-v6', process.platform, process.arch);
}
