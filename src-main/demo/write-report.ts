// The report of a demonstration's runs, drawn and written as a job.

import path from 'node:path';
import { demoRuns, type DemoRun } from '../contracts/demo.ts';
import { AppError } from '../contracts/errors.ts';
import type { ImageId } from '../contracts/ids.ts';
import type { Run } from '../contracts/runs.ts';
import { writeFileWhole } from '../files/write-file.ts';
import type { Context, Handlers } from '../core/context.ts';
import type { JobHandle } from '../core/jobs.ts';
import { explain } from '../services/explanations.ts';
import { evaluatedImages } from '../services/metrics.ts';
import { runRecord, storedRun } from '../services/run-records.ts';
import type { StoredMap } from '../storage/explanations.ts';
import { DEMO_RUNS } from './demo.ts';
import { REPORT_FILE, reportHtml, type ReportImage, type ReportRun } from './report.ts';

/** What the energy measure measures, so that the maps of the report and its figures agree. */
const MAP = { method: 'input-gradient', params: { score: 'loss', reduction: 'squared' } } as const;
/** Pictures of each class in the report: the first of the test split, chosen by nobody. */
const SHOWN_OF_CLASS = 2;
const DRAWN_SCALE = 3;
/** Pixels of the map. */
const SMOOTHED_BY = 1.25;

export const reportHandlers: Handlers<'demo.report'> = {
  'demo.report': (context, { seed, seconds, runs }) => {
    const project = context.project();
    const measured = {} as Record<DemoRun, Run>;
    for (const key of demoRuns) {
      measured[key] = runRecord(context, storedRun(project, runs[key]));
      if (!measured[key].evaluated)
        throw new AppError('conflict', `run ${runs[key]} was not evaluated yet`, { place: key });
    }
    return context.jobs.start({ kind: 'report', title: 'Report', unit: 'pictures' }, async (handle) => {
      const images = await drawImages(context, measured, handle);
      const { version } = context.options;
      await writeFileWhole(path.join(project.folder, REPORT_FILE), [
        reportHtml({ seed, seconds, version, runs: reportRuns(measured), pictures: images }),
      ]);
    }).id;
  },
};

const reportRuns = (measured: Record<DemoRun, Run>): ReportRun[] =>
  demoRuns.map((key) => ({
    title: DEMO_RUNS[key].title,
    number: measured[key].number,
    config: measured[key].config,
    seconds: measured[key].seconds,
    bestEpoch: measured[key].best?.epoch ?? null,
    metrics: measured[key].evaluated!.metrics,
  }));

async function drawImages(
  context: Context,
  measured: Record<DemoRun, Run>,
  handle: JobHandle,
): Promise<ReportImage[]> {
  const { store } = context.project();
  const { images, classes } = store;
  const outputs = demoRuns.map((key) => evaluatedImages(store, measured[key].id, 'test'));
  const chosen = [...Map.groupBy(outputs[0], (image) => image.classId).values()].flatMap((group) =>
    group.slice(0, SHOWN_OF_CLASS),
  );
  const names = new Map(classes.all().map(({ id, name }) => [id, name]));
  const shown: ReportImage[] = [];
  for (const { imageId, classId } of chosen) {
    const maps: StoredMap[] = [];
    for (const key of demoRuns) maps.push(await mapOf(context, measured[key], imageId, handle.signal));
    const { file, name, widthPx, heightPx } = images.byId(imageId)!;
    const { image, drawn } = await context.workers.decode('drawHeat', {
      file,
      widthPx,
      heightPx,
      scale: DRAWN_SCALE,
      maps,
      smoothedBy: SMOOTHED_BY,
    });
    shown.push({
      name,
      className: names.get(classId) ?? '',
      picture: dataUri(image),
      runs: maps.map(({ energyInBox }, index) => {
        const own = outputs[index].find((one) => one.imageId === imageId)!;
        return {
          heat: dataUri(drawn[index]),
          says: names.get(own.predictedId) ?? '',
          score: own.predictedScore,
          correct: own.correct,
          energyInBox,
        };
      }),
    });
    handle.progress(shown.length, chosen.length);
  }
  return shown;
}

const mapOf = (context: Context, run: Run, imageId: ImageId, signal: AbortSignal): Promise<StoredMap> =>
  explain(
    context,
    { runId: run.id, imageId, method: MAP.method, params: { ...MAP.params }, target: 'true' },
    signal,
  );

const dataUri = (png: Uint8Array): string => `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
