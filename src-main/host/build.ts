// Builds what a checkout runs from dist/: the renderer, and the Electron main and preload scripts. Each is
// built only when its sources differ from those it was last built from, so that every start may ask.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import { appFolder } from './local-core.ts';

interface Target {
  /** Folder or files that the sources are, from the app's folder. */
  sources: readonly string[];
  /** Must be there for the last build to count. */
  product: string;
  build(): Promise<void>;
}

const targets = {
  renderer: {
    sources: ['src-renderer', 'src-main/contracts', 'package.json'],
    product: 'dist/renderer/index.html',
    async build() {
      const { build } = await import('vite');
      await build({ configFile: path.join(appFolder, 'src-renderer', 'vite.config.ts'), logLevel: 'error' });
    },
  },
  shell: {
    sources: ['src-main', 'package.json'],
    product: 'dist/shell/main.js',
    async build() {
      // The shell's own build script; a layer of its own, so it is run rather than imported.
      const script = path.join(appFolder, 'src-main', 'shell', 'build.ts');
      const { status } = spawnSync(process.execPath, [script], { stdio: ['ignore', 2, 2] });
      if (status !== 0) throw new AppError('internal', 'the Electron part could not be built');
    },
  },
} satisfies Record<string, Target>;

type Buildable = keyof typeof targets;

/** @returns whether anything had to be built */
export async function buildIfNeeded(
  what: Buildable,
  say: (line: string) => void = () => {},
): Promise<boolean> {
  const { sources, product, build } = targets[what];
  const stamp = path.join(appFolder, 'dist', `.${what}-sources`);
  const fingerprint = fingerprintOf(sources);
  const isBuilt =
    fs.existsSync(path.join(appFolder, product)) &&
    fs.existsSync(stamp) &&
    fs.readFileSync(stamp, 'utf8') === fingerprint;
  if (isBuilt) return false;
  say(`Building the ${what} …`);
  await build();
  fs.writeFileSync(stamp, fingerprint);
  return true;
}

/** Hash of names and contents: times of change say nothing after a checkout or a copy. */
function fingerprintOf(sources: readonly string[]): string {
  const hash = createHash('sha256');
  for (const source of sources) {
    const place = path.join(appFolder, source);
    const files = fs.statSync(place).isDirectory()
      ? (fs.readdirSync(place, { recursive: true }) as string[]).sort().map((name) => path.join(place, name))
      : [place];
    for (const file of files)
      if (fs.statSync(file).isFile())
        hash.update(path.relative(appFolder, file)).update('\0').update(fs.readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

if (import.meta.main)
  for (const what of ['renderer', 'shell'] as const) await buildIfNeeded(what, console.log);
