// fovea serve [PROJECT] --port N --no-open

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
}

export async function serve(
  terminal: Terminal,
  project: string | undefined,
  { port, open }: Options,
): Promise<void> {
  await buildIfNeeded('renderer', terminal.note);
  const host = await startHost({
    port,
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
        'folders that FOVEA_ROOTS names.',
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
