// fovea project create DIR

import path from 'node:path';
import { makeFolder } from '../files/write-file.ts';
import { withCore } from './session.ts';
import type { Terminal } from './terminal.ts';

export async function createProject(terminal: Terminal, dir: string): Promise<void> {
  const folder = path.resolve(dir);
  const parent = path.dirname(folder);
  await withCore(terminal, async ({ core }) => {
    makeFolder(parent);
    const { id, name } = await core.call('projects.create', {
      name: path.basename(folder),
      parent: core.refer(parent),
    });
    terminal.answer({ id, name, project: folder }, [`Made the project ${name} in ${folder}`]);
  });
}
