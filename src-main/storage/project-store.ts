// A project's database, open and locked: all repositories over one connection.

import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { annotationsRepository, type AnnotationsRepository } from './annotations.ts';
import { attributesRepository, type AttributesRepository } from './attributes.ts';
import { classesRepository, type ClassesRepository } from './classes.ts';
import { comparisonsRepository, type ComparisonsRepository } from './comparisons.ts';
import { openDatabase, openDatabaseToRead, storageError, whenFree, type Connection } from './database.ts';
import { epochMetricsRepository, type EpochMetricsRepository } from './epoch-metrics.ts';
import { evaluationsRepository, type EvaluationsRepository } from './evaluations.ts';
import { explanationsRepository, type ExplanationsRepository } from './explanations.ts';
import { imagesRepository, refuseStrangeImages, type ImagesRepository } from './images.ts';
import { importKeysRepository, type ImportKeysRepository } from './import-keys.ts';
import { importsRepository, type ImportsRepository } from './imports.ts';
import { lockProject, type ProjectLock } from './lock.ts';
import { runsRepository, type RunsRepository } from './runs.ts';
import { settingsRepository, type SettingsRepository } from './settings.ts';
import { snapshotsRepository, type SnapshotsRepository } from './snapshots.ts';
import { sourcesRepository, type SourcesRepository } from './sources.ts';
import { sweepsRepository, type SweepsRepository } from './sweeps.ts';
import { undoRepository, type UndoRepository } from './undo-log.ts';

export const PROJECT_FILE = 'project.sqlite';

/** How long a step of long work holds the process: a window still feels alive, and an edit is written at once. */
const TURN_MS = 20;

export interface ProjectStore {
  settings: SettingsRepository;
  sources: SourcesRepository;
  images: ImagesRepository;
  classes: ClassesRepository;
  annotations: AnnotationsRepository;
  attributes: AttributesRepository;
  undo: UndoRepository;
  imports: ImportsRepository;
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
  /** What `work` reads is of one moment, whatever other processes write meanwhile. */
  atOneMoment<T>(work: () => T): T;
  /**
   * Long work in many short transactions, between which the process does other things: a transaction never spans a
   * turn of the event loop, since what others write meanwhile would stand and fall with it. What a step has written
   * stays if a later one fails, so it must be where nothing reads it yet.
   * @param between  called after each turn; what it throws ends the work
   */
  inTurns<T>(work: Iterator<unknown, T>, between?: () => void): Promise<T>;
  isReadOnly: boolean;
  /** Rows that were written so far, to tell whether a call that failed has written any. */
  changes(): number;
  /** Tries again while another program holds the database; `work` is one transaction. */
  whenFree<T>(work: () => T): Promise<T>;
  close(): void;
}

/**
 * Opens (or makes) the database of a project folder for this process alone.
 * @throws AppError 'conflict' when it is open elsewhere, 'too-new', 'bad-file'
 */
export function openProjectStore(folder: string): ProjectStore {
  const lock = lockProject(folder);
  let db: Connection | undefined;
  try {
    db = openDatabase(path.join(folder, PROJECT_FILE), undefined, refuseStrangeImages);
    lock.claim(db);
    return storeOver(db, lock);
  } catch (error) {
    lock.disclaim();
    db?.close();
    lock.release();
    throw storageError(error);
  }
}

/** The same to read only, beside others. */
export function readProjectStore(folder: string): ProjectStore {
  const db = openDatabaseToRead(path.join(folder, PROJECT_FILE));
  try {
    return storeOver(db, null);
  } catch (error) {
    db.close();
    throw storageError(error);
  }
}

/** @param lock  null for reading only */
function storeOver(db: Connection, lock: ProjectLock | null): ProjectStore {
  const images = imagesRepository(db);
  const attributes = attributesRepository(db);
  const annotations = annotationsRepository(db, attributes);
  const undo = undoRepository(db);
  const importKeys = importKeysRepository(db);
  const changes = db.prepare<[], number>('SELECT total_changes()').pluck();
  /** Steps until their time is over; null if more are left. */
  const turn = <T>(work: Iterator<unknown, T>): { value: T } | null => {
    for (const until = performance.now() + TURN_MS; ;) {
      const step = work.next();
      if (step.done) return step;
      if (performance.now() >= until) return null;
    }
  };
  return {
    settings: settingsRepository(db),
    sources: sourcesRepository(db),
    images,
    classes: classesRepository(db),
    annotations,
    attributes,
    undo,
    imports: importsRepository(db, { images, attributes, annotations, keys: importKeys, undo }),
    importKeys,
    snapshots: snapshotsRepository(db),
    runs: runsRepository(db),
    epochMetrics: epochMetricsRepository(db),
    evaluations: evaluationsRepository(db),
    explanations: explanationsRepository(db),
    comparisons: comparisonsRepository(db),
    sweeps: sweepsRepository(db),
    transaction: (work) => db.transaction(work).immediate(),
    atOneMoment: (work) => db.transaction(work).deferred(),
    async inTurns(work, between) {
      const transaction = db.transaction(() => turn(work));
      for (;;) {
        const end = await whenFree(() => transaction.immediate());
        if (end) return end.value;
        await setImmediate();
        between?.();
      }
    },
    isReadOnly: lock === null,
    changes: () => changes.get()!,
    whenFree: (work) => whenFree(work),
    close() {
      try {
        lock?.disclaim();
        db.close();
      } finally {
        lock?.release();
      }
    },
  };
}
