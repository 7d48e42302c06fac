// fovea runs PROJECT

import { lossHeat } from '../contracts/heat-metrics.ts';
import { valueOf } from '../contracts/metrics.ts';
import { withCore } from './session.ts';
import { percent, table, type Terminal } from './terminal.ts';

export async function runs(terminal: Terminal, project: string): Promise<void> {
  await withCore(terminal, async ({ core, open }) => {
    await open(project);
    const all = await core.call('runs.list', {});
    const rows = all.map((run) => [
      String(run.number),
      run.config.objective,
      run.config.model,
      run.state,
      `${run.epochsDone}/${run.config.epochs}`,
      percent(run.best?.accuracy ?? null),
      percent(valueOf(run.evaluated?.metrics ?? [], 'accuracy')),
      percent(valueOf(run.evaluated?.metrics ?? [], 'energy-in-box', lossHeat) ?? run.energyInBox),
    ]);
    const heads = [
      'run',
      'objective',
      'model',
      'state',
      'epochs',
      'validation accuracy',
      'test accuracy',
      'in box, input gradient',
    ];
    terminal.answer({ runs: all }, all.length > 0 ? table([heads, ...rows]) : ['There are no runs yet.']);
  });
}
