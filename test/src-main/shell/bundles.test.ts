// What goes into the bundles of the shell and the package, and what must not.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { bundles } from '../../../src-main/shell/build.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** Packages that a bundle loads at run time, sooner or later, and its text. */
async function made(name: keyof typeof bundles): Promise<{ packages: string[]; text: string }> {
  const { metafile, outputFiles } = await build({ ...bundles[name], write: false });
  const output = Object.values(metafile.outputs)[0];
  const outside = (output?.imports ?? []).filter((one) => one.external && !isBuiltIn(one.path));
  return { packages: [...new Set(outside.map((one) => one.path))].sort(), text: outputFiles[0]?.text ?? '' };
}
const isBuiltIn = (name: string) => process.getBuiltinModule(name) !== undefined;

describe('the bundles', () => {
  it('keep sharp and ONNX Runtime out of the Electron main process, where their libraries collide with its own', async () => {
    expect((await made('main')).packages).toEqual(['better-sqlite3', 'electron']);
  });

  it('make the preload script one CommonJS file that needs nothing but electron', async () => {
    const { packages, text } = await made('preload');
    expect(packages).toEqual(['electron']);
    expect(text).not.toMatch(/^(import|export) /m);
  });

  it('have the thread of the worker ask for no package that the worker does not', async () => {
    const worker = new Set((await made('worker')).packages);
    expect((await made('batchThread')).packages.filter((name) => !worker.has(name))).toEqual([]);
  });

  it('leave of the worker only packages that the package unpacks for plain Node, with all they depend on', async () => {
    const { packages } = await made('worker');
    expect(packages).toContain('onnxruntime-node');
    expect(packages).toContain('sharp');
    const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dependencies?: Record<string, string> }>;
    };
    // Used by their install scripts only, which do not run in a package.
    const building = ['adm-zip', 'global-agent', 'node-addon-api'];
    const needed = new Set<string>();
    const add = (name: string) => {
      if (needed.has(name) || building.includes(name)) return;
      needed.add(name);
      Object.keys(lock.packages[`node_modules/${name}`]?.dependencies ?? {}).forEach(add);
    };
    packages.filter((name) => !name.startsWith('@tensorflow/')).forEach(add);
    const unpacked = readFileSync(path.join(root, 'electron-builder.yml'), 'utf8');
    for (const name of needed) {
      const folder = name.startsWith('@') ? name.split('/')[0] : name;
      expect(unpacked, name).toContain(`- node_modules/${folder}/**`);
    }
  });

  it('are packed beside the weights that come with the app, where plain Node reads them', () => {
    const packed = readFileSync(path.join(root, 'electron-builder.yml'), 'utf8');
    expect(packed).toMatch(/^extraResources:\n(?: .*\n)*  - from: resources\/weights\n    to: weights\n/m);
  });
});
