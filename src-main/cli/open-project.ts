// Opens the project that a command names. One from elsewhere is asked about first, as the window does.

import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { ProjectState } from '../contracts/projects.ts';
import type { Core } from '../core/core.ts';
import type { Terminal } from './terminal.ts';

/** @throws AppError 'refused' if it uses places outside its folder that nobody confirmed */
export async function openProject(core: Core, terminal: Terminal, place: string): Promise<ProjectState> {
  const folder = core.refer(path.resolve(place));
  try {
    return await core.call('projects.open', { folder });
  } catch (thrown) {
    const { confirm, places } = thrown instanceof AppError ? thrown.detail : {};
    if (!(thrown instanceof AppError) || typeof confirm !== 'string') throw thrown;
    const listed = String(places).split('\n');
    const question = [`${thrown.message}:`, ...listed.map((one) => `  ${one}`), 'Let it use them?'];
    if (terminal.trusts || (await terminal.ask(question)))
      return core.call('projects.open', { folder, confirm });
    throw new AppError('refused', `${thrown.message} (${listed.join(', ')})`, {
      reason: 'it was not made or opened here before; --trust lets it use them',
    });
  }
}
