// What trains and computes: ids of devices, and what is known of each on this machine.

import { z } from 'zod';

/** What can train: the processor, GPUs through ONNX Runtime's providers, and TensorFlow.js. */
export const deviceIds = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml', 'tensorflow'] as const;
export type DeviceId = (typeof deviceIds)[number];
/** A device, or 'auto': the fastest of those that pass a training step here. */
export const deviceSchema = z.enum(['auto', ...deviceIds]);
export type DeviceChoice = z.infer<typeof deviceSchema>;

export interface DeviceInfo {
  id: string;
  title: string;
  available: boolean;
  /** Why it is out, or how it was tried. */
  reason: string;
  /** In a training step of a small network; null where it was not measured. */
  picturesPerSecond: number | null;
}
