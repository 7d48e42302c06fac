// Damaged and hostile pictures through the processes that decode: how many open, how many are refused and why, and
// that none ends a process, hangs it or comes back as a bug. Options: --pictures, --seed, --at-once, --keep FOLDER (of
// those that went wrong).

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../src-main/contracts/errors.ts';
import { openWorkers } from '../../src-main/core/worker-pool.ts';
import { mutatedImages, type Mutated } from '../src-main/imaging/mutated-images.ts';
import { option, table } from './fovea.ts';

/** An answer that takes longer is counted as a hang. */
const HANG_MS = 2000;

export async function bench(args: string[]): Promise<unknown> {
  const images = Number(option(args, 'pictures', '5000'));
  const seed = Number(option(args, 'seed', '1'));
  const atOnce = Number(option(args, 'at-once', '2'));
  const keep = option(args, 'keep', '');
  if (keep !== '') mkdirSync(keep, { recursive: true });
  const folder = mkdtempSync(path.join(tmpdir(), 'fovea-fuzz-'));
  const entry = fileURLToPath(new URL('../../src-main/worker/main.ts', import.meta.url));
  const workers = openWorkers({ node: process.execPath, entry });
  const counts = { opened: 0, refused: 0, deaths: 0, internal: 0, hangs: 0 };
  const reasons = new Map<string, number>();
  let slowestMs = 0;

  const ask = async ({ name, bytes }: Mutated): Promise<keyof typeof counts> => {
    const file = path.join(folder, `${name}.jpg`);
    writeFileSync(file, bytes);
    const begun = performance.now();
    try {
      await workers.decode('probe', { file });
      await workers.decode('thumbnail', { file, out: `${file}.webp`, sidePx: 32 });
      return 'opened';
    } catch (thrown) {
      const { code, detail } = thrown as AppError;
      if (!(thrown instanceof AppError) || code === 'internal') return 'internal';
      const reason = (detail.reason ?? '').replace(/\d+/g, 'N');
      if (code !== 'bad-file' || /cannot be decoded: (ended|no answer)/.test(reason)) return 'deaths';
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      return 'refused';
    } finally {
      const tookMs = performance.now() - begun;
      slowestMs = Math.max(slowestMs, tookMs);
      if (tookMs > HANG_MS) counts.hangs += 1;
      if (tookMs > HANG_MS && keep !== '') writeFileSync(path.join(keep, `slow-${name}`), bytes);
      rmSync(file);
      rmSync(`${file}.webp`, { force: true });
    }
  };

  try {
    await workers.decode('probe', { file: folder }).catch(() => {}); // the process has started
    const source = mutatedImages(seed);
    let taken = 0;
    const lane = async () => {
      while (taken++ < images) {
        const image = (await source.next()).value as Mutated;
        const outcome = await ask(image);
        counts[outcome] += 1;
        if (keep !== '' && (outcome === 'deaths' || outcome === 'internal'))
          writeFileSync(path.join(keep, `${outcome}-${image.name}`), image.bytes);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
  } finally {
    workers.close();
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(
    table([
      [`${images} pictures, seed ${seed}`, ''],
      ...Object.entries(counts).map(([name, count]) => [name, String(count)]),
      ['slowest, s', (slowestMs / 1000).toFixed(2)],
      ['refused because', ''],
      ...[...reasons].sort(([, a], [, b]) => b - a).map(([reason, count]) => [`  ${reason}`, String(count)]),
    ]),
  );
  return {
    images,
    seed,
    ...counts,
    slowestMs: Math.round(slowestMs),
    reasons: Object.fromEntries(reasons),
  };
}
