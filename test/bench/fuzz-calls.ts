// 20,000 calls with inputs right and wrong, through the socket, against a host with a project of pictures: how
// many times it ended, called something a bug of its own ("internal"), or did not answer for two seconds.
// `npm run bench -- fuzz-calls [--json] [--count N] [--seed N] [--methods a.b,c.d]`

import path from 'node:path';
import { api, type Method } from '../../src-main/contracts/api.ts';
import type { ImageRecord } from '../../src-main/contracts/index.ts';
import { Client, fovea, makeWorkFolder, startHost, type Host } from '../e2e/app.ts';
import { writeVoc } from '../e2e/images.ts';
import { callText, mutatedCall } from '../src-main/host/mutated-calls.ts';
import { randomFrom } from '../src-main/host/raw-requests.ts';
import { option } from './fovea.ts';
import { measured, stallsIn } from './stalls.ts';

const HANGS_MS = 2000;
const AT_ONCE = 4;
/** Closes the project under the others: tried on their own, at the end. */
const CLOSING: readonly Method[] = ['projects.close', 'projects.open', 'projects.create', 'projects.discard'];
/** Their work is a worker's for as long as it takes, and the call waits for it. */
const WAITING: readonly Method[] = [
  'app.info',
  'devices.list',
  'projects.restore',
  'runs.start',
  'sweeps.start',
  'sweeps.preview',
  'explanations.map',
  'explanations.attack',
  'weights.fit',
  'imports.detect',
];

export async function bench(args: string[]): Promise<unknown> {
  const count = Number(option(args, 'count', '20000'));
  const random = randomFrom(Number(option(args, 'seed', '1')));
  const asked = option(args, 'methods', '');
  const methods = (Object.keys(api) as Method[]).filter((method) =>
    asked === '' ? true : asked.split(',').includes(method),
  );
  // What is not there cannot be downloaded.
  process.env.FOVEA_WEIGHTS_BASE = 'http://127.0.0.1:9/';
  const work = makeWorkFolder();
  const images = path.join(work.folder, 'pictures');
  await writeVoc(images, 6);
  const project = path.join(work.folder, 'project');
  fovea(work.home, 'project', 'create', project);
  fovea(work.home, 'import', project, images);

  const found = { calls: 0, answered: 0, deaths: 0, internal: 0, hangs: 0, slowestMs: 0 };
  const codes: Record<string, number> = {};
  const stalls = path.join(work.folder, 'stalls');
  const start = () => startHost(work.home, [project], measured(stalls));
  let host: Host = await start();
  let client = await Client.connect(host);
  await client.call('app.info', {});
  let known: Record<string, readonly unknown[]> = {};
  const look = async () => {
    const images: ImageRecord[] = await client.call('images.page', { offset: 0, limit: 50 }).catch(() => []);
    const current = await client.call('projects.current', {}).catch(() => null);
    const { entries } = await client.call('files.browse', { folder: null });
    known = {
      imageId: images.map(({ id }) => id),
      pinned: images.map(({ id }) => id),
      classId: current?.classes.map(({ id }) => id) ?? [1],
      folder: entries.map(({ ref }) => ref),
      source: entries.map(({ ref }) => ref),
      epochs: [1, 2],
      sizePx: [16, 32],
      model: ['resnet8'],
    };
    for (const [name, values] of Object.entries(known)) if (values.length === 0) delete known[name];
  };
  const restart = async () => {
    await host.kill();
    host = await start();
    client = await Client.connect(host);
    await client.call('app.info', {});
    await look();
  };
  await look();

  const calls: { method: string; input: string; from: number; to: number }[] = [];
  const one = async (from: readonly Method[]) => {
    const { method, input } = mutatedCall(random, from, known);
    found.calls += 1;
    const begun = performance.now();
    const call = { method, input: brief(input), from: Date.now(), to: Infinity };
    calls.push(call);
    let slow: NodeJS.Timeout | undefined;
    const answer = client.call(method as Method, input as never, callText).then(
      () => 'ok',
      (thrown: { code?: string; message: string }) => {
        if (thrown.code === 'internal') console.error(`internal: ${method}: ${thrown.message}`, brief(input));
        if (thrown.code === undefined) console.error(`${method}: ${thrown.message}`, brief(input));
        return thrown.code ?? 'gone';
      },
    );
    void answer.then(() => (call.to = Date.now()));
    const patience = new Promise<string>((resolve) => {
      const ms = WAITING.includes(method as Method) ? 60_000 : HANGS_MS;
      slow = setTimeout(() => resolve('hang'), ms);
    });
    const outcome = await Promise.race([answer, patience]);
    clearTimeout(slow);
    codes[outcome] = (codes[outcome] ?? 0) + 1;
    if (!WAITING.includes(method as Method))
      found.slowestMs = Math.max(found.slowestMs, Math.round(performance.now() - begun));
    if (outcome === 'internal') found.internal += 1;
    else if (outcome === 'hang') {
      found.hangs += 1;
      console.error(`hang: ${method}`, brief(input));
    } else if (outcome === 'gone') {
      if (host.process.exitCode !== null || host.process.signalCode !== null) {
        found.deaths += 1;
        console.error(`death by ${method}`, brief(input), host.output().slice(-2000));
      }
      return false;
    } else found.answered += 1;
    return true;
  };
  const quiet = async () => {
    for (const job of await client.call('jobs.list', {}))
      if (['waiting', 'running'].includes(job.state))
        await client.call('jobs.cancel', { id: job.id }).catch(() => null);
  };

  try {
    const alive = methods.filter((method) => !CLOSING.includes(method));
    const share = alive.length === 0 ? 0 : alive.length === methods.length ? 1 : 0.9;
    for (const [from, until] of [
      [alive, count * share],
      [methods.filter((method) => CLOSING.includes(method)), count],
    ] as const) {
      while (found.calls < until && from.length > 0) {
        const batch = Math.min(AT_ONCE, until - found.calls);
        const all = await Promise.all(Array.from({ length: batch }, () => one(from)));
        if (all.includes(false)) await restart();
        if (found.calls % 40 === 0) await quiet().catch(() => null);
        if (found.calls % 400 === 0) await look().catch(() => null);
      }
    }
  } finally {
    client.close();
    await host.kill();
  }
  console.log(
    `${found.calls} calls: ${found.deaths} deaths, ${found.internal} internal, ${found.hangs} hangs; ` +
      `the slowest took ${found.slowestMs} ms. ${JSON.stringify(codes)}`,
  );
  const blocks = stallsIn(stalls);
  work.remove();
  const [longest] = blocks;
  console.log(
    longest
      ? `The host itself was blocked for ${longest.ownMs} ms at most, ${blocks.filter(({ ownMs }) => ownMs > 100).length} times for over 100 ms`
      : 'The host was never blocked.',
  );
  for (const { ms, ownMs, cpuMs, at } of blocks.slice(0, 10)) {
    console.log(`  ${ownMs} ms of its own (${cpuMs} computed) in ${ms} ms, during:`);
    for (const { method, input } of calls.filter(({ from, to }) => from <= at && to >= at - ms))
      console.log(`    ${method} ${input}`);
  }
  return { ...found, codes, blockedMs: longest?.ownMs ?? 0 };
}

const brief = (input: unknown): string => {
  try {
    return JSON.stringify(input)?.slice(0, 300) ?? 'undefined';
  } catch {
    return '(too deep to print)';
  }
};
