import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openPreferences } from '../../../src-main/core/preferences.ts';

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fovea-preferences-'))));
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

it('keeps each of many preferences that are set at once', async () => {
  const { set } = openPreferences(folder);
  await Promise.all(Array.from({ length: 40 }, (_, index) => set(`panel-${index}`, index)));
  const all = openPreferences(folder).all();
  expect(Object.keys(all)).toHaveLength(40);
  expect(all['panel-39']).toBe(39);
});

it('refuses what would make the file slow to read and write, however it is divided, and keeps the rest', async () => {
  const { set, all } = openPreferences(folder);
  await set('theme', 'dark');
  await expect(set('large', 'x'.repeat(200_000))).rejects.toThrow('preference large does not fit');
  const settled = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => set(`piece-${index}`, 'x'.repeat(90_000))),
  );
  expect(settled.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(5);
  expect(fs.statSync(path.join(folder, 'settings.json')).size).toBeLessThan(1_000_100);
  expect(all()['theme']).toBe('dark');
  await set('theme', 'light'); // small ones still fit
  expect(all()['theme']).toBe('light');
});
