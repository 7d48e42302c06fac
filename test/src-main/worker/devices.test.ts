import { expect, it } from 'vitest';
import { openHere } from '../../../src-main/worker/devices.ts';

it('FOVEA_THREADS is a whole number from 1, and anything else is refused by name', () => {
  expect(openHere('cpu', '1').id).toBe('cpu');
  expect(openHere('cpu', '').id).toBe('cpu');
  for (const asked of ['0', '1.5', 'two', '-1'])
    expect(() => openHere('cpu', asked)).toThrow(`FOVEA_THREADS=${asked} is no number of threads`);
});
