// What is done for an open project behind the scenes: its database is looked over once, and copied once a day. Both go
// on in a process of their own, some time after the opening, so that short commands and first looks are left alone.

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { dailyFile, lastDaily } from '../storage/backups.ts';
import { migrationBackupOf } from '../storage/database.ts';
import { PROJECT_FILE } from '../storage/project-store.ts';
import type { Context } from './context.ts';
import type { OpenProject } from './open-project.ts';

const AFTER_OPENING_MS = 5000;
const DAY_MS = 24 * 3600 * 1000;
const HOUR_MS = DAY_MS / 24;
/** For a database of any size on a slow disk. */
const LIMIT_MS = 30 * 60_000;

/** Goes on until the project is closed. */
export async function lookAfter(context: Context, project: OpenProject): Promise<void> {
  const { closing, folder, store } = project;
  const file = path.join(folder, PROJECT_FILE);
  const rest = (ms: number) => delay(ms, undefined, { signal: closing.signal, ref: false });
  await rest(AFTER_OPENING_MS);
  const { problems } = await context.workers.callAlone('checkDatabase', { file }, LIMIT_MS);
  if (closing.signal.aborted) return;
  if (problems.length > 0) {
    project.damage = problems[0];
    context.emit('project', { id: project.id, what: 'damage' });
    return; // a copy of what is damaged would push out the good ones
  }
  if (store.isReadOnly) return;
  for (;;) {
    // A clock that was set back must not keep copies from being made.
    if (Math.abs(Date.now() - lastDaily(folder)) > DAY_MS && store.images.counts().images > 0)
      await context.workers.callAlone('backUpDatabase', { file, out: dailyFile(folder) }, LIMIT_MS);
    await rest(HOUR_MS);
  }
}

/** A smaller one is copied by the opening itself, in less time than a process takes to start. */
const LARGE_BYTES = 8_000_000;

/** Copies the database of an older Fovea before it is opened and migrated, which would do so itself and hold the process. */
export async function backUpBeforeMigration(context: Context, folder: string): Promise<void> {
  const file = path.join(folder, PROJECT_FILE);
  const out = migrationBackupOf(file);
  if (out === null || fs.existsSync(out) || fs.statSync(file).size < LARGE_BYTES) return;
  await context.workers.callAlone('backUpDatabase', { file, out }, LIMIT_MS);
}
