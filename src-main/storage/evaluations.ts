// What was measured of runs: predictions and metrics of one run, epoch and split. Measuring the same weights again adds
// to what is there; what was measured of other weights stays beside it.

import type { Split } from '../contracts/dataset.ts';
import type { ClassId, ImageId, RunId } from '../contracts/ids.ts';
import type { EvaluatedImage, EvaluationSummary } from '../contracts/evaluations.ts';
import {
  paramsText,
  type CurvePoint,
  type Metric,
  type MetricOfImages,
  type RunMetric,
} from '../contracts/metrics.ts';
import type { Connection } from './database.ts';
import { jsonOrNull, parse, parseOrNull } from './rows.ts';

/** What the best run that has seen a picture says of it. */
interface Verdict {
  runNumber: number;
  classId: ClassId;
  score: number;
  correct: boolean;
  /** Of the first metric that says so. */
  energyInBox: number | null;
  /** As that was measured; empty without one. */
  energyParams: Metric['params'];
}

export type NewEvaluation = Omit<EvaluationSummary, 'metrics'>;
/** A metric, and its value of each picture of the evaluation, in their order; null where there is none. */
export type NewMetric = Metric & { ofImages: readonly (number | null)[] | null };
type StoredEvaluatedImage = Omit<EvaluatedImage, 'values' | 'correct'>;
type NewEvaluatedImage = Omit<StoredEvaluatedImage, 'name'>;
export type EvaluationsRepository = ReturnType<typeof evaluationsRepository>;

/** The evaluation of a run's split that was made last. */
const LATEST = `(SELECT id FROM evaluation WHERE run_id = @runId AND split = @split
  ORDER BY created_at DESC, id DESC LIMIT 1)`;
const METRIC = `measure, params, value, low, high, pictures, skipped, chance, parts, curve`;

interface MetricRow {
  measure: string;
  params: string;
  value: number | null;
  low: number | null;
  high: number | null;
  pictures: number;
  skipped: number;
  chance: number | null;
  parts: string | null;
  curve: string | null;
}

