// Opens the person's browser: Chromium or a relative in a window of its own if there is one, else
// whatever the system opens addresses with.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** How long a browser may take to fail. */
const FAILS_WITHIN_MS = 2000;

const NAMES = [
  'google-chrome',
  'google-chrome-stable',
  'chromium',
  'chromium-browser',
  'microsoft-edge',
  'brave-browser',
];

/** Chromium browsers where they are usually installed, FOVEA_BROWSER first. */
export function chromiums(environment: NodeJS.ProcessEnv = process.env): string[] {
  const { platform } = process;
  const named = environment.FOVEA_BROWSER ? [environment.FOVEA_BROWSER] : [];
  if (platform === 'darwin') {
    const apps = ['Google Chrome', 'Chromium', 'Microsoft Edge', 'Brave Browser'];
    return existing([...named, ...apps.map((app) => `/Applications/${app}.app/Contents/MacOS/${app}`)]);
  }
  if (platform === 'win32') {
    const homes = [environment.PROGRAMFILES, environment['PROGRAMFILES(X86)'], environment.LOCALAPPDATA];
    const apps = [
      path.join('Google', 'Chrome', 'Application', 'chrome.exe'),
      path.join('Microsoft', 'Edge', 'Application', 'msedge.exe'),
    ];
    return existing([
      ...named,
      ...homes.flatMap((home) => (home ? apps.map((app) => path.join(home, app)) : [])),
    ]);
  }
  const folders = (environment.PATH ?? '').split(path.delimiter).filter(Boolean);
  return existing([...named, ...NAMES.flatMap((name) => folders.map((folder) => path.join(folder, name)))]);
}

const existing = (files: string[]): string[] => files.filter((file) => fs.existsSync(file));

/** Whether windows can be shown at all. */
export const hasDisplay = (environment: NodeJS.ProcessEnv = process.env): boolean =>
  process.platform !== 'linux' || Boolean(environment.DISPLAY || environment.WAYLAND_DISPLAY);

/** @returns null, or why no browser was opened */
export async function openInBrowser(url: string): Promise<string | null> {
  if (!hasDisplay()) return 'there is no display';
  const [chromium] = chromiums();
  if (chromium && (await staysUp(chromium, [`--app=${url}`]))) return null;
  try {
    const { default: open } = await import('open');
    await open(url);
    return null;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** Starts a program that outlives this one; false if it fails at once. */
function staysUp(file: string, args: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { detached: true, stdio: 'ignore' });
    child.unref();
    const timer = setTimeout(() => resolve(true), FAILS_WITHIN_MS);
    child.on('error', () => {
      clearTimeout(timer);
      resolve(false);
    });
    // A browser that is running already takes the address and ends with 0.
    child.on('exit', (status) => {
      clearTimeout(timer);
      resolve(status === 0);
    });
  });
}
