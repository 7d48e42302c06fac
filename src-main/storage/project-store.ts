// A project's database, open and locked: all repositories over one connection.

import path from 'node:path';
import { annotationsRepository, type AnnotationsRepository } from './annotations.ts';
import { attributesRepository, type AttributesRepository } from './attributes.ts';
import { classesRepository, type ClassesRepository } from './classes.ts';
import { comparisonsRepository, type ComparisonsRepository } from './comparisons.ts';
import { openDatabase, type Connection } from './database.ts';
import { epochMetricsRepository, type EpochMetricsRepository } from './epoch-metrics.ts';
import { evaluationsRepository, type EvaluationsRepository } from './evaluations.ts';
import { explanationsRepository, type ExplanationsRepository } from './explanations.ts';
import { imagesRepository, type ImagesRepository } from './images.ts';
import { importKeysRepository, type ImportKeysRepository } from './import-keys.ts';
import { lockProject } from './lock.ts';
import { runsRepository, type RunsRepository } from './runs.ts';
import { settingsRepository, type SettingsRepository } from './settings.ts';
import { snapshotsRepository, type SnapshotsRepository } from './snapshots.ts';
import { sourcesRepository, type SourcesRepository } from './sources.ts';
import { sweepsRepository, type SweepsRepository } from './sweeps.ts';
import { undoRepository, type UndoRepository } from './undo-log.ts';

export const PROJECT_FILE = 'project.sqlite';

export interface ProjectStore {
  settings: SettingsRepository;
  sources: SourcesRepository;
  images: ImagesRepository;
  classes: ClassesRepository;
  annotations: AnnotationsRepository;
  attributes: AttributesRepository;
  undo: UndoRepository;
  importKeys: ImportKeysRepository;
  snapshots: SnapshotsRepository;
  runs: RunsRepository;
  epochMetrics: EpochMetricsRepository;
  evaluations: EvaluationsRepository;
  explanations: ExplanationsRepository;
  comparisons: ComparisonsRepository;
  sweeps: SweepsRepository;
  /** All or nothing; what it returns is on disk. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/**
 * Opens (or makes) the database of a project folder for this process alone.
 * @throws AppError 'conflict' when it is open elsewhere, 'too-new', 'bad-file'
 */
export function openProjectStore(folder: string): ProjectStore {
  const lock = lockProject(folder);
  let db: Connection;
  try {
    db = openDatabase(path.join(folder, PROJECT_FILE));
  } catch (error) {
    lock.release();
    throw error;
  }
  return {
    settings: settingsRepository(db),
    sources: sourcesRepository(db),
    images: imagesRepository(db),
    classes: classesRepository(db),
    annotations: annotationsRepository(db),
    attributes: attributesRepository(db),
    undo: undoRepository(db),
    importKeys: importKeysRepository(db),
    snapshots: snapshotsRepository(db),
    runs: runsRepository(db),
    epochMetrics: epochMetricsRepository(db),
    evaluations: evaluationsRepository(db),
    explanations: explanationsRepository(db),
    comparisons: comparisonsRepository(db),
    sweeps: sweepsRepository(db),
    transaction: (work) => db.transaction(work).immediate(),
    close() {
      db.close();
      lock.release();
    },
  };
}
