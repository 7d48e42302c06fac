// Where WebGPU can be tested without a GPU: the software Vulkan driver that @sparticuz/chromium carries.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const modules = fileURLToPath(new URL('../../../../../node_modules/', import.meta.url));

/** What a process needs in its environment to find the driver, or why there is none. */
export async function softwareGpu(): Promise<{ environment: NodeJS.ProcessEnv } | { lacks: string }> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { lacks: 'the driver is for Linux on x64' };
  const archive = path.join(modules, '@sparticuz', 'chromium', 'bin', 'swiftshader.tar.br');
  if (!existsSync(archive)) return { lacks: '@sparticuz/chromium is not installed' };
  const manifest = readFileSync(path.join(modules, '@sparticuz', 'chromium', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const home = path.join(modules, '.cache', `swiftshader-${version}`);
  if (!existsSync(home)) await unpack(archive, home);
  const driver = path.join(home, 'vk_swiftshader_icd.json');
  return {
    environment: {
      ...process.env,
      LD_LIBRARY_PATH: [home, process.env.LD_LIBRARY_PATH].filter(Boolean).join(path.delimiter),
      VK_DRIVER_FILES: driver,
      VK_ICD_FILENAMES: driver, // of older Vulkan loaders
    },
  };
}

/** Aside first, so that a killed unpacking breaks no later test. */
async function unpack(archive: string, home: string): Promise<void> {
  const { inflate } = await import('@sparticuz/chromium');
  const aside = `${home}.${process.pid}`;
  mkdirSync(aside, { recursive: true });
  const before = process.env.TMPDIR;
  process.env.TMPDIR = aside; // the only way to tell the package where to unpack
  try {
    await inflate(archive);
    renameSync(aside, home);
  } catch (error) {
    if (!existsSync(home)) throw error; // another process may have been quicker
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(aside, { recursive: true, force: true });
  }
}
