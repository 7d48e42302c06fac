// Processes that die or hang: what was in them is done all the same, and the picture to blame is named.

import fs from 'node:fs';
import path from 'node:path';
import { onTestFinished, describe, expect, it } from 'vitest';
import { openWorkers } from '../../../src-main/core/worker-pool.ts';
import { scratchFolder } from '../storage/scratch.ts';

/** A worker that answers a probe with what it counts, dies of one file and never answers for another. */
function workers(limits: { silenceMs: number; aloneMs: number }) {
  const entry = path.join(scratchFolder(), 'worker.mjs');
  fs.writeFileSync(
    entry,
    `import fs from 'node:fs';
     process.on('message', ({ id, input }) => {
       if (input.file.endsWith('deadly.png')) process.abort();
       if (input.file.endsWith('endless.png')) return;
       if (input.file.endsWith('busy.png')) for (;;);
       const value = { file: input.file, pid: process.pid, memory: process.execArgv };
       setTimeout(() => process.send({ id, ok: true, value }), 50);
     });
     process.on('disconnect', () => process.exit(0));
     process.send({ ready: true });`,
  );
  const pool = openWorkers({ node: process.execPath, entry }, 1, limits);
  onTestFinished(() => pool.close());
  return pool;
}
const probes = (pool: ReturnType<typeof workers>, names: string[]) =>
  Promise.allSettled(names.map((file) => pool.decode('probe', { file: `/pictures/${file}` })));

describe('the process that decodes', () => {
  it('has a limit of memory', async () => {
    const answer = await workers({ silenceMs: 60_000, aloneMs: 60_000 }).decode('probe', { file: 'a.png' });
    expect(answer).toMatchObject({ memory: [expect.stringMatching(/^--max-old-space-size=\d+$/)] });
  });

  it('is replaced when a picture ends it, and that picture alone is refused, by name', async () => {
    const pool = workers({ silenceMs: 60_000, aloneMs: 60_000 });
    const outcomes = await probes(pool, ['a.png', 'deadly.png', 'b.png', 'c.png']);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({
      reason: {
        code: 'bad-file',
        message: 'deadly.png: it cannot be decoded: ended by SIGABRT',
        detail: { file: '/pictures/deadly.png' },
      },
    });
    expect((await probes(pool, ['d.png']))[0].status).toBe('fulfilled');
  });

  it.each(['endless.png', 'busy.png'])(
    'is replaced when it hangs in %s, which alone is refused',
    async (bad) => {
      const pool = workers({ silenceMs: 1500, aloneMs: 1500 });
      const outcomes = await probes(pool, ['a.png', bad, 'b.png']);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(outcomes[1]).toMatchObject({
        reason: { code: 'bad-file', message: `${bad}: it cannot be decoded: no answer in 1.5 seconds` },
      });
    },
  );

  it('says of what was in it that Fovea closes, when it does', async () => {
    const pool = workers({ silenceMs: 60_000, aloneMs: 60_000 });
    const outcomes = probes(pool, ['endless.png']);
    pool.close();
    expect((await outcomes)[0]).toMatchObject({ reason: { code: 'unavailable' } });
  });
});
