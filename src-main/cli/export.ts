// fovea export PROJECT --format ID --out DIR

import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import { makeFolder, modeOf } from '../files/write-file.ts';
import { withCore } from './session.ts';
import type { Terminal } from './terminal.ts';

export async function exportTo(
  terminal: Terminal,
  project: string,
  { format, out }: { format: string; out: string },
): Promise<void> {
  const folder = path.resolve(out);
  await withCore(terminal, async ({ core, open, finish }) => {
    await open(project);
    makeFolder(folder, modeOf(path.resolve(project)));
    if (fs.readdirSync(folder).length > 0)
      throw new AppError('conflict', `${out} is not empty`, { reason: 'choose a new or empty folder' });
    const losses = await core.call('exports.losses', { format });
    if (losses.length > 0) terminal.note(`${format} cannot hold all of this project:`);
    for (const { what, count } of losses) terminal.note(`  ${count} × ${what}`);
    const id = await core.call('exports.start', { format, folder: core.refer(folder) });
    const { images, annotations } = (await finish(id)).result as { images: number; annotations: number };
    terminal.answer({ format, out: folder, images, annotations, losses }, [
      `Wrote ${images} pictures and ${annotations} annotations to ${folder}`,
    ]);
  });
}
