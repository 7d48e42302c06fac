// What this machine can do, found out by trying.

import type { AppInfo, DeviceInfo } from '../contracts/api.ts';
import type { Context, Handlers } from './context.ts';

export const doctorHandlers: Handlers<'app.info'> = { 'app.info': (context) => info(context) };

const tried = new WeakMap<Context, { devices: DeviceInfo[] | null; done: Promise<DeviceInfo[]> }>();

function trial(context: Context) {
  let entry = tried.get(context);
  if (!entry) {
    const done = context.workers.call('interactive', 'doctor', {}).value;
    const begun: { devices: DeviceInfo[] | null; done: Promise<DeviceInfo[]> } = { devices: null, done };
    done.then(
      (devices) => (begun.devices = devices),
      () => tried.delete(context),
    );
    tried.set(context, begun);
    entry = begun;
  }
  return entry;
}

/** Each device is tried once a start. */
export const devices = (context: Context): Promise<DeviceInfo[]> => trial(context).done;

function info(context: Context): AppInfo {
  const { version, shell, mediaPrefix, mediaSuffix } = context.options;
  return {
    version,
    node: process.versions.node,
    shell,
    mediaPrefix,
    mediaSuffix,
    // The window asks for this before it draws anything, so it does not wait for the trial.
    devices: trial(context).devices ?? [
      { id: 'cpu', title: 'CPU (ONNX Runtime)', available: true, reason: 'being tried' },
    ],
  };
}
