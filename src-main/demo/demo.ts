// The demonstration: four ways of training on the sample, from the same seed, measured on the same test
// pictures, where the shortcut that agreed with the class in training is worth nothing.

import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { ImageId, JobId } from '../contracts/ids.ts';
import type { Job } from '../contracts/jobs.ts';
import { runConfigSchema, type Run, type RunConfigInput } from '../contracts/runs.ts';
import type { DeviceChoice } from '../contracts/devices.ts';
import { decodeRgb, encodePng } from '../imaging/index.ts';
import type { StoredMap } from '../storage/explanations.ts';
import type { Context } from '../core/context.ts';
import { evaluationHandlers } from '../services/evaluations.ts';
import { explain } from '../services/explanations.ts';
import { fullScaleOf, overlay, smoothed } from '../services/heat-picture.ts';
import { reportHtml, type ReportPicture, type ReportRun } from './report.ts';
import { runHandlers } from '../services/runs.ts';
import { openSample } from '../services/sample.ts';

export type DemoRun = 'standard' | 'blackout' | 'box-aware' | 'outside-swap';

/** Everything that the four runs have in common. */
const COMMON = { model: 'resnet8', sizePx: 64, epochs: 36, batch: 32 } as const;
/**
 * A penalised network learns more slowly; at a gentler rate it is not done when the others are. With softplus the penalty
 * raised the energy in the box by 0.16 where it was 0.10 with ReLU: docs/results.md.
 */
const SETTINGS = {
  learningRate: 0.12,
  schedule: 'one-cycle',
  activation: 'softplus',
  // Its runs start at once, and would time their convolutions against each other.
  convolutions: 'rules',
} as const;
/** Gradients of the log-probabilities do not fade as the network grows sure, so a small weight is enough. */
const BOX_AWARE = { lambdaInside: 0, lambdaOutside: 0.1, of: 'log-probability' };

/** The four runs, in the order of the report. Seeds are given when they start. */
export const DEMO_RUNS: Record<DemoRun, { title: string; config: Omit<RunConfigInput, 'seed'> }> = {
  standard: { title: 'Standard', config: { ...COMMON, settings: SETTINGS, objective: 'standard' } },
  blackout: { title: 'Blackout', config: { ...COMMON, settings: SETTINGS, objective: 'blackout' } },
  'box-aware': {
    title: 'Box-aware',
    config: { ...COMMON, settings: SETTINGS, objective: 'box-aware', params: BOX_AWARE },
  },
  'outside-swap': {
    title: 'Box-aware, outside swapped',
    config: {
      ...COMMON,
      settings: { ...SETTINGS, outside: 'swap' },
      objective: 'box-aware',
      params: BOX_AWARE,
    },
  },
};
const KEYS = Object.keys(DEMO_RUNS) as DemoRun[];

/** What the energy measure measures, so that the maps of the report and its figures agree. */
const MAP = { method: 'input-gradient', params: { score: 'loss', reduction: 'squared' } } as const;
/** Pictures of each class in the report: the first of the test split, chosen by nobody. */
const SHOWN_OF_CLASS = 2;
const DRAWN_SCALE = 3;
/** Pixels of the map. */
const SMOOTHED_BY = 1.25;

export interface DemoResult {
  seconds: number;
  runs: Record<DemoRun, { accuracy: number; energyInBox: number | null; run: number }>;
  measured: Record<DemoRun, Run>;
  /** Absolute. */
  report: string;
}

/**
 * Starts all four runs at once: as many train side by side as the core has trainers.
 *
 * @param folder  of the project to make; the report is put into it
 * @param watch   waits for a job, showing it; throws its error
 */
