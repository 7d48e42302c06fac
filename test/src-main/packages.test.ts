// How the packages are installed: what the lock file has to keep.

import fs from 'node:fs';
import { expect, it } from 'vitest';

const read = (name: string) => fs.readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

it('no install script of onnxruntime-node runs, with any npm, since it would fetch libraries and fail offline', () => {
  const { allowScripts } = JSON.parse(read('package.json')) as { allowScripts: Record<string, boolean> };
  expect(allowScripts['onnxruntime-node']).toBe(false);
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { hasInstallScript?: boolean }>;
  };
  // npm before 11 knows no allowScripts, and runs what the lock file says that there is.
  expect(packages['node_modules/onnxruntime-node']).not.toHaveProperty('hasInstallScript');
});

it('.npmrc has only what npm knows', () => {
  const keys = read('.npmrc')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('=')[0]);
  const known = ['save-exact', 'fund', 'audit', 'loglevel', 'omit-lockfile-registry-resolved'];
  expect(keys.filter((key) => !known.includes(key))).toEqual([]);
});
