// Where the parts lie, in a checkout and in a package.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { pathsOf, type Surroundings } from '../../../src-main/shell/paths.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const checkout: Surroundings = {
  packaged: false,
  appFolder: root,
  resources: '/electron/resources',
  platform: process.platform,
  dataFolder: '/home/someone/fovea',
};

describe('the places', () => {
  it('in a checkout are files that exist', () => {
    const paths = pathsOf(checkout);
    for (const file of [paths.icon, paths.worker.node, paths.worker.entry, paths.weights])
      expect(existsSync(file), file).toBe(true);
    expect(paths.window).toBe(path.join('/home/someone/fovea', 'window'));
  });

  it('in a package give plain Node nothing that lies in the archive', () => {
    const resources = '/opt/Fovea/resources';
    const paths = pathsOf({
      ...checkout,
      packaged: true,
      appFolder: `${resources}/app.asar`,
      resources,
      platform: 'win32',
    });
    expect(paths.worker).toEqual({
      node: path.join(resources, 'node.exe'),
      entry: path.join(resources, 'app.asar.unpacked', 'dist', 'worker', 'main.mjs'),
    });
    expect(paths.weights).toBe(path.join(resources, 'weights'));
    expect(paths.preload).toBe(path.join(resources, 'app.asar', 'dist', 'shell', 'preload.cjs'));
  });
});
