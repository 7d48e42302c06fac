// Bundles what Electron and the packages run: the main process, the preload script, and the workers'
// program with its thread. A checkout's own workers run from source; only a package, whose sources lie in an
// archive that plain Node cannot read, needs those two.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'esbuild';

/** Packages with native parts stay outside a bundle; electron-builder.yml unpacks what plain Node needs. */
const leftOutside = ['electron', 'better-sqlite3', 'onnxruntime-node', 'sharp', '@tensorflow/*'];

const root = fileURLToPath(new URL('../..', import.meta.url));

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node24',
  external: leftOutside,
  logLevel: 'warning',
  metafile: true,
} satisfies BuildOptions;

/** CommonJS packages inside an ES module still ask for `require`. */
const banner = {
  js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
};

export const bundles: Record<
  'main' | 'preload' | 'worker' | 'batchThread',
  BuildOptions & { metafile: true }
> = {
  main: {
    ...common,
    entryPoints: ['src-main/shell/main.ts'],
    outfile: 'dist/shell/main.js',
    format: 'esm',
    banner,
  },
  // A sandboxed preload script is one CommonJS file.
  preload: {
    ...common,
    entryPoints: ['src-main/shell/preload.ts'],
    outfile: 'dist/shell/preload.cjs',
    format: 'cjs',
  },
  worker: {
    ...common,
    entryPoints: ['src-main/worker/main.ts'],
    outfile: 'dist/worker/main.mjs',
    format: 'esm',
    banner,
  },
  // A thread of the worker is a program of its own, found beside it.
  batchThread: {
    ...common,
    entryPoints: ['src-main/engine/data/batch-thread.ts'],
    outfile: 'dist/worker/batch-thread.mjs',
    format: 'esm',
    banner,
  },
};

async function buildShell(): Promise<void> {
  await Promise.all(Object.values(bundles).map((options) => build(options)));
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url))
  await buildShell();
