// Writing a project's annotations in a format that other tools read, with copies of the pictures: in a process of its
// own, as rasterising and encoding a large project takes long.

import fs from 'node:fs';
import path from 'node:path';
import { AppError, toErrorRecord } from '../contracts/errors.ts';
import type { Exported } from '../contracts/exports.ts';
import type { WorkerEvent } from '../contracts/worker-protocol.ts';
import { modeOf } from '../files/write-file.ts';
import { formatById } from '../formats/index.ts';
import type { Context, Handlers } from '../core/context.ts';
import type { JobHandle } from '../core/jobs.ts';
import { nameOf, type OpenProject } from '../core/open-project.ts';
import { writeFolderWhole } from '../core/unfinished.ts';
import { isWorkerDeath } from '../core/worker-pool.ts';

export const exportHandlers: Handlers<'exports.losses' | 'exports.start'> = {
  'exports.losses': async (context, exported, signal) => {
    const { folder } = context.project();
    checkWritable(exported);
    const writer = context.workers.openWriter();
    const end = () => void writer.end();
    signal.addEventListener('abort', end, { once: true });
    try {
      return await writer.call('exportLosses', { project: folder, exported });
    } finally {
      signal.removeEventListener('abort', end);
      end();
    }
  },
  'exports.start': (context, { folder, name, ...exported }) => {
    const project = context.project();
    const title = checkWritable(exported);
    const { format } = exported;
    const chosen = context.files.resolve(folder);
    const target =
      name === undefined ? freeFolder(chosen, `${nameOf(project)} ${format}`) : newFolder(chosen, name);
    return context.jobs.start(
      { kind: 'export', title: `Export as ${title}`, unit: 'pictures' },
      async (handle) => {
        let written = { images: 0, annotations: 0 };
        await writeFolderWhole(
          context.options.dataFolder,
          target,
          async (out) => (written = await write(context, project, exported, out, handle)),
          modeOf(project.folder),
        );
        return { format, place: context.files.shorten(target), ...written };
      },
    ).id;
  },
};

/** When it is over, whether well or not, nothing is written any more. */
async function write(
  context: Context,
  { folder }: OpenProject,
  exported: Exported,
  out: string,
  { signal, progress }: JobHandle,
): Promise<{ images: number; annotations: number }> {
  const writer = context.workers.openWriter();
  const copying = new Set<Promise<unknown>>();
  const copy = async (ticket: number, file: string, to: string): Promise<void> => {
    const error = await context.workers
      .decode('copyUpright', { file, out: to })
      .then(() => null, toErrorRecord);
    await writer.call('copied', { ticket, error }).catch(() => undefined); // the writer has ended
  };
  const onEvent = (event: WorkerEvent) => {
    if (event.kind === 'progress') progress(event.done, event.total);
    if (event.kind !== 'copy') return;
    const one = copy(event.ticket, event.file, event.out);
    copying.add(one);
    void one.then(() => copying.delete(one));
  };
  const end = () => void writer.end();
  signal.addEventListener('abort', end, { once: true });
  try {
    signal.throwIfAborted();
    return await writer.call('writeSet', { project: folder, exported, out }, onEvent);
  } catch (thrown) {
    signal.throwIfAborted();
    if (!isWorkerDeath(thrown)) throw thrown;
    const reason = `it took too much memory or time: ${(thrown as AppError).detail.reason}`;
    throw new AppError('unavailable', `the export was not finished: ${reason}`, { reason }, thrown);
  } finally {
    signal.removeEventListener('abort', end);
    await writer.end();
    await Promise.all(copying);
  }
}

/** @returns its title @throws AppError 'bad-input' */
function checkWritable({ format, pictures }: Exported): string {
  const { title, write: canWrite, isPictures = false } = formatById(format);
  if (!canWrite) throw new AppError('bad-input', `${title} can be read, not written`);
  if (isPictures && pictures === 'leave')
    throw new AppError('bad-input', `${title} are nothing without their pictures`, {
      reason: 'copy them or link them',
    });
  return title;
}

/** @throws AppError 'conflict' if something of that name is there */
function newFolder(chosen: string, name: string): string {
  const folder = path.join(chosen, name);
  if (fs.existsSync(folder))
    throw new AppError('conflict', `${name} is there already`, {
      reason: 'give the new folder another name',
    });
  return folder;
}

/** The folder itself if it is empty, else a new one in it, so that nothing of a person's is written over. */
function freeFolder(chosen: string, name: string): string {
  if (fs.readdirSync(chosen).length === 0) return chosen;
  for (let number = 1; ; number++) {
    const folder = path.join(chosen, number === 1 ? name : `${name} ${number}`);
    if (!fs.existsSync(folder)) return folder;
  }
}
