// Heat maps a second of each method, for one picture (a person waits) and for 32 (a measure goes through a set).
// Options: --model, --size, --batch (comma-separated), --method (comma-separated; all otherwise), --threads.

import { availableParallelism } from 'node:os';
import { initialise, modelById, randomFromSeed } from '../../src-main/engine/nn/index.ts';
import { checkParams } from '../../src-main/engine/nn/registry.ts';
import { onnxExecutor } from '../../src-main/engine/runtime/index.ts';
import { saliencyById, saliencyMethods } from '../../src-main/engine/saliency/index.ts';
import { heatMaps, targetRows, type HeatMapsRequest } from '../../src-main/engine/inference/heat-maps.ts';
import { sessionCache } from '../../src-main/engine/data/session-cache.ts';
import { option, table } from './fovea.ts';

const classes = 10;
/** A method is timed again until it has taken this long. */
const enoughMs = 500;

export async function bench(args: string[]): Promise<unknown> {
  const model = option(args, 'model', 'resnet8');
  const sizePx = Number(option(args, 'size', '64'));
  const batches = option(args, 'batch', '1,32').split(',').map(Number);
  const ids = option(args, 'method', saliencyMethods.map(({ id }) => id).join()).split(',');
  const threads = Number(option(args, 'threads', String(availableParallelism())));

  const built = modelById(model).build({ classes, sizePx, pool: 'average' });
  const random = randomFromSeed(1);
  const image = (): Float32Array =>
    Float32Array.from({ length: 3 * sizePx * sizePx }, () => random.uniform());
  const references = Array.from({ length: 100 }, image);
  const weights = Object.fromEntries(initialise([...built.parameters, ...built.buffers], random));
  const sessions = sessionCache(onnxExecutor({ threads }), 1);

  const rows = [];
  for (const id of ids) {
    const method = saliencyById(id);
    const samples =
      'samples' in method ? method.samples(checkParams(method, {}), { sizePx, references }).count : 1;
    const perSecond: Record<number, number> = {};
    for (const batch of batches) {
      const images = new Float32Array(batch * 3 * sizePx * sizePx);
      for (let i = 0; i < batch; i++) images.set(references[i % references.length], i * 3 * sizePx * sizePx);
      perSecond[batch] =
        (1e3 * batch) /
        (await fastestMs({
          weights,
          sessions,
          method,
          images,
          references,
          params: {},
          architecture: { key: model, model: built, classes, sizePx },
          targets: targetRows(Array<number>(batch).fill(3), classes),
        }));
    }
    rows.push({ id, samples, perSecond });
  }
  await sessions.dispose();
  console.log(`${model}, ${sizePx} px, ${threads} threads; heat maps a second, as each method is by default`);
  const numberText = (value: number): string => value.toPrecision(3).replace(/\.0+$/, '');
  console.log(
    table([
      ['method', 'samples', ...batches.map((batch) => `batch ${batch}`)],
      ...rows.map(({ id, samples, perSecond }) => [
        id,
        String(samples),
        ...batches.map((batch) => numberText(perSecond[batch])),
      ]),
    ]),
  );
  return { model, sizePx, threads, rows };
}

/** The first time, with its compilation, counts only where it alone takes long. */
async function fastestMs(request: HeatMapsRequest): Promise<number> {
  let spent = 0;
  let best = Infinity;
  do {
    const start = performance.now();
    await heatMaps(request);
    best = Math.min(best, performance.now() - start);
    spent += performance.now() - start;
  } while (spent < enoughMs);
  return best;
}
