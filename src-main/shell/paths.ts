// Where the parts of the app lie: in a checkout, and in a package, where plain Node can read only what was
// unpacked beside the archive.

import path from 'node:path';

export interface Surroundings {
  packaged: boolean;
  /** Root of the checkout, or `app.asar`. */
  appFolder: string;
  /** The package's folder of extra resources. */
  resources: string;
  platform: NodeJS.Platform;
  /** What is not part of a project. */
  dataFolder: string;
}

interface AppPaths {
  /** Chromium's own files, and the window's place. */
  window: string;
  renderer: string;
  preload: string;
  icon: string;
  /** How a worker process is started. */
  worker: { node: string; entry: string };
  /** Weights that come with the app. */
  weights: string;
}

export function pathsOf(around: Surroundings): AppPaths {
  const { packaged, appFolder, resources, platform } = around;
  const binary = platform === 'win32' ? 'node.exe' : 'node';
  return {
    window: path.join(around.dataFolder, 'window'),
    renderer: path.join(appFolder, 'dist', 'renderer'),
    preload: path.join(appFolder, 'dist', 'shell', 'preload.cjs'),
    icon: packaged ? path.join(resources, 'icon.png') : path.join(appFolder, 'resources', 'icon.png'),
    weights: packaged ? path.join(resources, 'weights') : path.join(appFolder, 'resources', 'weights'),
    worker: packaged
      ? {
          node: path.join(resources, binary),
          entry: path.join(resources, 'app.asar.unpacked', 'dist', 'worker', 'main.mjs'),
        }
      : {
          node: path.join(appFolder, 'node_modules', 'node', 'bin', binary),
          entry: path.join(appFolder, 'src-main', 'worker', 'main.ts'),
        },
  };
}
