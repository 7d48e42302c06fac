// Heat maps of one picture, made by the interactive process and remembered under all they depend on.

import { createHash } from 'node:crypto';
import type { ClassId } from '../contracts/ids.ts';
import { AppError } from '../contracts/errors.ts';
import type { HeatMap, TrainedOn } from '../contracts/runs.ts';
import type { Parsed } from '../contracts/api.ts';
import type { ExplainOutcome, ExplainSpec } from '../contracts/worker-protocol.ts';
import type { ParamValue } from '../contracts/methods.ts';
import { checkParams } from '../engine/nn/registry.ts';
import { saliencyById } from '../engine/saliency/index.ts';
import type { StoredMap } from '../storage/explanations.ts';
import type { StoredRun } from '../storage/runs.ts';
import type { Context, Handlers } from './context.ts';
import { requireWeights } from './evaluations.ts';
import { cacheFolderOf, imageOf, regionsOf } from './open-project.ts';
import { modelOf, storedRun } from './run-records.ts';

/** Without an attack the worker sends no picture; this one is too small to change a pixel of it. */
const LEAST_EPS = 1e-9;

export const explanationHandlers: Handlers<'explanations.map' | 'explanations.attack'> = {
  'explanations.map': async (context, request) => heatMapOf(await explain(context, request)),
  'explanations.attack': async (context, { eps, ...request }) => {
    const { run, spec } = prepare(context, request, Math.max(eps, LEAST_EPS));
    const outcome = await context.workers.call('interactive', 'explain', spec).value;
    if (!outcome.attackedPng) throw new AppError('internal', 'the attack gave no picture');
    return {
      picture: `data:image/png;base64,${Buffer.from(outcome.attackedPng).toString('base64')}`,
      map: heatMapOf(storedMapOf(outcome, run.trainedOn.classes)),
    };
  },
};

/** The map of a request, from the cache or the worker. */
export async function explain(context: Context, request: Parsed<'explanations.map'>): Promise<StoredMap> {
  const { run, spec, key } = prepare(context, request, 0);
  const { explanations } = context.project().store;
  const known = explanations.get(run.id, request.imageId, key);
  if (known) return known;
  const project = context.project();
  const outcome = await context.workers.call('interactive', 'explain', spec).value;
  const map = storedMapOf(outcome, run.trainedOn.classes);
  if (!project.closing.signal.aborted) explanations.put(run.id, request.imageId, key, map);
  return map;
}

function prepare(
  context: Context,
  { runId, imageId, method, params, target }: Parsed<'explanations.map'>,
  eps: number,
): { run: StoredRun; spec: ExplainSpec; key: string } {
  const project = context.project();
  const run = storedRun(project, runId);
  const image = imageOf(project, imageId);
  requireWeights(project, runId);
  const checked = checkParams(saliencyById(method), params) as Record<string, ParamValue>;
  const { classes } = run.trainedOn;
  const indexOf = (id: ClassId | null) => classes.findIndex(({ classId }) => classId === id);
  // A picture without a class of the run has no true class to explain; what is said of it is next best.
  const own = indexOf(image.classId);
  const wanted =
    typeof target === 'number' ? indexOf(target) : target === 'true' && own >= 0 ? own : 'predicted';
  if (wanted === -1) throw new AppError('bad-input', `run ${runId} does not know class ${target}`);
  const regions = regionsOf(image.classId, project.store.annotations.ofImage(imageId));
  const spec: ExplainSpec = {
    model: modelOf(project, run),
    picture: {
      imageId,
      file: image.file,
      contentHash: image.contentHash,
      widthPx: image.widthPx,
      heightPx: image.heightPx,
      classIndex: Math.max(0, own),
      regions,
    },
    method,
    params: checked,
    target: wanted,
    cacheFolder: cacheFolderOf(project),
    eps,
  };
  const dependsOn = [run.best?.epoch ?? 0, method, checked, wanted, image.contentHash, regions];
  return { run, spec, key: createHash('sha256').update(JSON.stringify(dependsOn)).digest('hex') };
}

/** A worker's map with class indices turned into the classes of the run. */
export function storedMapOf(outcome: ExplainOutcome, classes: TrainedOn['classes']): StoredMap {
  return {
    widthPx: outcome.widthPx,
    heightPx: outcome.heightPx,
    heat: outcome.values,
    classId: classes[outcome.targetIndex].classId,
    scores: outcome.scores.map((score, index) => ({
      classId: classes[index].classId,
      name: classes[index].name,
      score,
    })),
    energyInBox: outcome.energyInBox,
    pointingHit: outcome.pointingHit,
    regionBox: outcome.regionBox,
  };
}

/** The form that crosses the boundary. */
export function heatMapOf({ heat, ...map }: StoredMap): HeatMap {
  return { ...map, values: Buffer.from(heat.buffer, heat.byteOffset, heat.byteLength).toString('base64') };
}
