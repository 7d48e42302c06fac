// What this machine can do, found out by trying, and which device that makes the one to use. Each device is tried at
// most once a start, in a process of its own, since the driver of a GPU can take a process down with it.

import {
  deviceIds,
  type ChosenDevice,
  type DeviceChoice,
  type DeviceId,
  type DeviceInfo,
} from '../contracts/devices.ts';
import { AppError } from '../contracts/errors.ts';
import { deviceAbsence, deviceTitle, isOnlyForChecking } from '../engine/runtime/device-list.ts';
import type { Workers } from './worker-pool.ts';

export interface Devices {
  /** Tries each, one after the other, so that each has the machine to itself. */
  all(): Promise<DeviceInfo[]>;
  /** What is known without waiting; begins to try what is fast enough to train on. */
  known(): DeviceInfo[];
  /**
   * @param before  the device a run was trained on so far, which it stays on as long as that works
   * @throws AppError 'unavailable' for a device that was asked for by name and cannot train here, with the reason
   */
  choose(asked: DeviceChoice, before?: string): Promise<ChosenDevice>;
  /**
   * For a device asked for by name, what is known without a trial, which takes long.
   * @throws AppError 'unavailable' with the reason
   */
  refuseAbsent(asked: DeviceChoice): void;
}

/** A GPU's first step compiles its programs, which took a software driver half a minute. */
const trialLimitMs = 180_000;

export function openDevices(workers: Workers): Devices {
  const trials = new Map<DeviceId, Promise<DeviceInfo>>();
  let tryingUsable = false;
  let finished: DeviceInfo[] | null = null;

  /** @throws AppError only when the core closes meanwhile */
  const trial = (id: DeviceId): Promise<DeviceInfo> => {
    const known = trials.get(id) ?? tried(workers, id);
    trials.set(id, known);
    return known;
  };
  const each = async (find: (id: DeviceId) => DeviceInfo | Promise<DeviceInfo>): Promise<DeviceInfo[]> => {
    const list: DeviceInfo[] = [];
    for (const id of deviceIds) list.push(await find(id));
    return list;
  };
  /** For the window: without a trial of what is too slow to train on. */
  const tryUsable = async (): Promise<void> => {
    finished = await each((id) =>
      isOnlyForChecking(id)
        ? untried(id, false, 'its native library is not installed: npm run enable:tensorflow')
        : trial(id),
    );
  };

  return {
    all: () => each(trial),
    known() {
      if (!tryingUsable) void tryUsable().catch(() => undefined); // the core closed meanwhile
      tryingUsable = true;
      return finished ?? [untried('cpu', true, 'being tried')];
    },
    async choose(asked, before = '') {
      if (asked === 'cpu') return { id: 'cpu', reason: 'as asked for' };
      if (asked !== 'auto') {
        const { available, title, reason } = await trial(asked);
        if (available) return { id: asked, reason: 'as asked for' };
        throw new AppError('unavailable', `${title} cannot train here`, { place: asked, reason });
      }
      const same = deviceIds.find((id) => id === before);
      if (same === 'cpu' || (same && (await trial(same)).available))
        return { id: same, reason: 'as the run began' };
      const others: DeviceInfo[] = [];
      for (const id of deviceIds)
        if (id !== 'cpu' && deviceAbsence(id) === null && !isOnlyForChecking(id)) {
          const found = await trial(id);
          if (found.available) others.push(found);
        }
      if (others.length === 0) return { id: 'cpu', reason: 'no other device trains here' };
      const speedOf = ({ picturesPerSecond }: DeviceInfo): number => picturesPerSecond ?? 0;
      const [first, second] = [await trial('cpu'), ...others].toSorted(
        (one, other) => speedOf(other) - speedOf(one),
      );
      const shown = (device: DeviceInfo): string =>
        `${device.title} ${speedOf(device).toFixed(0)} pictures/s`;
      return { id: first.id as DeviceId, reason: `the fastest: ${shown(first)}, then ${shown(second)}` };
    },
    refuseAbsent(asked) {
      // The processor is always there; its trial may have been killed for lack of memory.
      if (asked === 'auto' || asked === 'cpu') return;
      const found = finished?.find(({ id }) => id === asked);
      const isLost = found?.available === false && !isOnlyForChecking(asked);
      const reason = deviceAbsence(asked) ?? (isLost ? found.reason : null);
      if (reason !== null)
        throw new AppError('unavailable', `${deviceTitle(asked)} cannot train here`, {
          place: asked,
          reason,
        });
    },
  };
}

const untried = (id: DeviceId, available: boolean, reason: string): DeviceInfo => ({
  id,
  title: deviceTitle(id),
  available,
  reason,
  picturesPerSecond: null,
});

async function tried(workers: Workers, id: DeviceId): Promise<DeviceInfo> {
  const absence = deviceAbsence(id);
  if (absence !== null) return untried(id, false, absence);
  try {
    return await workers.callAlone('tryDevice', { device: id }, trialLimitMs);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return untried(id, false, `its trial failed: ${thrown.detail.reason ?? thrown.message}`);
  }
}
