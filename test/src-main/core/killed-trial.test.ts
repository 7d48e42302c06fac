import { expect, it } from 'vitest';
import { AppError } from '../../../src-main/contracts/errors.ts';
import { openDevices } from '../../../src-main/core/devices.ts';
import type { Workers } from '../../../src-main/core/worker-pool.ts';

it('a trial that was killed does not keep the processor from training', async () => {
  let trials = 0;
  const devices = openDevices({
    callAlone: () => {
      trials += 1;
      return Promise.reject(new AppError('unavailable', 'the trial process is gone', { place: 'worker' }));
    },
  } as unknown as Workers);
  devices.known();
  while (devices.known().some(({ reason }) => reason === 'being tried')) await new Promise(setImmediate);
  expect(trials).toBeGreaterThan(0);
  expect(devices.known().find(({ id }) => id === 'cpu')).toMatchObject({ available: false });
  expect(() => devices.refuseAbsent('cpu')).not.toThrow();
  expect(await devices.choose('cpu')).toMatchObject({ id: 'cpu' });
});
