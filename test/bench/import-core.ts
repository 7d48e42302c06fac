// 100,000 pictures with 400,000 shapes are imported while a person edits and looks at pictures: for how long the core was
// blocked, and how long the other calls waited. The disk is that of the system's temporary folder.
// `npm run bench -- import-core [--json] [--images N] [--shapes N]`

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ImportResult, Job } from '../../src-main/contracts/index.ts';
import { encodePng } from '../../src-main/imaging/png.ts';
import { Client, fovea, makeWorkFolder, startHost } from '../e2e/app.ts';
import { writeVoc } from '../e2e/images.ts';
import { option } from './fovea.ts';
import { measured, stallsIn } from './stalls.ts';

const SIDE = 8;
const EVERY_MS = 20;

export async function bench(args: string[]): Promise<unknown> {
  const images = Number(option(args, 'images', '100000'));
  const shapes = Number(option(args, 'shapes', '4'));
  const work = makeWorkFolder();
  const project = path.join(work.folder, 'project');
  const first = path.join(work.folder, 'first');
  await writeVoc(first, 4);
  fovea(work.home, 'project', 'create', project);
  fovea(work.home, 'import', project, first);
  const set = path.join(work.folder, 'large');
  writeCoco(set, images, shapes);

  const written = path.join(work.folder, 'stalls');
  const host = await startHost(work.home, [project], measured(written));
  try {
    const client = await Client.connect(host);
    const roots = (await client.call('files.browse', { folder: null })).entries;
    const root = roots.find(({ name }) => name.endsWith(path.basename(work.folder)))!;
    const { entries } = await client.call('files.browse', { folder: root.ref });
    const source = entries.find(({ name }) => name === 'large')!.ref;
    const [{ id: imageId }] = await client.call('images.page', { offset: 0, limit: 1 });
    await delay(1000);
    const startedAt = Date.now();
    const phases: { name: string; at: number }[] = [];
    void client.next('job', (job: Job) => {
      const name = job.note || job.state;
      if (job.kind === 'import' && phases.at(-1)?.name !== name) phases.push({ name, at: Date.now() });
      return false;
    });

    let isOver = false;
    const waits: { method: string; ms: number; at: number }[] = [];
    const others = async () => {
      while (!isOver) {
        for (const call of [
          () => client.call('images.get', { id: imageId }),
          () => client.call('images.page', { offset: 0, limit: 100 }),
          () =>
            client.call('annotations.edit', {
              imageId,
              edits: [
                {
                  do: 'add',
                  classId: null,
                  shape: { kind: 'box', box: { x: 1, y: 1, width: 9, height: waits.length % 80 } },
                },
              ],
            } as never),
          () => client.call('annotations.undo', { imageId }),
          () => client.call('projects.current', {}),
        ]) {
          const begun = performance.now();
          await call();
          const method = /'([\w.]+)'/.exec(String(call))![1];
          waits.push({ method, ms: performance.now() - begun, at: Date.now() });
        }
        await delay(EVERY_MS);
      }
    };
    const going = others();
    const job = await client.job(await client.call('imports.start', { source }));
    isOver = true;
    await going;
    const seconds = (Date.now() - startedAt) / 1000;
    const { images: got, annotations } = job.result as ImportResult;
    const { counts } = (await client.call('projects.current', {}))!;
    client.close();
    await host.stop();

    const blocks = stallsIn(written).filter(({ at }) => at >= startedAt);
    const phaseAt = (time: number) => phases.findLast(({ at }) => at <= time)?.name ?? 'begin';
    const slowest = waits.toSorted((a, b) => b.ms - a.ms);
    console.log(
      `${got} pictures and ${annotations} shapes in ${seconds.toFixed(0)} s; the project has ${counts.images} and ${counts.boxes} boxes.`,
    );
    console.log(
      `The core was blocked for ${blocks[0]?.ownMs ?? 0} ms at most, ${blocks.filter(({ ownMs }) => ownMs > 100).length} times for over 100 ms; with the wait for a processor ${Math.max(0, ...blocks.map(({ ms }) => ms))} ms.`,
    );
    for (const { ms, ownMs, cpuMs, at } of blocks.slice(0, 8))
      console.log(`  ${ownMs} ms (${cpuMs} computed) in ${ms} ms, ${phaseAt(at)}`);
    console.log(
      `${waits.length} other calls were answered meanwhile, half of them within ${Math.round(slowest[slowest.length >> 1].ms)} ms, the slowest in ${Math.round(slowest[0].ms)} ms:`,
    );
    for (const { method, ms, at } of slowest.slice(0, 5))
      console.log(`  ${method} ${Math.round(ms)} ms, ${phaseAt(at)}`);
    return {
      images: got,
      annotations,
      seconds,
      blockedMs: blocks[0]?.ownMs ?? 0,
      calls: waits.length,
      slowestMs: Math.round(slowest[0].ms),
    };
  } finally {
    await host.kill();
    work.remove();
  }
}

/** No two pictures are the same. A thousand of them lie in a folder. */
function writeCoco(folder: string, images: number, shapes: number): void {
  const file = path.join(folder, 'annotations', 'instances_train.json');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const out = fs.openSync(file, 'w');
  const nameOf = (index: number) => `${Math.floor(index / 1000)}/${index}.png`;
  const write = (index: number, text: string) => fs.writeSync(out, `${index === 0 ? '' : ','}${text}\n`);
  fs.writeSync(out, '{"images":[');
  for (let index = 0; index < images; index++) {
    const place = path.join(folder, 'images', nameOf(index));
    if (index % 1000 === 0) fs.mkdirSync(path.dirname(place), { recursive: true });
    const pixels = new Uint8Array(SIDE * SIDE * 3).map((_, at) => (index >> ((at % 3) * 8)) & 255);
    fs.writeFileSync(place, encodePng(pixels, SIDE, SIDE));
    write(index, JSON.stringify({ id: index, file_name: nameOf(index), width: SIDE, height: SIDE }));
  }
  fs.writeSync(out, '],"annotations":[');
  for (let index = 0; index < images * shapes; index++)
    write(
      index,
      JSON.stringify({
        id: index,
        image_id: Math.floor(index / shapes),
        category_id: 1 + (index % 10),
        bbox: [index % 3, index % shapes, 3, 3],
        area: 9,
        iscrowd: 0,
      }),
    );
  const categories = Array.from({ length: 10 }, (_, index) => ({ id: index + 1, name: `class ${index}` }));
  fs.writeSync(out, `],"categories":${JSON.stringify(categories)}}`);
  fs.closeSync(out);
}
