// fovea import PROJECT PATH [--format ID[+ID]] [--images DIR]

import path from 'node:path';
import type { ImportResult } from '../contracts/imports.ts';
import { withCore } from './session.ts';
import type { Terminal } from './terminal.ts';

/** Warnings printed for people; --json has all. */
const SHOWN = 20;

export async function importInto(
  terminal: Terminal,
  project: string,
  source: string,
  { format, images }: { format: string; images?: string },
): Promise<void> {
  await withCore(terminal, async ({ core, open, finish }) => {
    await open(project);
    const id = await core.call('imports.start', {
      source: core.refer(path.resolve(source)),
      format,
      images: images === undefined ? null : core.refer(path.resolve(images)),
    });
    const result = (await finish(id)).result as ImportResult;
    terminal.answer({ ...result }, reportLines(result, 'Imported'));
  });
}

/** What an import did and left out, for people. */
export function reportLines(result: ImportResult, did: string): string[] {
  const { images, annotations, classes, unchanged, updated, gone, conflicts, seen, left, warnings } = result;
  const notes = [
    unchanged > 0 ? `${unchanged} pictures were there already` : '',
    updated > 0 ? `${updated} shapes changed in the source are updated` : '',
    conflicts > 0 ? `${conflicts} changed in both are as they were here` : '',
    gone > 0 ? `${gone} are gone from the source` : '',
  ].filter((note) => note !== '');
  return [
    [
      `${did} ${images} pictures, ${annotations} annotations and ${classes} classes as ${result.format}`,
      ...notes,
    ].join('; '),
    left.length === 0
      ? `All ${seen.files} files were taken; nothing was left out`
      : `Of ${seen.files} files (${seen.pictures} pictures) were left out:`,
    ...left.map(({ reason, count, examples }) => `  ${count} ${reason}: ${shown(examples, count)}`),
    ...warnings
      .slice(0, SHOWN)
      .map(({ file, message }) => `  warning: ${file === '' ? '' : `${file}: `}${message}`),
    ...(warnings.length > SHOWN ? [`  … and ${warnings.length - SHOWN} more; --json lists them all`] : []),
  ];
}

const shown = (examples: readonly string[], count: number): string =>
  examples
    .slice(0, 3)
    .map((example) => (example.length > 100 ? `${example.slice(0, 100)}…` : example))
    .join(', ') + (count > 3 ? ', …' : '');
