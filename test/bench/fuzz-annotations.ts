// Damaged annotation files through all readers: how many are read, how many are refused in words, and that none crashes
// or hangs. Options: --files, --seed.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodePng, encodeRle } from '../../src-main/imaging/index.ts';
import type { ExportDataset } from '../../src-main/formats/index.ts';
import { mutatedAnnotations } from '../src-main/formats/mutated-annotations.ts';
import { option, table } from './fovea.ts';

const HANG_MS = 2000;

export async function bench(args: string[]): Promise<unknown> {
  const files = Number(option(args, 'files', '5000'));
  const seed = Number(option(args, 'seed', '1'));
  const folder = mkdtempSync(path.join(tmpdir(), 'fovea-fuzz-annotations-'));
  const counts = { read: 0, refused: 0, crash: 0, hangs: 0 };
  const crashes = new Set<string>();
  let slowestMs = 0;
  for await (const { format, file, result, reason, tookMs } of mutatedAnnotations(
    seed,
    files,
    folder,
    example(),
  )) {
    counts[result] += 1;
    slowestMs = Math.max(slowestMs, tookMs);
    if (tookMs > HANG_MS) counts.hangs += 1;
    if (result === 'crash') crashes.add(`${format} ${file}: ${reason.split('\n').slice(0, 3).join(' ')}`);
  }
  console.log(table(Object.entries(counts).map(([what, count]) => [what, String(count)])));
  for (const crash of crashes) console.log(crash);
  return { seed, files, ...counts, slowestMs, crashes: [...crashes] };
}

function example(): ExportDataset {
  const folder = mkdtempSync(path.join(tmpdir(), 'fovea-fuzz-images-'));
  const images = ['a', 'b', 'c'].map((name, i) => {
    const file = path.join(folder, `${name}.png`);
    writeFileSync(file, encodePng(new Uint8Array(300).fill(i + 1), 10, 10));
    const rle = encodeRle(
      Uint8Array.from({ length: 100 }, (_, at) => (at % 7 < 3 ? 1 : 0)),
      10,
      10,
    );
    return {
      file,
      widthPx: 10,
      heightPx: 10,
      className: 'cat',
      split: (['train', 'selection', 'test'] as const)[i],
      annotations: [
        { className: 'cat', shape: { kind: 'box' as const, box: { x: 1, y: 2.5, width: 4, height: 5 } } },
        {
          className: 'dog',
          shape: {
            kind: 'polygon' as const,
            rings: [
              [
                [1, 1],
                [9, 2],
                [5.5, 9],
              ] as [number, number][],
            ],
          },
        },
        { className: 'dog', shape: { kind: 'mask' as const, rle } },
      ],
      attributes: { background: 'water' },
    };
  });
  return { classes: ['cat', 'dog'], images };
}
