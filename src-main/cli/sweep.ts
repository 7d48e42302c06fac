// fovea sweep PROJECT [--objectives ID,… --vary NAME=VALUES … | --grid …] [--seeds N] [--samples N] [--halving N]
// [--budget TIME] [--measures ID,…] [--resume N] and the flags of `fovea train`

import { AppError } from '../contracts/errors.ts';
import type { SweepId } from '../contracts/ids.ts';
import type { SweepConfigInput } from '../contracts/sweeps.ts';
import { withCore, type Session } from './session.ts';
import { sweepAsked, type SweepOptions } from './sweep-asked.ts';
import { sweepLines, sweepReport } from './sweep-words.ts';
import { clock, type Terminal } from './terminal.ts';

interface Options extends SweepOptions {
  parallel: number;
  yes?: boolean;
  resume?: string;
}

export async function sweep(terminal: Terminal, folder: string, options: Options): Promise<void> {
  const work = async (session: Session): Promise<void> => {
    const { core, open, finish } = session;
    await open(folder);
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
      `${images.train} pictures to train on, ${images.selection} to choose epochs by, ` +
        `${images.tuning} to choose weights by, ${images.test} to report on`,
    );
    await finish(begun.jobId!);
    const result = await core.call('sweeps.get', { id: begun.id });
    terminal.answer(sweepReport(result), sweepLines(result));
  };
  await withCore(terminal, work, { trainers: options.parallel });
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
