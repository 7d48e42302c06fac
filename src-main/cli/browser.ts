// Opens the person's browser: Chromium or a relative in a window of its own if there is one, else
// whatever the system opens addresses with.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** How long a browser may take to fail. */
const FAILS_WITHIN_MS = 2000;
/** A browser that starts for the first time may take its time. */
const PAGE_LIVES_MS = 120_000;

const NAMES = [
  'google-chrome',
  'google-chrome-stable',
  'chromium',
  'chromium-browser',
  'microsoft-edge',
  'brave-browser',
];

/** Chromium browsers where they are usually installed, FOVEA_BROWSER first. */
function chromiums(environment: NodeJS.ProcessEnv = process.env): string[] {
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

/**
 * Opens an address that is for this person alone. Every user of a machine may read the command lines of all
 * programs, so the browser is given a page that only this user may read, and that page leads on.
 * @returns null, or why no browser was opened
 */
export async function openInBrowser(address: string): Promise<string | null> {
  if (!hasDisplay()) return 'there is no display';
  try {
    const page = pathToFileURL(writePrivatePage(address)).href;
    const [chromium] = chromiums();
    if (chromium && (await staysUp(chromium, [`--app=${page}`]))) return null;
    const { default: open } = await import('open');
    await open(page);
    return null;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/**
 * A page that leads to the address, in a file of mode 600 that is gone after a while, or when this ends.
 * @param home  of the person
 */
export function writePrivatePage(address: string, home = os.homedir()): string {
  const folder = fs.mkdtempSync(path.join(placeForPages(home), 'fovea-'));
  const file = path.join(folder, 'open.html');
  fs.writeFileSync(
    file,
    `<!doctype html><meta charset="utf-8"><title>Fovea</title>\n` +
      `<meta http-equiv="refresh" content="0; url=${address}">\n`,
    { mode: 0o600, flag: 'wx' },
  );
  const remove = () => fs.rmSync(folder, { recursive: true, force: true });
  setTimeout(remove, PAGE_LIVES_MS).unref();
  process.once('exit', remove);
  return file;
}

/** Browsers that come as snaps read no hidden folder of the home and have a temporary folder of their own. */
function placeForPages(home: string): string {
  const snaps = ['chromium', 'firefox'].map((name) => path.join(home, 'snap', name, 'common'));
  return snaps.find((folder) => fs.existsSync(folder)) ?? os.tmpdir();
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
