// 20,000 hostile requests, upgrades and resets against the host as a process of its own, half of them before and
// half after signing in: how many times it ended, and how long it took to answer an honest one meanwhile.
// `npm run bench -- fuzz-requests [--json] [--count N] [--seed N]`

import { setTimeout as wait } from 'node:timers/promises';
import { Client, makeWorkFolder, startHost } from '../e2e/app.ts';
import { option } from './fovea.ts';
import { attackMany } from '../src-main/host/raw-requests.ts';

export async function bench(args: string[]): Promise<unknown> {
  const count = Number(option(args, 'count', '20000'));
  const firstSeed = Number(option(args, 'seed', '1'));
  const work = makeWorkFolder();
  let deaths = 0;
  let slowestMs = 0;
  let host = await startHost(work.home);
  try {
    const batch = 250;
    for (let sent = 0; sent < count; sent += batch) {
      const port = Number(new URL(host.url).port);
      const cookie = sent < count / 2 ? null : host.cookie;
      await attackMany(port, { seed: firstSeed + sent, count: batch, cookie });
      // A host that an attack has ended needs a moment to be gone.
      await wait(20);
      const begun = performance.now();
      try {
        const client = await Client.connect(host);
        await client.call('jobs.list', {});
        client.close();
      } catch {
        deaths += 1;
        console.error(host.output());
        await host.kill();
        host = await startHost(work.home);
      }
      slowestMs = Math.max(slowestMs, performance.now() - begun);
    }
  } finally {
    await host.stop();
    work.remove();
  }
  const result = { requests: count, deaths, slowestHonestMs: Math.round(slowestMs) };
  console.log(`${count} requests: ${deaths} deaths, an honest one took ${result.slowestHonestMs} ms at most`);
  return result;
}
