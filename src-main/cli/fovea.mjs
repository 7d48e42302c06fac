#!/usr/bin/env node
// The `fovea` command. Plain JavaScript that any Node from 20.19 on can run: it runs the real command on
// the Node that Fovea is pinned to: in this process if it is that one, else in a process of its own, to which
// it passes signals and whose end is its end.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const binary = process.platform === 'win32' ? 'node.exe' : 'node';

/** The binary of the npm package `node`: in its bin folder, or in that of the package for this system. */
function pinnedNode() {
  const require = createRequire(import.meta.url);
  const home = path.dirname(require.resolve('node/package.json'));
  const system = `node-bin-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const places = [path.join(home, 'bin', binary), path.join(home, 'node_modules', system, 'bin', binary)];
  return places.find((place) => fs.existsSync(place));
}

let node;
try {
  node = pinnedNode();
} catch {
  node = undefined;
}
if (node === undefined) {
  console.error('fovea: its packages are not installed; run "npm ci" in its folder first');
  process.exit(1);
}

const main = new URL('main.ts', import.meta.url);
if (fs.realpathSync(node) === fs.realpathSync(process.execPath)) await import(main.href);
else startOn(node, fileURLToPath(main));

/** @param node @param main  absolute paths */
function startOn(node, main) {
  // The channel tells the command when this process is gone, however it went.
  const child = spawn(node, [main, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  // A terminal sends Ctrl+C to both, a program to this one only; the command takes the second of two for the first.
  // This one waits until the command has tidied up.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`fovea: ${error.message}`);
    process.exit(2);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 2);
    // Ends by the same signal, so that a shell sees what happened.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
