// fovea serve [PROJECT] --port N --no-open --root DIR

import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import { isWholeDisk } from '../core/file-refs.ts';
import { buildIfNeeded } from '../host/build.ts';
import { startHost } from '../host/server.ts';
import { openInBrowser } from './browser.ts';
import { openProject } from './open-project.ts';
import { onLeave } from './session.ts';
import type { Terminal } from './terminal.ts';

interface Options {
  port: number;
  open: boolean;
  root: string[];
}

export async function serve(
  terminal: Terminal,
  project: string | undefined,
  { port, open, root }: Options,
): Promise<void> {
  await buildIfNeeded('renderer', terminal.note);
  const host = await startHost({
    port,
    roots: root.map(folderAt),
    onUsed: (address) => terminal.note(`That address was used before. A new one: ${address}`),
  });
  onLeave(() => host.close(), true);
  try {
    if (project !== undefined) await openProject(host.core, terminal, project);
  } catch (thrown) {
    await host.close();
    throw thrown;
  }
  if (isWholeDisk(process.cwd()))
    terminal.note(
      'Started in the root of the disk: the folder browser shows your home folder, what is mounted, and the ' +
        'folders that --root and FOVEA_ROOTS name.',
    );
  const url = host.newAddress();
  terminal.answer({ url, port: host.port, pid: process.pid }, [
    `Fovea is at ${url}`,
    'This address opens once, for one browser; opened again, a new one is printed here. Ctrl+C ends Fovea.',
  ]);
  if (open) {
    const problem = await openInBrowser(host.newAddress());
    if (problem !== null) terminal.note(`No browser was opened: ${problem}. Open the address above.`);
  }
  // Its server keeps the process; the signal that ends it is the only way out.
  await new Promise<never>(() => {});
}

/** @throws AppError 'bad-input' for a root that is no folder: it would be missing from the browser without a word */
function folderAt(root: string): string {
  const folder = path.resolve(root);
  if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new AppError('bad-input', `--root ${root} is no folder`);
  return folder;
}
