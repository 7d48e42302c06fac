// Measures of a run over one split, and its figures picture by picture. Evaluating the same weights again adds to
// what is there; other weights replace it.

import type { Split } from '../contracts/dataset.ts';
import type { ClassId, ImageId, RunId } from '../contracts/ids.ts';
import type { EvaluatedImage, EvaluationSummary } from '../contracts/evaluations.ts';
import type { MetricValue, Measures } from '../contracts/metrics.ts';
import type { Connection } from './database.ts';
import { boolOrNull, parse } from './rows.ts';

/** What the best run that has seen a picture says of it. */
interface Verdict {
  runNumber: number;
  classId: ClassId;
  score: number;
  correct: boolean;
  energyInBox: number | null;
}

export type NewEvaluation = Omit<EvaluationSummary, 'measures'> & {
  /** Epoch whose weights were measured. */
  weightsOf: number;
};
type NewEvaluatedImage = Pick<
  EvaluatedImage,
  'imageId' | 'classId' | 'predictedId' | 'trueScore' | 'predictedScore' | 'values'
>;
export type EvaluationsRepository = ReturnType<typeof evaluationsRepository>;

export function evaluationsRepository(db: Connection) {
  interface SummaryRow {
    images: number;
    withRegion: number;
    measures: string;
    figures: string;
    confusion: string;
    classes: string;
  }
  interface ImageRow {
    imageId: ImageId;
    name: string;
    classId: ClassId;
    predictedId: ClassId;
    trueScore: number;
    predictedScore: number;
    measured: string;
  }
  const summary = db.prepare<[number, string], SummaryRow>(`
    SELECT images, with_region AS withRegion, measures, figures, confusion, classes FROM evaluation
    WHERE run_id = ? AND split = ?`);
  const images = db.prepare<[number, string], ImageRow>(`
    SELECT image_id AS imageId, image.name, e.class_id AS classId, predicted_id AS predictedId,
      true_score AS trueScore, predicted_score AS predictedScore, measured
    FROM evaluation JOIN evaluation_image e ON evaluation_id = evaluation.id
      JOIN image ON image.id = image_id
    WHERE run_id = ? AND evaluation.split = ? ORDER BY image_id`);
  const before = db.prepare<[number, string, number], { id: number; figures: string }>(
    'SELECT id, figures FROM evaluation WHERE run_id = ? AND split = ? AND weights_of = ?',
  );
  const valuesBefore = db.prepare<[number], { imageId: ImageId; measured: string }>(
    'SELECT image_id AS imageId, measured FROM evaluation_image WHERE evaluation_id = ?',
  );
  const remove = db.prepare('DELETE FROM evaluation WHERE run_id = ? AND split = ?');
  const insert = db.prepare(`
    INSERT INTO evaluation (run_id, split, created_at, images, with_region, measures, figures, confusion,
      classes, weights_of)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const insertImage = db.prepare(`
    INSERT INTO evaluation_image (evaluation_id, image_id, class_id, predicted_id, true_score,
      predicted_score, measured)
    VALUES (@evaluationId, @imageId, @classId, @predictedId, @trueScore, @predictedScore, @measured)`);
  const verdict = db.prepare<
    [number],
    Omit<Verdict, 'correct'> & { trueId: ClassId; accuracy: number | null }
  >(`
    SELECT run_id AS runNumber, predicted_id AS classId, predicted_score AS score, class_id AS trueId,
      json_extract(measured, '$.energyInBox') AS energyInBox,
      json_extract(measured, '$.accuracy') AS accuracy
    FROM evaluation_image JOIN evaluation ON evaluation.id = evaluation_id
    WHERE image_id = ?
    ORDER BY json_extract(measures, '$.accuracy') DESC, run_id DESC LIMIT 1`);
  return {
    summary(runId: RunId, split: Split): EvaluationSummary | null {
      const row = summary.get(runId, split);
      return row
        ? {
            runId,
            split,
            images: row.images,
            withRegion: row.withRegion,
            measures: parse<Measures>(row.measures),
            figures: parse<EvaluationSummary['figures']>(row.figures),
            confusion: parse<number[][]>(row.confusion),
            classes: parse<EvaluationSummary['classes']>(row.classes),
          }
        : null;
    },
    images: (runId: RunId, split: Split): EvaluatedImage[] =>
      images.all(runId, split).map(({ measured, ...row }) => {
        const values = parse<EvaluatedImage['values']>(measured);
        return {
          ...row,
          correct: wasCorrect(values.accuracy ?? null, row.classId, row.predictedId),
          energyInBox: values.energyInBox ?? null,
          pointingHit: boolOrNull(values.pointingGame ?? null),
          iou: values.meanIou ?? null,
          saliencyMetric: values.saliencyMetric ?? null,
          values,
        };
      }),
    save: db.transaction((evaluation: NewEvaluation, rows: NewEvaluatedImage[]): void => {
      const { runId, split, weightsOf } = evaluation;
      const earlier = before.get(runId, split, weightsOf);
      const figures = {
        ...(earlier && parse<EvaluationSummary['figures']>(earlier.figures)),
        ...evaluation.figures,
      };
      const kept = new Map(
        earlier
          ? valuesBefore.all(earlier.id).map(({ imageId, measured }) => [imageId, measured] as const)
          : [],
      );
      remove.run(runId, split);
      const evaluationId = insert.run(
        runId,
        split,
        Date.now(),
        evaluation.images,
        evaluation.withRegion,
        JSON.stringify(measuresOf(figures)),
        JSON.stringify(figures),
        JSON.stringify(evaluation.confusion),
        JSON.stringify(evaluation.classes),
        weightsOf,
      ).lastInsertRowid;
      for (const { values, ...row } of rows) {
        const own = kept.get(row.imageId);
        const measured = { ...(own !== undefined && parse<EvaluatedImage['values']>(own)), ...values };
        insertImage.run({ ...row, evaluationId, measured: JSON.stringify(measured) });
      }
    }),
    verdict(imageId: ImageId): Verdict | null {
      const row = verdict.get(imageId);
      if (!row) return null;
      const { trueId, accuracy, ...stored } = row;
      return { ...stored, correct: wasCorrect(accuracy, trueId, stored.classId) };
    },
  };
}

/**
 * As it was measured, where several classes can be right; an evaluation of an older Fovea knows one.
 * @param accuracy  of this picture
 */
const wasCorrect = (accuracy: number | null, trueId: ClassId, predictedId: ClassId): boolean =>
  accuracy === null ? trueId === predictedId : accuracy === 1;

/** The figures that every screen and report knows by name. */
function measuresOf(figures: Readonly<Record<string, MetricValue>>): Measures {
  const valueOf = (key: string): number | null => figures[key]?.value ?? null;
  return {
    accuracy: valueOf('accuracy') ?? 0,
    energyInBox: valueOf('energyInBox'),
    pointingGame: valueOf('pointingGame'),
    localisationAccuracy: valueOf('localisationAccuracy'),
    saliencyMetric: valueOf('saliencyMetric'),
    meanIou: valueOf('meanIou'),
    fgsm: (figures.fgsm?.parts ?? []).map(({ name, value }) => ({ eps: Number(name), accuracy: value ?? 0 })),
    outsideBlurred: valueOf('outsideBlurred'),
    outsideSwapped: valueOf('outsideSwapped'),
  };
}
