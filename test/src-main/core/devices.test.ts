import { describe, expect, it } from 'vitest';
import { startCore, scratchFolder } from '../services/scratch-core.ts';

/** A device that exists on other systems only. */
const elsewhere = process.platform === 'win32' ? 'coreml' : 'dml';

describe('choosing a device', () => {
  it('refuses one that is not there in one line, naming it and the reason', async () => {
    const core = startCore(scratchFolder());
    await expect(core.call('devices.choose', { device: elsewhere })).rejects.toMatchObject({
      code: 'unavailable',
      detail: { place: elsewhere, reason: expect.stringMatching(/^only on /) },
    });
  });

  it('takes the CPU untried when asked to', async () => {
    const core = startCore(scratchFolder());
    expect(await core.call('devices.choose', { device: 'cpu' })).toEqual({
      id: 'cpu',
      reason: 'as asked for',
    });
  });

  it('keeps a run on the device it began on', async () => {
    const core = startCore(scratchFolder());
    expect(await core.call('devices.choose', { device: 'auto', before: 'cpu' })).toEqual({
      id: 'cpu',
      reason: 'as the run began',
    });
  });

  it('survives a device whose trial takes its process down', async () => {
    // A worker that dies at once stands for a driver that crashes it.
    const entry = new URL('dying-worker.mjs', import.meta.url).pathname;
    const core = startCore(scratchFolder(), { worker: { node: process.execPath, entry } });
    const devices = await core.call('devices.list', {});
    expect(devices.find(({ id }) => id === 'webgpu')).toMatchObject({
      available: false,
      reason: 'its trial failed: ended by SIGABRT',
    });
    await expect(core.call('devices.choose', { device: 'webgpu' })).rejects.toMatchObject({
      code: 'unavailable',
    });
  });
});
