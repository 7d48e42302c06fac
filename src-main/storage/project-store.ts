// A project's database, open and locked: all repositories over one connection.

import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
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

/** How long a transaction in slices works before it lets others have a turn: a window still feels alive. */
const SLICE_MS = 30;

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
  /**
   * The same for work that takes seconds: in slices, between which the process does other things. There is one
   * connection, so whatever else is written meanwhile stands and falls with it; who must not, waits for `writing`.
   * @param between  called after each slice; what it throws takes all back
   */
  transactionInSlices<T>(work: Iterator<unknown, T>, between?: () => void): Promise<T>;
  /** Settles when the transaction in slices that is open is over; null if none is. Never fails. */
  readonly writing: Promise<void> | null;
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
  let writing: Promise<void> | null = null;
  const runInSlices = async <T>(work: Iterator<unknown, T>, between?: () => void): Promise<T> => {
    db.exec('BEGIN IMMEDIATE');
    try {
      for (;;) {
        const until = performance.now() + SLICE_MS;
        let step = work.next();
        while (!step.done && performance.now() < until) step = work.next();
        if (step.done) {
          db.exec('COMMIT');
          return step.value;
        }
        await setImmediate();
        between?.();
      }
    } catch (thrown) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw thrown;
    }
  };
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
    async transactionInSlices(work, between) {
      const running = runInSlices(work, between);
      const over = running.then(
        () => undefined,
        () => undefined,
      );
      writing = over;
      try {
        return await running;
      } finally {
        if (writing === over) writing = null;
      }
    },
    get writing() {
      return writing;
    },
    close() {
      db.close();
      lock.release();
    },
  };
}
