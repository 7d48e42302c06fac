// The executor of each device, on as many threads as the environment allows: a small network gains nothing from a
// second thread, and two runs on one each are done sooner than one after the other on both.

import type { DeviceId } from '../contracts/devices.ts';
import { AppError } from '../contracts/errors.ts';
import { onnxExecutor, openDevice, type Executor } from '../engine/runtime/index.ts';

/** @throws AppError 'bad-input' for a FOVEA_THREADS that is no number of threads */
export function openHere(id: DeviceId = 'cpu', asked = process.env.FOVEA_THREADS): Executor {
  if (!asked) return openDevice(id);
  const threads = Number(asked);
  if (!Number.isSafeInteger(threads) || threads < 1)
    throw new AppError('bad-input', `FOVEA_THREADS=${asked} is no number of threads`, {
      reason: 'write a whole number from 1, or leave it out for all processors',
    });
  return id === 'cpu' ? onnxExecutor({ threads }) : openDevice(id);
}
