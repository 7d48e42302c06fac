// fovea export PROJECT --format ID --out DIR [--pictures copy|link|leave] [--split PART] [--class NAME]

import fs from 'node:fs';
import path from 'node:path';
import type { Split } from '../contracts/dataset.ts';
import { AppError } from '../contracts/errors.ts';
import type { Exported } from '../contracts/exports.ts';
import { makeFolder, modeOf } from '../files/write-file.ts';
import { withCore } from './session.ts';
import type { Terminal } from './terminal.ts';

interface Options extends Pick<Exported, 'format' | 'pictures'> {
  out: string;
  split?: Split;
  class?: string;
}

export async function exportTo(
  terminal: Terminal,
  project: string,
  { format, out, pictures, split, class: className }: Options,
): Promise<void> {
  const folder = path.resolve(out);
  await withCore(terminal, async ({ core, open, finish }) => {
    await open(project);
    makeFolder(folder, modeOf(path.resolve(project)));
    if (fs.readdirSync(folder).length > 0)
      throw new AppError('conflict', `${out} is not empty`, { reason: 'choose a new or empty folder' });
    const include: Exported['include'] = { ...(split && { split }) };
    if (className !== undefined) {
      const { classes } = (await core.call('projects.current', {}))!;
      const found = classes.find(({ name }) => name === className.normalize('NFC'));
      if (!found)
        throw new AppError('not-found', `there is no class "${className}"`, {
          reason: `known are ${classes.map(({ name }) => name).join(', ') || 'none'}`,
        });
      include.classId = found.id;
    }
    const exported = { format, pictures, include };
    const { losses } = await core.call('exports.losses', exported);
    if (losses.length > 0) terminal.note(`${format} cannot hold all of this project:`);
    for (const { what, count } of losses) terminal.note(`  ${count} × ${what}`);
    const id = await core.call('exports.start', { ...exported, folder: core.refer(folder) });
    const { images, annotations } = (await finish(id)).result as { images: number; annotations: number };
    terminal.answer({ format, out: folder, images, annotations, losses }, [
      `Wrote ${images} pictures and ${annotations} annotations to ${folder}`,
    ]);
  });
}
