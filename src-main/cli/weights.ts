// fovea weights list | get NAME | import FILE, and what `fovea train --start` makes of its value

import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { RunId } from '../contracts/ids.ts';
import { networkForm } from '../contracts/settings.ts';
import type { RunConfigInput, Start } from '../contracts/runs.ts';
import { usualStart, type StartFit, type WeightsInfo } from '../contracts/weights.ts';
import type { Terminal } from './terminal.ts';
import { runNumber, withCore, type Session } from './session.ts';
import { table } from './terminal.ts';

export async function listWeights(terminal: Terminal): Promise<void> {
  await withCore(terminal, async ({ core }) => {
    const weights = await core.call('weights.list', {});
    terminal.answer({ weights }, [
      ...table([
        ['name', 'for', 'size', 'licence', 'here'],
        ...weights.map((one) => [
          one.name,
          one.models.join(', '),
          megabytes(one),
          one.licence ?? '–',
          hereOf(one),
        ]),
      ]),
      '`fovea weights get NAME` downloads one; `fovea train … --start NAME` starts from it.',
    ]);
  });
}

export async function getWeights(
  terminal: Terminal,
  name: string,
  { sha256 }: { sha256?: string },
): Promise<void> {
  await withCore(terminal, async (session) => tell(terminal, await fetched(session, name, sha256)));
}

export async function importWeights(terminal: Terminal, file: string): Promise<void> {
  await withCore(terminal, async ({ core }) =>
    tell(terminal, await core.call('weights.import', { file: core.refer(path.resolve(file)) })),
  );
}

const hereOf = ({ origin, sha256 }: WeightsInfo): string =>
  sha256 === null ? 'no' : sha256.slice(0, 8) + (origin === 'bundled' ? ', with the app' : '');

function tell(terminal: Terminal, info: WeightsInfo): void {
  terminal.answer({ ...info }, [
    `${info.name}: ${megabytes(info)}, for ${info.models.join(', ')}`,
    `  SHA-256 ${info.sha256}`,
  ]);
}

const megabytes = ({ sizeBytes, sha256 }: WeightsInfo): string =>
  `${sha256 === null ? 'about ' : ''}${(sizeBytes / 1e6).toFixed(sizeBytes < 1e7 ? 1 : 0)} MB`;

async function fetched({ core, finish }: Session, name: string, sha256?: string): Promise<WeightsInfo> {
  const job = await finish(await core.call('weights.get', { name, ...(sha256 !== undefined && { sha256 }) }));
  return job.result as WeightsInfo;
}

/**
 * A run's configuration that starts as --start says, or as its model usually does. What another run has learnt goes on as
 * the network that it is; settings that suit the weights are taken unless others are set.
 */
export async function withStart(
  session: Session,
  config: RunConfigInput,
  value: string | undefined,
): Promise<RunConfigInput> {
  const info =
    value === undefined
      ? usualStart(await session.core.call('weights.list', {}), config.model)
      : await readStart(session, value);
  if (!info) return config;
  const start = startOf(info);
  if (!value?.startsWith(RUN))
    return { ...config, settings: { ...info.settings, ...config.settings }, start };
  const run = await session.core.call('runs.get', { id: runNumber(value.slice(RUN.length)) });
  return { ...config, settings: { ...networkForm(run.config.settings), ...config.settings }, start };
}

/** The value of --start: 'scratch', a run of the project, a file, or a name of weights that are here or in the catalogue. */
async function readStart(session: Session, value: string): Promise<WeightsInfo | undefined> {
  if (value === 'scratch') return undefined;
  const { core } = session;
  if (value.startsWith(RUN)) return ofRun(session, runNumber(value.slice(RUN.length)));
  const known = (await core.call('weights.list', {})).find(({ name }) => name === value);
  if (known === undefined && !fs.existsSync(value))
    throw new AppError(
      'not-found',
      `--start ${value} is no run (run:N), no file and no name of \`fovea weights list\``,
    );
  if (known === undefined || (known.sha256 === null && fs.existsSync(value)))
    return core.call('weights.import', { file: core.refer(path.resolve(value)) });
  return known.sha256 === null ? fetched(session, value) : known;
}

/** In the value of --start, before the number of a run. */
const RUN = 'run:';

async function ofRun({ core, finish }: Session, runId: RunId): Promise<WeightsInfo> {
  const job = await finish(await core.call('weights.ofRun', { runId }));
  return job.result as WeightsInfo;
}

const startOf = ({ name, sha256 }: WeightsInfo): Start => ({ name, sha256: sha256! });

/** "120 of its tensors are read; new: fc.weight, fc.bias; not used: 3" */
export function fitWords({ loaded, fresh, skipped }: StartFit): string {
  const some = (names: string[]) =>
    names.slice(0, 4).join(', ') + (names.length > 4 ? ` and ${names.length - 4} more` : '');
  return [
    `${loaded} of its tensors are read`,
    ...(fresh.length > 0 ? [`new: ${some(fresh)}`] : []),
    ...(skipped.length > 0 ? [`not used: ${some(skipped)}`] : []),
  ].join('; ');
}
