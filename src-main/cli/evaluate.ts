// fovea evaluate PROJECT --run N [--split test]

import type { Split } from '../contracts/dataset.ts';
import { runNumber, withCore } from './session.ts';
import { percent, table, type Terminal } from './terminal.ts';

export async function evaluate(
  terminal: Terminal,
  project: string,
  { run, split }: { run: string; split: Split },
): Promise<void> {
  await withCore(terminal, async ({ core, open, finish }) => {
    await open(project);
    const runId = runNumber(run);
    await finish(await core.call('evaluations.start', { runId, split }));
    const { images, withRegion, measures } = (await core.call('evaluations.summary', { runId, split }))!;
    terminal.answer({ run: runId, split, images, withRegion, measures }, [
      `Run ${runId} on ${images} ${split} pictures, ${withRegion} with a box or mask`,
      ...table([
        ['accuracy', percent(measures.accuracy)],
        ['energy in box', percent(measures.energyInBox)],
        ['pointing game', percent(measures.pointingGame)],
        ['localisation accuracy', percent(measures.localisationAccuracy)],
        ['saliency metric', measures.saliencyMetric?.toFixed(3) ?? '–'],
        ['mean IoU', measures.meanIou?.toFixed(3) ?? '–'],
        ['accuracy, outside blurred', percent(measures.outsideBlurred)],
        ['accuracy, outside swapped', percent(measures.outsideSwapped)],
        ...measures.fgsm.map(({ eps, accuracy }) => [
          `accuracy under FGSM, epsilon ${Number(eps.toPrecision(3))}`,
          percent(accuracy),
        ]),
      ]).map((line) => `  ${line}`),
    ]);
  });
}
