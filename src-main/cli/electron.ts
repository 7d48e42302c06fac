// Finds Electron's binary, or has its package fetch it: since version 42 the package does so on first use.
// An attempt that fails is not repeated for a day, so that starting without a network stays quick.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { makeFolder } from '../files/write-file.ts';
import { appFolder } from '../host/local-core.ts';
import { hasDisplay } from './browser.ts';

/** Without a byte more for this long, a download is taken for stuck. */
const STALLED_MS = 10_000;
const NOT_AGAIN_FOR_MS = 24 * 60 * 60 * 1000;
/** An Electron that ends with an error before this could not start. */
const FAILS_WITHIN_MS = 10_000;

type Found = { binary: string } | { missing: string };

/** @param say  told before something that takes long */
export async function findElectron(say: (line: string) => void): Promise<Found> {
  if (!hasDisplay()) return { missing: 'there is no display' };
  if (process.getuid?.() === 0) return { missing: 'Electron does not run as root' };
  const home = electronHome();
  if (home === null) return { missing: 'the electron package is not installed' };
  const binary = binaryIn(home);
  if (binary) return { binary };

  const failed = path.join(appFolder, 'dist', '.electron-failed');
  const version = JSON.parse(fs.readFileSync(path.join(home, 'package.json'), 'utf8')).version as string;
  if (failedLately(failed, version)) return { missing: 'its binary could not be fetched lately' };
  say('Fetching Electron (once) …');
  const problem = await fetchBinary(home);
  const fetched = binaryIn(home);
  if (problem === null && fetched) return { binary: fetched };
  makeFolder(path.dirname(failed));
  fs.writeFileSync(failed, version);
  return { missing: problem ?? 'its binary could not be fetched' };
}

/** Runs the app; null once it has ended, or why it could not start. */
export function runElectron(binary: string): Promise<string | null> {
  return new Promise((resolve) => {
    const begun = Date.now();
    const child = spawn(binary, [appFolder], { stdio: 'inherit' });
    const forward = (signal: NodeJS.Signals) => child.kill(signal);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, forward);
    const end = (problem: string | null) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, forward);
      resolve(problem);
    };
    child.on('error', (error) => end(error.message));
    child.on('exit', (status, signal) =>
      end(
        signal === null && status !== 0 && Date.now() - begun < FAILS_WITHIN_MS
          ? `Electron could not start (status ${status})`
          : null,
      ),
    );
  });
}

function electronHome(): string | null {
  try {
    return path.dirname(createRequire(import.meta.url).resolve('electron/package.json'));
  } catch {
    return null;
  }
}

function binaryIn(home: string): string | null {
  try {
    const binary = path.join(home, 'dist', fs.readFileSync(path.join(home, 'path.txt'), 'utf8').trim());
    return fs.existsSync(binary) ? binary : null;
  } catch {
    return null;
  }
}

const failedLately = (mark: string, version: string): boolean =>
  fs.existsSync(mark) &&
  fs.readFileSync(mark, 'utf8') === version &&
  Date.now() - fs.statSync(mark).mtimeMs < NOT_AGAIN_FOR_MS;

/** Runs the package's own installer, watched by what it writes. @returns null, or why it failed */
function fetchBinary(home: string): Promise<string | null> {
  // The installer downloads into the folder for temporary files: an own one shows how far it is.
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fovea-electron-'));
  return new Promise<string | null>((resolve) => {
    const child = spawn(process.execPath, [path.join(home, 'install.js')], {
      stdio: 'ignore',
      env: { ...process.env, TMPDIR: folder, TEMP: folder, TMP: folder },
    });
    let size = -1;
    let grownAt = Date.now();
    const watch = setInterval(() => {
      const now = sizeOf(folder) + sizeOf(path.join(home, 'dist'));
      if (now !== size) grownAt = Date.now();
      size = now;
      if (Date.now() - grownAt > STALLED_MS) child.kill('SIGKILL');
    }, 500);
    const end = (problem: string | null) => {
      clearInterval(watch);
      resolve(problem);
    };
    child.on('error', (error) => end(error.message));
    child.on('exit', (status) => end(status === 0 ? null : 'its binary could not be fetched'));
  }).finally(() => fs.rmSync(folder, { recursive: true, force: true }));
}

function sizeOf(folder: string): number {
  let total = 0;
  try {
    for (const name of fs.readdirSync(folder, { recursive: true }) as string[])
      total += fs.statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    // Not there yet, or changing while it is read: the next look will tell.
  }
  return total;
}