export function evaluationsRepository(db: Connection) {
  interface SummaryRow {
    epoch: number;
    images: number;
    withRegion: number;
    confusion: string;
    classes: string;
  }
  type Of = [{ runId: RunId; split: Split }];
  const summary = db.prepare<Of, SummaryRow>(`
    SELECT epoch, images, with_region AS withRegion, confusion, classes FROM evaluation WHERE id = ${LATEST}`);
  const metrics = db.prepare<Of, MetricRow>(
    `SELECT ${METRIC} FROM metric WHERE evaluation_id = ${LATEST} ORDER BY id`,
  );
  const all = db.prepare<[number], MetricRow & { split: Split; epoch: number }>(`
    SELECT split, epoch, ${METRIC} FROM metric JOIN evaluation ON evaluation.id = evaluation_id
    WHERE run_id = ? ORDER BY split, epoch DESC, metric.id`);
  const images = db.prepare<Of, StoredEvaluatedImage>(`
    SELECT image_id AS imageId, image.name, e.class_id AS classId, predicted_id AS predictedId,
      true_score AS trueScore, predicted_score AS predictedScore, area_share AS areaShare
    FROM evaluation_image e JOIN image ON image.id = image_id
    WHERE evaluation_id = ${LATEST} ORDER BY image_id`);
  const valuesOf = db.prepare<
    Of,
    { metricId: number; measure: string; params: string; imageId: ImageId; value: number }
  >(`
    SELECT metric.id AS metricId, measure, params, image_id AS imageId, metric_image.value
    FROM metric JOIN metric_image ON metric_id = metric.id
    WHERE evaluation_id = ${LATEST} ORDER BY metric.id, image_id`);
  const put = db.prepare<unknown[], { id: number }>(`
    INSERT INTO evaluation (run_id, split, epoch, created_at, images, with_region, confusion, classes)
    VALUES (@runId, @split, @epoch, @createdAt, @images, @withRegion, @confusion, @classes)
    ON CONFLICT (run_id, split, epoch) DO UPDATE SET created_at = excluded.created_at, images = excluded.images,
      with_region = excluded.with_region, confusion = excluded.confusion, classes = excluded.classes
    RETURNING id`);
  const removeImages = db.prepare('DELETE FROM evaluation_image WHERE evaluation_id = ?');
  const insertImage = db.prepare(`
    INSERT INTO evaluation_image (evaluation_id, image_id, class_id, predicted_id, true_score,
      predicted_score, area_share)
    VALUES (@evaluationId, @imageId, @classId, @predictedId, @trueScore, @predictedScore, @areaShare)`);
  const removeMetric = db.prepare(
    'DELETE FROM metric WHERE evaluation_id = ? AND measure = ? AND params = ?',
  );
  const insertMetric = db.prepare(`
    INSERT INTO metric (evaluation_id, ${METRIC})
    VALUES (@evaluationId, @measure, @params, @value, @low, @high, @pictures, @skipped, @chance, @parts, @curve)`);
  const insertValue = db.prepare('INSERT INTO metric_image (metric_id, image_id, value) VALUES (?, ?, ?)');
  const verdict = db.prepare<
    [number],
    Omit<Verdict, 'correct' | 'energyParams'> & {
      trueId: ClassId;
      accuracy: number | null;
      energyParams: string | null;
    }
  >(`
    SELECT run_id AS runNumber, predicted_id AS classId, predicted_score AS score, class_id AS trueId,
      energy.value AS energyInBox, energy.params AS energyParams,
      (SELECT own.value FROM metric JOIN metric_image own ON own.metric_id = metric.id
        WHERE metric.evaluation_id = evaluation.id AND measure = 'accuracy' AND own.image_id = e.image_id) AS accuracy
    FROM evaluation_image e JOIN evaluation ON evaluation.id = e.evaluation_id
      LEFT JOIN (SELECT min(metric.id), evaluation_id, image_id, params, metric_image.value
        FROM metric JOIN metric_image ON metric_id = metric.id WHERE measure = 'energy-in-box'
        GROUP BY evaluation_id, image_id) energy
        ON energy.evaluation_id = evaluation.id AND energy.image_id = e.image_id
    WHERE e.image_id = ? AND NOT EXISTS (SELECT 1 FROM evaluation later WHERE later.run_id = evaluation.run_id
      AND later.split = evaluation.split AND (later.created_at, later.id) > (evaluation.created_at, evaluation.id))
    ORDER BY (SELECT value FROM metric WHERE evaluation_id = evaluation.id AND measure = 'accuracy') DESC,
      run_id DESC LIMIT 1`);

  return {
    /** Of the weights that were measured last. */
    summary(runId: RunId, split: Split): EvaluationSummary | null {
      const row = summary.get({ runId, split });
      if (!row) return null;
      return {
        runId,
        split,
        ...row,
        metrics: metrics.all({ runId, split }).map(metricOfRow),
        confusion: parse<number[][]>(row.confusion),
        classes: parse<EvaluationSummary['classes']>(row.classes),
      };
    },
    /** Of all splits and epochs, the newest epoch first. */
    metrics: (runId: RunId): RunMetric[] =>
      all.all(runId).map(({ split, epoch, ...row }) => ({ ...metricOfRow(row), split, epoch })),
    /** Of the weights that were measured last, in the order of their ids. */
    images: (runId: RunId, split: Split): StoredEvaluatedImage[] => images.all({ runId, split }),
    values(runId: RunId, split: Split): MetricOfImages[] {
      const found = new Map<number, MetricOfImages>();
      for (const { metricId, measure, params, imageId, value } of valuesOf.iterate({ runId, split })) {
        let own = found.get(metricId);
        if (!own) found.set(metricId, (own = { measure, params: parse(params), values: [] }));
        own.values.push({ imageId, value });
      }
      return [...found.values()];
    },
    save: db.transaction(
      (
        evaluation: NewEvaluation,
        rows: readonly NewEvaluatedImage[],
        measured: readonly NewMetric[],
      ): void => {
        const { id: evaluationId } = put.get({
          ...evaluation,
          createdAt: Date.now(),
          confusion: JSON.stringify(evaluation.confusion),
          classes: JSON.stringify(evaluation.classes),
        })!;
        removeImages.run(evaluationId);
        for (const row of rows) insertImage.run({ ...row, evaluationId });
        for (const { ofImages, ...metric } of measured) {
          const params = paramsText(metric.params);
          removeMetric.run(evaluationId, metric.measure, params);
          const { lastInsertRowid } = insertMetric.run({
            ...metric,
            evaluationId,
            params,
            chance: metric.chance ?? null,
            parts: jsonOrNull(metric.parts ?? null),
            curve: jsonOrNull(metric.curve ?? null),
          });
          ofImages?.forEach((value, i) => {
            if (value !== null) insertValue.run(lastInsertRowid, rows[i].imageId, value);
          });
        }
      },
    ),
    verdict(imageId: ImageId): Verdict | null {
      const row = verdict.get(imageId);
      if (!row) return null;
      const { trueId, accuracy, energyParams, ...said } = row;
      return {
        ...said,
        correct: wasCorrect(accuracy, trueId, said.classId),
        energyParams: energyParams === null ? {} : parse(energyParams),
      };
    },
  };
}

function metricOfRow({ params, parts, curve, chance, ...row }: MetricRow): Metric {
  const curveOrNull = parseOrNull<CurvePoint[]>(curve);
  const partsOrNull = parseOrNull<NonNullable<Metric['parts']>>(parts);
  return {
    ...row,
    params: parse(params),
    ...(chance !== null && { chance }),
    ...(partsOrNull && { parts: partsOrNull }),
    ...(curveOrNull && { curve: curveOrNull }),
  };
}

/**
 * As it was measured, where several classes can be right; an evaluation of an older Fovea knows one.
 * @param accuracy  of this picture
 */
export const wasCorrect = (accuracy: number | null, trueId: ClassId, predictedId: ClassId): boolean =>
  accuracy === null ? trueId === predictedId : accuracy === 1;
