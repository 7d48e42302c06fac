// fovea sweep PROJECT [--objectives ID,… --vary NAME=VALUES … | --grid …] [--seeds N] [--samples N] [--halving N]
// [--budget TIME] [--measures ID,…] [--plan DIR [--for ENGINE]] [--resume N] and the flags of `fovea train`

import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { SweepId } from '../contracts/ids.ts';
import type { SweepConfigInput } from '../contracts/sweeps.ts';
import { makeFolder } from '../files/write-file.ts';
import { jobEngines, writeJobFiles, type JobEngine } from '../tasks/job-files.ts';
import { withCore, type Session } from './session.ts';
import { sweepAsked, type SweepOptions } from './sweep-asked.ts';
import { sweepLines, sweepReport } from './sweep-words.ts';
import { clock, type Terminal } from './terminal.ts';

interface Options extends SweepOptions {
  /** Folder to write tasks into. */
  plan?: string;
  link?: boolean;
  /** An engine, and of ssh the hosts. */
  for?: string[];
  atOnce: number;
  threads: number;
  parallel: number;
  yes?: boolean;
  resume?: string;
}

export async function sweep(terminal: Terminal, folder: string, options: Options): Promise<void> {
  const work = async (session: Session): Promise<void> => {
    const { core, open, finish } = session;
    await open(folder);
    if (options.plan !== undefined) return planned(session, terminal, { ...options, plan: options.plan });
    const begun =
      options.resume === undefined
        ? await core.call('sweeps.start', await agreed(session, terminal, options))
        : await core.call('sweeps.resume', { id: sweepNumber(options.resume) });
    session.kept(
      async () => `Sweep ${begun.id} is kept; go on with: fovea sweep ${folder} --resume ${begun.id}`,
    );
    const { pictures: images } = await core.call('sweeps.get', { id: begun.id });
    const { points, repeat } = begun.config;
    terminal.say(
      `Sweep ${begun.id}: ${points.length} points, ${repeat} times each: ${begun.planned} runs, ` +
        `${begun.planned - begun.measured - begun.lost - begun.halved} of them still to do`,
    );
    terminal.say(
      `${images.train} pictures to train on, ${images.selection} for validation, ` +
        `${images.tuning} to choose weights by, ${images.test} to report on`,
    );
    await finish(begun.jobId!);
    const result = await core.call('sweeps.get', { id: begun.id });
    terminal.answer(sweepReport(result), sweepLines(result));
  };
  await withCore(terminal, work, { trainers: options.parallel });
}

async function planned(
  session: Session,
  terminal: Terminal,
  options: Options & { plan: string },
): Promise<void> {
  const { core, finish } = session;
  const [engine, ...hosts] = (options.for ?? []).flatMap((word) => word.split(',')).filter(Boolean);
  if (engine !== undefined && !jobEngines.some((one) => one === engine))
    throw new AppError('bad-input', `--for ${engine} is not known`, {
      reason: `write one of ${jobEngines.join(', ')}`,
    });
  if (engine === 'ssh' && hosts.length === 0)
    throw new AppError('bad-input', '--for ssh needs hosts', { reason: 'write --for ssh one,another' });
  const folder = path.resolve(options.plan);
  makeFolder(folder);
  const config = await sweepAsked(session, terminal, options);
  const job = await finish(
    await core.call('sweeps.plan', {
      config,
      folder: core.refer(folder),
      images: options.link ? 'link' : 'copy',
    }),
  );
  const { sweepId, tasks } = job.result as { sweepId: SweepId; tasks: number };
  const next =
    engine === undefined
      ? []
      : writeJobFiles(folder, {
          engine: engine as JobEngine,
          tasks,
          hosts,
          atOnce: options.atOnce,
          threads: options.threads,
          nodeVersion: process.versions.node,
        });
  terminal.answer({ sweep: sweepId, tasks, plan: folder }, [
    `Sweep ${sweepId}: ${tasks} tasks in ${folder}`,
    ...(next.length > 0 ? next : [`Run each anywhere: fovea task ${options.plan} N, N from 1 to ${tasks}`]),
    `Bring home what is done, at any time: fovea collect PROJECT ${options.plan}`,
  ]);
}

const LONG_SECONDS = 3600;

/** Says what the sweep would take where somebody reads it, and asks before more than an hour. */
async function agreed(session: Session, terminal: Terminal, options: Options): Promise<SweepConfigInput> {
  const config = await sweepAsked(session, terminal, options);
  if (terminal.isJson || options.yes || !process.stderr.isTTY) return config;
  const { runs, estimate } = await session.core.call('sweeps.preview', { config, isTried: true });
  if (estimate === null) return config;
  const seconds = estimate.seconds / options.parallel;
  const words = `${runs} runs: about ${clock(seconds)} and ${Math.ceil(estimate.bytes / 1e6)} MB`;
  terminal.say(words);
  if (seconds > LONG_SECONDS && !(await terminal.ask([`${words}. Start?`])))
    throw new AppError('cancelled', 'the sweep was not started', {
      reason: '--yes starts it without asking',
    });
  return config;
}

/** "3" → 3. @throws AppError 'bad-input' */
function sweepNumber(text: string): SweepId {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new AppError('bad-input', `"${text}" is no sweep number`);
  return number as SweepId;
}
