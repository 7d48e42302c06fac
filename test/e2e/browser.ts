// Which browser the end-to-end tests drive, and how it is started. In this order: the one FOVEA_BROWSER
// names, an installed Chrome, Chromium or Edge, and else the Chromium inside the npm package
// @sparticuz/chromium (Linux on x64), which needs nothing of the system: it brings its libraries and fonts.

import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';

interface FoundBrowser {
  executable: string;
  /** In one line, for people: where it was found. */
  from: string;
  /** What it needs beyond the process's own environment. */
  env: Record<string, string>;
}

const flags = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--force-color-profile=srgb',
];

/** The system's fonts, if it has any, and the packaged ones; the package's own file expects fixed places. */
const fontsConf = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir prefix="relative">fonts/fonts</dir>
  <cachedir prefix="relative">fonts-cache</cachedir>
</fontconfig>
`;

/** The first browser of the order above. Throws, naming every place that was looked at, if there is none. */
async function findBrowser(): Promise<FoundBrowser> {
  const named = process.env.FOVEA_BROWSER;
  if (named) {
    if (!isExecutable(named)) throw new Error(`FOVEA_BROWSER names ${named}, which cannot be executed`);
    return { executable: named, from: 'FOVEA_BROWSER', env: {} };
  }
  const places = installedPlaces();
  const installed = places.find(isExecutable);
  if (installed) return { executable: installed, from: 'installed', env: {} };
  if (process.platform === 'linux' && process.arch === 'x64') return packagedChromium();
  throw new Error(
    `no browser for the end-to-end tests: set FOVEA_BROWSER, or install Chrome, Chromium or Edge ` +
      `(looked at ${places.join(', ')})`,
  );
}

/** Starts it headless with a profile of its own that is thrown away at the end. */
export async function launchBrowser(): Promise<Browser> {
  const found = await findBrowser();
  return chromium.launch({
    executablePath: found.executable,
    headless: true,
    args: flags,
    env: { ...definedEnvironment(), ...found.env },
  });
}

function installedPlaces(): string[] {
  if (process.platform === 'darwin')
    return ['/Applications', path.join(homedir(), 'Applications')].flatMap((folder) =>
      ['Google Chrome', 'Chromium', 'Microsoft Edge'].map((name) =>
        path.join(folder, `${name}.app`, 'Contents', 'MacOS', name),
      ),
    );
  if (process.platform === 'win32')
    return [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA]
      .filter((folder) => folder !== undefined)
      .flatMap((folder) => [
        path.join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
        path.join(folder, 'Chromium', 'Application', 'chrome.exe'),
        path.join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
      ]);
  const names = [
    'google-chrome-stable',
    'google-chrome',
    'chromium',
    'chromium-browser',
    'microsoft-edge-stable',
    'microsoft-edge',
  ];
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => path.isAbsolute(folder))
    .flatMap((folder) => names.map((name) => path.join(folder, name)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Unpacks the packaged Chromium, once for each version, beside the packages. The package itself unpacks
 * into the shared temporary folder and takes a file that is there for whole; a killed unpacking would
 * break every later start, so it is unpacked aside and moved into place when complete.
 */
async function packagedChromium(): Promise<FoundBrowser> {
  const modules = fileURLToPath(new URL('../../node_modules/', import.meta.url));
  const manifest = readFileSync(path.join(modules, '@sparticuz', 'chromium', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const home = path.join(modules, '.cache', `chromium-${version}`);
  if (!existsSync(home)) {
    const aside = `${home}.${process.pid}`;
    mkdirSync(aside, { recursive: true });
    try {
      await unpackInto(aside, path.join(modules, '@sparticuz', 'chromium', 'bin'));
      writeFileSync(path.join(aside, 'fovea-fonts.conf'), fontsConf);
      renameSync(aside, home);
    } catch (error) {
      rmSync(aside, { recursive: true, force: true });
      if (!existsSync(home)) throw error; // another process may have been quicker
    }
  }
  const executable = path.join(home, 'chromium');
  const env: Record<string, string> = { FONTCONFIG_FILE: path.join(home, 'fovea-fonts.conf') };
  // The system's own libraries are preferred; the package's stand in where one is missing (libnss3, mostly).
  if (spawnSync(executable, ['--version', '--no-sandbox']).status !== 0)
    env.LD_LIBRARY_PATH = [path.join(home, 'al2023', 'lib'), process.env.LD_LIBRARY_PATH]
      .filter(Boolean)
      .join(path.delimiter);
  return { executable, from: `@sparticuz/chromium ${version}`, env };
}

async function unpackInto(folder: string, archives: string): Promise<void> {
  const { inflate } = await import('@sparticuz/chromium');
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder; // the only way to tell the package where to unpack
  try {
    await Promise.all(
      ['chromium.br', 'fonts.tar.br', 'swiftshader.tar.br', 'al2023.tar.br'].map((name) =>
        inflate(path.join(archives, name)),
      ),
    );
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
