// fovea split PROJECT --seed N

import { withCore } from './session.ts';
import type { Terminal } from './terminal.ts';

interface Options {
  seed: number;
  selection: number;
  test: number;
  fresh?: boolean;
}

export async function split(
  terminal: Terminal,
  project: string,
  { seed, selection, test, fresh = false }: Options,
): Promise<void> {
  await withCore(terminal, async ({ core, open }) => {
    await open(project);
    const { counts } = await core.call('splits.make', { seed, selection, test, fresh });
    const { bySplit } = counts;
    terminal.answer({ seed, ...bySplit }, [
      `train ${bySplit.train}, validation ${bySplit.selection}, test ${bySplit.test}`,
    ]);
  });
}
