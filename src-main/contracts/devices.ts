// What trains and computes: ids of devices, and what is known of each on this machine.

import { z } from 'zod';
import { none, reads } from './call.ts';

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

/** The device that a choice comes to here. */
export interface ChosenDevice {
  id: DeviceId;
  /** Why, in one line. */
  reason: string;
}

export const deviceCalls = {
  /** Tries each device that was not tried yet, one after the other. */
  'devices.list': reads<DeviceInfo[]>()(none),
  /** What training on `device` would use; `before` is what a run was trained on so far. */
  'devices.choose': reads<ChosenDevice>()(
    z.object({ device: deviceSchema, before: z.string().max(64).default('') }),
  ),
};
