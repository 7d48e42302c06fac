// Heat maps of one picture, made by the interactive process and remembered under all they depend on.

import { createHash } from 'node:crypto';
import type { ClassId } from '../contracts/ids.ts';
import { AppError } from '../contracts/errors.ts';
import type { DrawnMap, HeatMap } from '../contracts/explanations.ts';
import type { TrainedOn } from '../contracts/runs.ts';
import type { Parsed } from '../contracts/api.ts';
import type { ExplainOutcome, ExplainSpec, LabelledImage } from '../contracts/worker-protocol.ts';
import type { ParamValue } from '../contracts/methods.ts';
import { attackById } from '../engine/attacks/index.ts';
import { randomFromSeed } from '../engine/nn/random.ts';
import { checkParams } from '../engine/nn/registry.ts';
import { mapsVersion, saliencyById } from '../engine/saliency/index.ts';
import type { StoredMap } from '../storage/explanations.ts';
import type { StoredRun } from '../storage/runs.ts';
import type { Snapshot } from '../storage/snapshots.ts';
import type { Context, Handlers } from '../core/context.ts';
import { requireWeights } from './evaluations.ts';
import { cacheFolderOf, imageOf, regionsOf, type OpenProject } from '../core/open-project.ts';
import { modelOf, imageAs, imagesOf, storedRun } from './run-records.ts';

/** Without an attack the worker sends no picture; this one is too small to change a pixel of it. */
const LEAST_EPS = 1e-9;

export const explanationHandlers: Handlers<'explanations.map' | 'explanations.draw' | 'explanations.attack'> =
  {
    'explanations.map': async (context, request, signal) =>
      heatMapOf(await explain(context, request, signal)),
    'explanations.draw': (context, request, signal) => draw(context, request, signal),
    'explanations.attack': async (context, request, signal) => {
      const asked = prepareAttacked(context, request);
      const outcome = await shared(context, asked, signal);
      if (!outcome.attackedPng) throw new AppError('internal', 'the attack gave no picture');
      return {
        picture: `data:image/png;base64,${Buffer.from(outcome.attackedPng).toString('base64')}`,
        map: heatMapOf(storedMapOf(outcome, asked.run.trainedOn.classes)),
        changed: outcome.changed ?? false,
        correct: isRight(outcome.scores, asked.spec.image),
      };
    },
  };

/** The map of a request, from the cache or the worker. @throws AppError 'cancelled' once `signal` is aborted */
export async function explain(
  context: Context,
  request: Parsed<'explanations.map'>,
  signal?: AbortSignal,
): Promise<StoredMap> {
  const asked = prepare(context, request, 0);
  const { run, spec, key } = asked;
  const project = context.project();
  const { explanations } = project.store;
  const known = explanations.get(run.id, request.imageId, key);
  if (known) return known;
  if (request.device !== undefined) spec.device = (await context.devices.choose(request.device)).id;
  const map = storedMapOf(await shared(context, asked, signal), run.trainedOn.classes);
  if (!project.closing.signal.aborted) explanations.put(run.id, request.imageId, key, map);
  return map;
}

/** A request that was checked, what the worker is asked for it, and a name of all that its map depends on. */
interface Asked {
  run: StoredRun;
  spec: ExplainSpec;
  key: string;
}
const nameOf = ({ run, spec, key }: Asked): string =>
  JSON.stringify([run.id, spec.image.imageId, key, spec.eps, spec.attack, spec.source?.checkpoint]);

/** Whether the highest score is that of the picture's class, or of one of several. */
const isRight = (scores: readonly number[], { classIndex, classIndices }: LabelledImage): boolean =>
  (classIndices ?? [classIndex]).includes(scores.indexOf(Math.max(...scores)));

/** Asks the worker once for all who want the same map at the same time. */
const shared = (context: Context, asked: Asked, signal?: AbortSignal): Promise<ExplainOutcome> =>
  context.explaining.ask(
    nameOf(asked),
    (unwanted) => {
      const answer = context.workers.call('interactive', 'explain', asked.spec);
      unwanted.addEventListener('abort', () => answer.control('cancel'), { once: true });
      return answer.value;
    },
    signal,
  );

/** The drawing's longer side: small pictures are enlarged to the first, large ones reduced to the second. */
const DRAWN_PX = { least: 384, most: 1600 };

async function draw(
  context: Context,
  request: Parsed<'explanations.draw'>,
  signal: AbortSignal,
): Promise<DrawnMap> {
  const map = await explain(context, request, signal);
  const { file, widthPx, heightPx } = imageOf(context.project(), request.imageId);
  const longer = Math.max(widthPx, heightPx);
  const scale = Math.min(DRAWN_PX.most, Math.max(DRAWN_PX.least, longer)) / longer;
  const { drawn } = await context.workers.decode('drawHeat', {
    file,
    widthPx,
    heightPx,
    scale,
    maps: [map],
    smoothedBy: 0,
  });
  return { map: heatMapOf(map), png: Buffer.from(drawn[0]).toString('base64') };
}

