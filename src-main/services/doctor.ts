// What this machine can do, found out by trying, and which device that makes the one to use. Each device is tried at
// most once a start, in a process of its own, since the driver of a GPU can take a process down with it.

import type { AppInfo } from '../contracts/app.ts';
import { type DeviceInfo, deviceIds, type DeviceChoice, type DeviceId } from '../contracts/devices.ts';
import { AppError } from '../contracts/errors.ts';
import { deviceAbsence, deviceTitle, isOnlyForChecking } from '../engine/runtime/device-list.ts';
import type { Context, Handlers } from '../core/context.ts';

export const doctorHandlers: Handlers<'app.info'> = { 'app.info': (context) => info(context) };

/** A GPU's first step compiles its programs, which took a software driver half a minute. */
const trialLimitMs = 180_000;

const trials = new WeakMap<Context, Map<DeviceId, Promise<DeviceInfo>>>();
const finished = new WeakMap<Context, DeviceInfo[]>();

/** @throws AppError only when the core closes meanwhile */
function trial(context: Context, id: DeviceId): Promise<DeviceInfo> {
  const known = trials.get(context) ?? new Map<DeviceId, Promise<DeviceInfo>>();
  trials.set(context, known);
  let result = known.get(id);
  if (!result) {
    result = tried(context, id);
    known.set(id, result);
  }
  return result;
}

const untried = (id: DeviceId, available: boolean, reason: string): DeviceInfo => ({
  ...{ id, title: deviceTitle(id), available, reason },
  picturesPerSecond: null,
});

async function tried(context: Context, id: DeviceId): Promise<DeviceInfo> {
  const out = (reason: string): DeviceInfo => untried(id, false, reason);
  const absence = deviceAbsence(id);
  if (absence !== null) return out(absence);
  try {
    return await context.workers.callAlone('doctor', { device: id }, trialLimitMs);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return out(`its trial failed: ${thrown.detail.reason ?? thrown.message}`);
  }
}

/** One after the other, so that each has the machine to itself. */
export async function devices(context: Context): Promise<DeviceInfo[]> {
  const list: DeviceInfo[] = [];
  for (const id of deviceIds) list.push(await trial(context, id));
  return list;
}

/** For the window: without a trial of what is too slow to train on. */
async function tryUsable(context: Context): Promise<void> {
  const list: DeviceInfo[] = [];
  for (const id of deviceIds)
    list.push(
      isOnlyForChecking(id)
        ? untried(id, false, 'its native library is not installed: npm run enable:tensorflow')
        : await trial(context, id),
    );
  finished.set(context, list);
}

export interface ChosenDevice {
  id: DeviceId;
  /** Why, in one line. */
  reason: string;
}

/**
 * @param before  the device a run was trained on so far, which it stays on as long as that works
 * @throws AppError 'unavailable' for a device that was asked for by name and cannot train here, with the reason
 */
export async function chooseDevice(
  context: Context,
  asked: DeviceChoice,
  before = '',
): Promise<ChosenDevice> {
  if (asked === 'cpu') return { id: 'cpu', reason: 'as asked for' };
  if (asked !== 'auto') {
    const { available, title, reason } = await trial(context, asked);
    if (available) return { id: asked, reason: 'as asked for' };
    throw new AppError('unavailable', `${title} cannot train here`, { place: asked, reason });
  }
  const same = deviceIds.find((id) => id === before);
  if (same === 'cpu' || (same && (await trial(context, same)).available))
    return { id: same, reason: 'as the run began' };
  const others: DeviceInfo[] = [];
  for (const id of deviceIds)
    if (id !== 'cpu' && deviceAbsence(id) === null && !isOnlyForChecking(id)) {
      const found = await trial(context, id);
      if (found.available) others.push(found);
    }
  if (others.length === 0) return { id: 'cpu', reason: 'no other device trains here' };
  const speedOf = ({ picturesPerSecond }: DeviceInfo): number => picturesPerSecond ?? 0;
  const [first, second] = [await trial(context, 'cpu'), ...others].toSorted(
    (one, other) => speedOf(other) - speedOf(one),
  );
  const shown = (device: DeviceInfo): string => `${device.title} ${speedOf(device).toFixed(0)} pictures/s`;
  return { id: first.id as DeviceId, reason: `the fastest: ${shown(first)}, then ${shown(second)}` };
}

/**
 * For a device asked for by name, what is known without a trial, which takes long.
 * @throws AppError 'unavailable' with the reason
 */
export function refuseAbsent(context: Context, asked: DeviceChoice): void {
  if (asked === 'auto') return;
  const tried = finished.get(context)?.find(({ id }) => id === asked);
  const isLost = tried?.available === false && !isOnlyForChecking(asked);
  const reason = deviceAbsence(asked) ?? (isLost ? tried.reason : null);
  if (reason !== null)
    throw new AppError('unavailable', `${deviceTitle(asked)} cannot train here`, { place: asked, reason });
}

function info(context: Context): AppInfo {
  const { version, shell, mediaPrefix, mediaSuffix } = context.options;
  // The window asks for this before it draws anything, so it does not wait for the trials.
  if (!finished.has(context)) void tryUsable(context).catch(() => undefined); // the core closed meanwhile
  return {
    version,
    node: process.versions.node,
    shell,
    mediaPrefix,
    mediaSuffix,
    devices: finished.get(context) ?? [untried('cpu', true, 'being tried')],
  };
}