export async function runDemo(
  context: Context,
  folder: string,
  seed: number,
  watch: (id: JobId) => Promise<Job>,
  device: DeviceChoice = 'auto',
): Promise<DemoResult> {
  const begun = performance.now();
  if (fs.existsSync(folder) && fs.readdirSync(folder).length > 0)
    throw new AppError('conflict', `${folder} is not empty`, { reason: 'choose a new or empty folder' });
  const made = context.jobs.start(
    { kind: 'sample', title: 'The sample', unit: 'pictures' },
    async (handle) => void (await openSample(context, folder, path.basename(folder), seed, handle)),
  );
  await watch(made.id);

  const started: [DemoRun, Run][] = [];
  for (const key of KEYS) {
    const config = runConfigSchema.parse({ ...DEMO_RUNS[key].config, seed, device });
    started.push([key, await runHandlers['runs.start'](context, config)]);
  }
  const measured = {} as Record<DemoRun, Run>;
  for (const [key, { id, jobId }] of started) {
    await watch(jobId!);
    for (const job of context.jobs.active())
      if (job.kind === 'evaluate' && job.runId === id) await watch(job.id);
    measured[key] = await runHandlers['runs.get'](context, { id });
    if (!measured[key].evaluated)
      throw new AppError('internal', `run ${id} (${key}) was not evaluated`, { reason: measured[key].state });
  }

  const seconds = (performance.now() - begun) / 1000;
  const report = path.join(folder, 'report.html');
  const drawing = context.jobs.start(
    { kind: 'report', title: 'Report', unit: 'pictures' },
    async (handle) => {
      const pictures = await drawPictures(context, measured, (done, total) => handle.progress(done, total));
      fs.writeFileSync(
        report,
        reportHtml({ seed, seconds, version: context.options.version, runs: reportRuns(measured), pictures }),
      );
    },
  );
  await watch(drawing.id);
  const runs = {} as DemoResult['runs'];
  for (const key of KEYS) {
    const { accuracy, energyInBox } = measured[key].evaluated!.measures;
    runs[key] = { accuracy, energyInBox, run: measured[key].number };
  }
  return { seconds: (performance.now() - begun) / 1000, runs, measured, report };
}

const reportRuns = (measured: Record<DemoRun, Run>): ReportRun[] =>
  KEYS.map((key) => ({
    title: DEMO_RUNS[key].title,
    number: measured[key].number,
    config: measured[key].config,
    seconds: measured[key].seconds,
    bestEpoch: measured[key].best?.epoch ?? null,
    measures: measured[key].evaluated!.measures,
  }));

async function drawPictures(
  context: Context,
  measured: Record<DemoRun, Run>,
  progress: (done: number, total: number) => void,
): Promise<ReportPicture[]> {
  const { images } = context.project().store;
  const said = await Promise.all(
    KEYS.map((key) =>
      evaluationHandlers['evaluations.images'](context, { runId: measured[key].id, split: 'test' }),
    ),
  );
  const chosen = [...Map.groupBy(said[0], (image) => image.classId).values()].flatMap((group) =>
    group.slice(0, SHOWN_OF_CLASS),
  );
  const names = new Map(
    context
      .project()
      .store.classes.all()
      .map(({ id, name }) => [id, name]),
  );
  const drawn: ReportPicture[] = [];
  for (const { imageId, classId } of chosen) {
    const image = images.byId(imageId)!;
    const size = { width: image.widthPx * DRAWN_SCALE, height: image.heightPx * DRAWN_SCALE };
    const pixels = { rgb: await decodeRgb(image.file, size), ...size };
    const maps: StoredMap[] = [];
    for (const key of KEYS) maps.push(await mapOf(context, measured[key], imageId));
    const heats = maps.map((map) => smoothed(map, SMOOTHED_BY));
    const full = Math.max(...heats.map(({ heat }) => fullScaleOf(heat)));
    drawn.push({
      name: image.name,
      className: names.get(classId) ?? '',
      picture: await dataUri(pixels.rgb, size),
      runs: await Promise.all(
        maps.map(async (map, index) => {
          const own = said[index].find((one) => one.imageId === imageId)!;
          return {
            heat: await dataUri(overlay(pixels, heats[index], map.regionBox, DRAWN_SCALE, full), size),
            says: names.get(own.predictedId) ?? '',
            score: own.predictedScore,
            correct: own.correct,
            energyInBox: map.energyInBox,
          };
        }),
      ),
    });
    progress(drawn.length, chosen.length);
  }
  return drawn;
}

const mapOf = (context: Context, run: Run, imageId: ImageId): Promise<StoredMap> =>
  explain(context, { runId: run.id, imageId, method: MAP.method, params: { ...MAP.params }, target: 'true' });

async function dataUri(
  rgb: Uint8Array,
  { width, height }: { width: number; height: number },
): Promise<string> {
  const png = encodePng(rgb, width, height);
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}
