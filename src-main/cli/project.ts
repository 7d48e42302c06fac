// fovea project create DIR [--shared], backups DIR, restore DIR [BACKUP]

import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import { makeFolder } from '../files/write-file.ts';
import { withCore } from './session.ts';
import type { Terminal } from './terminal.ts';

export async function createProject(
  terminal: Terminal,
  dir: string,
  { shared = false }: { shared?: boolean },
): Promise<void> {
  const folder = path.resolve(dir);
  const parent = path.dirname(folder);
  await withCore(terminal, async ({ core }) => {
    makeFolder(parent);
    const { id, name } = await core.call('projects.create', {
      name: path.basename(folder),
      parent: core.refer(parent),
      shared,
    });
    terminal.answer({ id, name, project: folder }, [`Made the project ${name} in ${folder}`]);
  });
}

export async function listBackups(terminal: Terminal, dir: string): Promise<void> {
  await withCore(terminal, async ({ core }) => {
    const backups = await core.call('projects.backups', {
      project: { folder: core.refer(path.resolve(dir)) },
    });
    terminal.answer(
      { backups },
      backups.length === 0
        ? ['There is no backup yet.']
        : backups.map(
            ({ name, at, sizeBytes }) => `${new Date(at).toISOString()}  ${sizeBytes} bytes  ${name}`,
          ),
    );
  });
}

/** @param name  the newest copy that the app made by itself, if none is named */
export async function restore(terminal: Terminal, dir: string, name?: string): Promise<void> {
  await withCore(terminal, async ({ core }) => {
    const project = { folder: core.refer(path.resolve(dir)) };
    const backups = await core.call('projects.backups', { project });
    const backup = name ?? backups.find((one) => !one.name.includes('replaced'))?.name;
    if (backup === undefined)
      throw new AppError('not-found', `${path.basename(path.resolve(dir))} has no backup`);
    const { id, name: title } = await core.call('projects.restore', { project, backup });
    terminal.answer({ id, name: title, backup }, [
      `Restored ${title} from ${backup}; what was there before is kept in backups/`,
    ]);
  });
}