/** Training pictures of a run for a method to compare with: the same ones each time, and for all runs on the same data. */
function referencesOf(
  project: OpenProject,
  run: StoredRun,
  { count, seed }: { count: number; seed: number },
): LabelledImage[] {
  if (count === 0) return [];
  const { store } = project;
  const snapshot = store.snapshots.load(run.snapshotId);
  const trained = snapshot.images.filter(({ split }) => split === 'train');
  const chosen: Snapshot['images'] = [];
  for (const image of randomFromSeed(seed).fork('references').shuffle(trained)) {
    if (chosen.length === count) break;
    if (store.images.byId(image.id)?.missing === false) chosen.push(image);
  }
  return imagesOf(project, run, { ...snapshot, images: chosen }, 'train');
}

/** @throws AppError 'not-found' without weights of the run the picture is made with */
function prepareAttacked(
  context: Context,
  { eps, attack, attackParams, from, ...request }: Parsed<'explanations.attack'>,
): Asked {
  const params = checkParams(attackById(attack), attackParams) as Record<string, ParamValue>;
  const asked = prepare(context, request, Math.max(eps, LEAST_EPS), { id: attack, params });
  if (from === undefined || from === request.runId) return asked;
  const project = context.project();
  const source = storedRun(project, from);
  requireWeights(project, from);
  return { ...asked, spec: { ...asked.spec, source: modelOf(project, source) } };
}

function prepare(
  context: Context,
  { runId, imageId, method, params, target, versus, device }: Parsed<'explanations.map'>,
  eps: number,
  attack?: ExplainSpec['attack'],
): Asked {
  const project = context.project();
  const run = storedRun(project, runId);
  const image = imageOf(project, imageId);
  requireWeights(project, runId);
  const saliency = saliencyById(method);
  const checked = checkParams(saliency, params) as Record<string, ParamValue>;
  const { classes } = run.trainedOn;
  const indexOf = (id: ClassId) => classes.findIndex(({ classId }) => classId === id);
  const annotations = project.store.annotations.ofImage(imageId);
  const { file, contentHash, widthPx, heightPx, classId } = image;
  const seen = imageAs(run)(image, { contentHash, classId, annotations });
  const labelledImage = seen ?? {
    imageId,
    file,
    contentHash,
    widthPx,
    heightPx,
    classIndex: 0,
    classIndices: [],
    regions: regionsOf([classId], annotations),
  };
  const { classIndices } = labelledImage;
  const regionsByClass =
    classIndices &&
    Object.fromEntries(classIndices.map((k) => [k, regionsOf([classes[k].classId], annotations)]));
  // A picture without a class of the run has no true class to explain; what is said of it is next best.
  const own = seen?.classIndex ?? 'predicted';
  const wanted = typeof target === 'number' ? indexOf(target) : target === 'true' ? own : target;
  const against = versus === undefined ? undefined : indexOf(versus);
  for (const [id, index] of [
    [target, wanted],
    [versus, against],
  ])
    if (index === -1) throw new AppError('bad-input', `run ${runId} does not know class ${id}`);
  const compared = 'samples' in saliency ? saliency.references?.(checked) : undefined;
  const references = compared ? referencesOf(project, run, compared) : [];
  const spec: ExplainSpec = {
    model: modelOf(project, run),
    image: labelledImage,
    regionsByClass,
    method,
    params: checked,
    target: wanted,
    versus: against,
    references,
    cacheFolder: cacheFolderOf(project),
    attack,
    eps,
  };
  const dependsOn = [
    ...[
      run.best?.epoch ?? run.epochsDone,
      method,
      checked,
      wanted,
      contentHash,
      labelledImage.regions,
      regionsByClass,
    ],
    ...(against === undefined ? [] : [{ against }]),
    ...references.map(({ contentHash }) => contentHash),
    ...(device === undefined ? [] : [{ device }]),
  ];
  return { run, spec, key: cacheKeyOf(dependsOn) };
}

/** Names a map by all that it depends on, the code that makes it among it. */
export const cacheKeyOf = (dependsOn: readonly unknown[], version = mapsVersion): string =>
  createHash('sha256')
    .update(JSON.stringify([version, ...dependsOn]))
    .digest('hex');

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
    measuredBox: outcome.measuredBox,
  };
}

/** The form that crosses the boundary. */
export function heatMapOf({ heat, ...map }: StoredMap): HeatMap {
  return { ...map, values: Buffer.from(heat.buffer, heat.byteOffset, heat.byteLength).toString('base64') };
}
