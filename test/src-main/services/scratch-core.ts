// A core with a data folder that is thrown away, real workers, and small pictures to import.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { EventName, Input, Method } from '../../../src-main/contracts/api.ts';
import type { ImportResult } from '../../../src-main/contracts/imports.ts';
import type { ErrorCode } from '../../../src-main/contracts/errors.ts';
import { encodePng } from '../../../src-main/imaging/index.ts';
import type { Context, CoreOptions } from '../../../src-main/core/context.ts';
import { createCore, type Core } from '../../../src-main/core/core.ts';
import { openContext } from '../../../src-main/core/open-context.ts';
import { demo } from '../../../src-main/demo/index.ts';
import { services } from '../../../src-main/services/index.ts';

export { scratchFolder } from '../storage/scratch.ts';

export interface Heard {
  event: EventName;
  data: unknown;
}
/** A core with what it works on, which no other part of the app sees. */
export type TestCore = Core & { heard: Heard[]; context: Context };

/** @param dataFolder  made by scratchFolder(); the core is closed when the test ends */
export function startCore(dataFolder: string, options: Partial<CoreOptions> = {}): TestCore {
  const heard: Heard[] = [];
  const context = openContext({
    dataFolder,
    worker: {
      node: process.execPath,
      entry: fileURLToPath(new URL('../../../src-main/worker/main.ts', import.meta.url)),
    },
    weightsFolder: fileURLToPath(new URL('../../../resources/weights', import.meta.url)),
    emit: (event, data) => heard.push({ event, data }),
    version: '0.0.0',
    shell: 'browser',
    mediaPrefix: '/media',
    mediaSuffix: '',
    pick: null,
    ...options,
  });
  const core = createCore(context, { ...services, ...demo });
  onTestFinished(() => core.close());
  return Object.assign(core, { heard, context });
}

/** A 16 x 12 picture of one colour; equal arguments, equal bytes. */
export async function image(file: string, shade: number, width = 16, height = 12): Promise<void> {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, index) => (shade * 7 + index) % 256);
  fs.writeFileSync(file, await encodePng(pixels, width, height));
}

/** Class folders `cat` and `dog` with a few pictures each. */
export async function classFolders(folder: string, each = 3): Promise<string> {
  for (const [number, name] of ['cat', 'dog'].entries())
    for (let index = 0; index < each; index++)
      await image(path.join(folder, name, `${name}${index + 1}.png`), number * 100 + index);
  return folder;
}

export interface CocoImage {
  name: string;
  boxes: { category: number; bbox: [number, number, number, number] }[];
}

/** COCO boxes on 16 x 12 pictures; categories 1 cat, 2 dog. */
export async function coco(folder: string, images: readonly CocoImage[]): Promise<string> {
  for (const [index, { name }] of images.entries()) await image(path.join(folder, 'images', name), index);
  let id = 0;
  const json = {
    images: images.map(({ name }, index) => ({ id: index + 1, file_name: name, width: 16, height: 12 })),
    annotations: images.flatMap(({ boxes }, index) =>
      boxes.map(({ category, bbox }) => ({
        id: ++id,
        image_id: index + 1,
        category_id: category,
        bbox,
        area: bbox[2] * bbox[3],
        iscrowd: 0,
      })),
    ),
    categories: [
      { id: 1, name: 'cat' },
      { id: 2, name: 'dog' },
    ],
  };
  fs.mkdirSync(path.join(folder, 'annotations'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'annotations', 'instances.json'), JSON.stringify(json));
  return folder;
}

export async function importFrom(core: Core, folder: string, format = 'auto'): Promise<ImportResult> {
  const job = await core.jobEnded(await core.call('imports.start', { source: core.refer(folder), format }));
  if (job.error) throw new Error(`${job.error.message} ${JSON.stringify(job.error.detail)}`);
  return job.result as ImportResult;
}

/** The code with which a call is refused; null if it is not. */
export async function refusal<M extends Method>(
  core: Core,
  method: M,
  input: Input<M>,
): Promise<ErrorCode | null> {
  const answer = await core.handle(method, input);
  return answer.ok ? null : answer.error.code;
}
