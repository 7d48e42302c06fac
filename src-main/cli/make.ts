// fovea make sample|blockmnist|waterbirds-like … --out DIR: folders of pictures with a known shortcut, to import.

import fs from 'node:fs';
import path from 'node:path';
import type { WaterbirdsResult } from '../contracts/demo.ts';
import { AppError } from '../contracts/errors.ts';
import { makeFolder } from '../files/write-file.ts';
import { writeBlockMnist } from '../imaging/blockmnist.ts';
import { writePublished, type PublishedSet } from '../imaging/published.ts';
import { sampleDefaults, writeSample } from '../imaging/sample/index.ts';
import { withCore } from './session.ts';
import type { Terminal } from './terminal.ts';

export async function makeSample(
  terminal: Terminal,
  { out, seed, bias }: { out: string; seed: number; bias: number },
): Promise<void> {
  const folder = freeFolder(out);
  await writeSample(folder, { seed, bias });
  const { train, selection, test } = sampleDefaults;
  terminal.answer({ out: folder, seed, bias, train, selection, test }, [
    `${train + selection + test} pictures, seed ${seed}, bias ${bias}: ${folder}`,
  ]);
}

export async function makeBlockMnist(
  terminal: Terminal,
  options: { mnist: string; out: string; seed: number; train?: number; test?: number },
): Promise<void> {
  const folder = freeFolder(options.out);
  const { seed } = options;
  const { train, test } = await writeBlockMnist(path.resolve(options.mnist), folder, {
    seed,
    train: options.train ?? Infinity,
    test: options.test ?? Infinity,
  });
  for (const [part, asked, there] of [
    ['training', options.train, train],
    ['test', options.test, test],
  ] as const)
    if (asked !== undefined && asked > there)
      terminal.note(`warning: there are ${there} ${part} pictures, not ${asked}`);
  terminal.answer({ out: folder, seed, train, test }, [
    `${train} training and ${test} test pictures, seed ${seed}: ${folder}`,
  ]);
}

/** A set that is published as packed pixels, as pictures in folders by class. */
export const makePublished =
  (set: PublishedSet) =>
  async (terminal: Terminal, from: string, options: { out: string }): Promise<void> => {
    const folder = freeFolder(options.out);
    const { train, test } = await writePublished(set, path.resolve(from), folder);
    terminal.answer({ out: folder, train, test }, [`${train} training and ${test} test pictures: ${folder}`]);
  };

export async function makeWaterbirdsLike(
  terminal: Terminal,
  project: string,
  options: { out: string; correlation: number; seed: number; size: number; backgrounds?: string },
): Promise<void> {
  const folder = freeFolder(options.out);
  const { seed, correlation, size: sizePx, backgrounds } = options;
  await withCore(terminal, async ({ core, open, finish }) => {
    await open(project);
    const id = await core.call('sample.waterbirdsLike', {
      seed,
      correlation,
      sizePx,
      folder: core.refer(folder),
      backgrounds: backgrounds === undefined ? null : core.refer(path.resolve(backgrounds)),
    });
    const made = (await finish(id)).result as WaterbirdsResult;
    const { pictures: images, classes, grounds, left } = made;
    terminal.answer({ out: folder, seed, correlation, ...made }, [
      `${images} pictures of ${classes.length} classes on ${grounds.join(' or ')}: ${folder}`,
      ...(left > 0 ? [`${left} pictures without a mask of their class were left out`] : []),
    ]);
  });
}

/** The folder, made. @throws AppError 'conflict' if something is in it */
function freeFolder(out: string): string {
  const folder = path.resolve(out);
  makeFolder(folder);
  if (fs.readdirSync(folder).length > 0)
    throw new AppError('conflict', `${out} is not empty`, { reason: 'choose a new or empty folder' });
  return folder;
}
