// A core of this process, with workers that run from source on the very Node that runs this.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCore, type Core } from '../core/core.ts';
import type { CoreOptions } from '../core/context.ts';
import { dataFolder } from '../core/data-folder.ts';
import { openContext } from '../core/open-context.ts';
import { demo } from '../demo/index.ts';
import { services } from '../services/index.ts';

export const appFolder = fileURLToPath(new URL('../..', import.meta.url));

export const appVersion = (): string =>
  (JSON.parse(fs.readFileSync(path.join(appFolder, 'package.json'), 'utf8')) as { version: string }).version;

export function localCore(options: Pick<CoreOptions, 'emit'> & Partial<CoreOptions>): Core {
  const context = openContext({
    dataFolder: dataFolder(),
    worker: { node: process.execPath, entry: path.join(appFolder, 'src-main', 'worker', 'main.ts') },
    weightsFolder: path.join(appFolder, 'resources', 'weights'),
    version: appVersion(),
    shell: 'browser',
    mediaPrefix: '/media',
    mediaSuffix: '',
    pick: null,
    ...options,
  });
  return createCore(context, { ...services, ...demo });
}
