// fovea imports PROJECT [--remove-gone N]

import type { ImportId } from '../contracts/ids.ts';
import { reportLines } from './import.ts';
import { withCore } from './session.ts';
import type { Terminal } from './terminal.ts';

export async function imports(
  terminal: Terminal,
  project: string,
  { removeGone }: { removeGone?: number },
): Promise<void> {
  await withCore(terminal, async ({ core, open }) => {
    await open(project);
    if (removeGone !== undefined) {
      const { removed } = await core.call('imports.removeGone', { id: removeGone as ImportId });
      terminal.answer({ removed }, [`Removed ${removed} shapes that are gone from their source`]);
      return;
    }
    const all = await core.call('imports.list', {});
    terminal.answer(
      { imports: all },
      all.length === 0
        ? ['Nothing was imported yet']
        : all.flatMap(({ id, place, finishedAt, gone, report }) => [
            `Import ${id}, ${new Date(finishedAt).toISOString()}, ${place}`,
            ...(report === null
              ? ['  its report was not kept']
              : reportLines(report, 'brought').map((line) => `  ${line}`)),
            ...(gone > 0
              ? [`  ${gone} shapes are gone from the source; --remove-gone ${id} removes them`]
              : []),
          ]),
    );
  });
}
