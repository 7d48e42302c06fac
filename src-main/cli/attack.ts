// fovea attack PROJECT --run N --attack ID --eps E [--set name=value] [--from N] [--split test] [--limit N] [--seed N]

import type { Split } from '../contracts/dataset.ts';
import { AppError } from '../contracts/errors.ts';
import { lengthWanted, usualEps } from '../contracts/methods.ts';
import type { DeviceChoice } from '../contracts/devices.ts';
import type { AttackOutcome } from '../contracts/worker-protocol.ts';
import { valuesOf } from './set-values.ts';
import { runNumber, withCore } from './session.ts';
import { percent, splitWord, table, type Terminal } from './terminal.ts';

interface Options {
  run: string;
  attack: string;
  eps?: number;
  preset?: string;
  set: string[];
  from?: string;
  split: Split;
  limit?: number;
  seed: number;
  device?: DeviceChoice;
}

export async function attack(terminal: Terminal, project: string, options: Options): Promise<void> {
  await withCore(terminal, async ({ core, open, finish }) => {
    await open(project);
    const runId = runNumber(options.run);
    const { attacks } = await core.call('app.methods', {});
    const chosen = attacks.find(({ id }) => id === options.attack);
    if (!chosen)
      throw new AppError('bad-input', `there is no attack "${options.attack}"`, {
        reason: `known are ${attacks.map(({ id }) => id).join(', ')}`,
      });
    const { split, seed, limit, device } = options;
    const params = valuesOf(chosen, options);
    if ((params.norm ?? chosen.norm) === 'l2' && options.eps === undefined)
      throw new AppError('bad-input', `${chosen.id} needs --eps`, { reason: lengthWanted });
    if (chosen.norm === null && options.eps !== undefined)
      throw new AppError('bad-input', `${chosen.id} takes no --eps`, {
        reason: 'its parameters say how far it goes',
      });
    const eps = options.eps ?? usualEps;
    const job = await finish(
      await core.call('attacks.start', {
        runId,
        split,
        params,
        eps,
        seed,
        limit,
        device,
        attack: chosen.id,
        from: options.from === undefined ? undefined : runNumber(options.from),
      }),
    );
    const { images, heat } = job.result as AttackOutcome;
    const shareOf = (holds: (image: (typeof images)[number]) => boolean): number =>
      images.filter(holds).length / images.length;
    const changed = images.filter(({ largestChange }) => largestChange > 0);
    const meanOf = (value: (image: (typeof images)[number]) => number): number | null =>
      changed.length === 0 ? null : changed.reduce((sum, image) => sum + value(image), 0) / changed.length;
    const figures = {
      accuracy: shareOf(({ wasRight }) => wasRight),
      attackedAccuracy: shareOf(({ isRight }) => isRight),
      changed: changed.length,
      meanLargestChange: meanOf(({ largestChange }) => largestChange),
      meanLength: meanOf(({ length }) => length),
    };
    const left = images.flatMap((image) => image.heat ?? []);
    const meanLeft = (of: 'overlap' | 'tau'): number | null =>
      left.length === 0 ? null : left.reduce((sum, one) => sum + one[of], 0) / left.length;
    const moved = heat && {
      ...heat,

      pictures: left.length,
      topKIntersection: meanLeft('overlap'),
      kendallCorrelation: meanLeft('tau'),
    };
    const answer = { run: runId, attack: chosen.id, eps, split, images: images.length, ...figures };
    terminal.answer({ ...answer, ...(moved && { heat: moved }) }, [
      `${chosen.title} on run ${runId}${chosen.norm === null ? '' : `, epsilon ${Number(eps.toPrecision(3))}`}: ${images.length} ${splitWord(split)} pictures, ${changed.length} changed`,
      ...table([
        [`${splitWord(split)} accuracy`, percent(figures.accuracy)],
        [`${splitWord(split)} accuracy under the attack`, percent(figures.attackedAccuracy)],
        ['mean of the largest changes, of 255', ((figures.meanLargestChange ?? 0) * 255).toFixed(2)],
        ['mean length of the changes', (figures.meanLength ?? 0).toFixed(3)],
        ...(moved
          ? [
              [`of the ${moved.topPixels} hottest pixels still so`, percent(moved.topKIntersection)],
              ['Kendall’s tau of the heat', moved.kendallCorrelation?.toFixed(3) ?? '–'],
            ]
          : []),
      ]).map((line) => `  ${line}`),
      ...(moved
        ? [
            `Heat: ${moved.map} of the ${moved.score}, of the ${moved.pictures} pictures that were right and stayed so`,
          ]
        : []),
    ]);
  });
}
