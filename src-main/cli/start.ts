// fovea start, which `npm start` calls: the app in an Electron window, or, where that cannot be had, the
// same app in the person's browser, with one line that says why.

import { buildIfNeeded } from '../host/build.ts';
import { findElectron, runElectron } from './electron.ts';
import { serve } from './serve.ts';
import type { Terminal } from './terminal.ts';

export async function start(terminal: Terminal): Promise<void> {
  await buildIfNeeded('renderer', terminal.note);
  const found = await findElectron(terminal.note);
  let problem: string | null;
  if ('binary' in found) {
    await buildIfNeeded('shell', terminal.note);
    problem = await runElectron(found.binary);
    if (problem === null) return;
  } else problem = found.missing;
  terminal.note(`Serving to the browser instead of opening a window: ${problem}.`);
  await serve(terminal, undefined, { port: 0, open: true, root: [] });
}
