// Measures of a run over one split, and its figures picture by picture. Evaluating again replaces both.

import type { Split } from '../contracts/dataset.ts';
import type { ClassId, ImageId, RunId } from '../contracts/ids.ts';
import type { EvaluatedImage, EvaluationSummary, Measures } from '../contracts/runs.ts';
import type { Connection } from './database.ts';
import { boolOrNull, flagOrNull, parse } from './rows.ts';

/** What the best run that has seen a picture says of it. */
export interface Verdict {
  runNumber: number;
  classId: ClassId;
  score: number;
  correct: boolean;
  energyInBox: number | null;
}

export type NewEvaluatedImage = Omit<EvaluatedImage, 'name' | 'correct'>;
export type EvaluationsRepository = ReturnType<typeof evaluationsRepository>;

export function evaluationsRepository(db: Connection) {
  interface SummaryRow {
    images: number;
    withRegion: number;
    measures: string;
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
    energyInBox: number | null;
    pointingHit: number | null;
    iou: number | null;
    saliencyMetric: number | null;
  }
  const summary = db.prepare<[number, string], SummaryRow>(`
    SELECT images, with_region AS withRegion, measures, confusion, classes FROM evaluation
    WHERE run_id = ? AND split = ?`);
  const images = db.prepare<[number, string], ImageRow>(`
    SELECT image_id AS imageId, image.name, e.class_id AS classId, predicted_id AS predictedId,
      true_score AS trueScore, predicted_score AS predictedScore, energy_in_box AS energyInBox,
      pointing_hit AS pointingHit, iou, saliency_metric AS saliencyMetric
    FROM evaluation JOIN evaluation_image e ON evaluation_id = evaluation.id
      JOIN image ON image.id = image_id
    WHERE run_id = ? AND evaluation.split = ? ORDER BY image_id`);
  const remove = db.prepare('DELETE FROM evaluation WHERE run_id = ? AND split = ?');
  const insert = db.prepare(`
    INSERT INTO evaluation (run_id, split, created_at, images, with_region, measures, confusion, classes)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
  const insertImage = db.prepare(`
    INSERT INTO evaluation_image (evaluation_id, image_id, class_id, predicted_id, true_score,
      predicted_score, energy_in_box, pointing_hit, iou, saliency_metric)
    VALUES (@evaluationId, @imageId, @classId, @predictedId, @trueScore, @predictedScore, @energyInBox,
      @pointingHit, @iou, @saliencyMetric)`);
  const verdict = db.prepare<
    [number],
    { runNumber: number; classId: ClassId; score: number; trueId: ClassId; energyInBox: number | null }
  >(`
    SELECT run_id AS runNumber, predicted_id AS classId, predicted_score AS score, class_id AS trueId,
      energy_in_box AS energyInBox
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
            confusion: parse<number[][]>(row.confusion),
            classes: parse<EvaluationSummary['classes']>(row.classes),
          }
        : null;
    },
    images: (runId: RunId, split: Split): EvaluatedImage[] =>
      images.all(runId, split).map((row) => ({
        ...row,
        correct: row.classId === row.predictedId,
        pointingHit: boolOrNull(row.pointingHit),
      })),
    save: db.transaction((summary: EvaluationSummary, rows: NewEvaluatedImage[]): void => {
      remove.run(summary.runId, summary.split);
      const evaluationId = insert.run(
        summary.runId,
        summary.split,
        Date.now(),
        summary.images,
        summary.withRegion,
        JSON.stringify(summary.measures),
        JSON.stringify(summary.confusion),
        JSON.stringify(summary.classes),
      ).lastInsertRowid;
      for (const row of rows)
        insertImage.run({ ...row, evaluationId, pointingHit: flagOrNull(row.pointingHit) });
    }),
    verdict(imageId: ImageId): Verdict | null {
      const row = verdict.get(imageId);
      if (!row) return null;
      const { trueId, ...said } = row;
      return { ...said, correct: row.classId === trueId };
    },
  };
}
