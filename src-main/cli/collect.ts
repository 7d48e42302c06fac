// fovea collect PROJECT DIR: brings home what the tasks of a plan have done

import path from 'node:path';
import type { CollectedTasks } from '../contracts/sweeps.ts';
import { withCore } from './session.ts';
import { sweepLines, sweepReport } from './sweep-words.ts';
import type { Terminal } from './terminal.ts';

export async function collect(terminal: Terminal, project: string, folder: string): Promise<void> {
  await withCore(terminal, async ({ core, open, finish }) => {
    await open(project);
    const job = await finish(await core.call('sweeps.collect', { folder: core.refer(path.resolve(folder)) }));
    const { sweepId, ...tasks } = job.result as CollectedTasks;
    for (const { message } of tasks.refused) terminal.note(`refused: ${message}`);
    const result = await core.call('sweeps.get', { id: sweepId });
    const { measured, lost } = result.sweep;
    terminal.answer({ ...sweepReport(result), ...tasks }, [
      `${measured} of ${tasks.tasks} tasks are measured, ${lost} lost, ${tasks.running.length} running, ` +
        `${tasks.missing} not begun, ${tasks.refused.length} refused`,
      ...sweepLines(result),
    ]);
  });
}
