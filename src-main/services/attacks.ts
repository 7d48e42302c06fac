// Attacking a run's network on one part of its pictures, as a job; nothing is stored.

import type { Parsed } from '../contracts/api.ts';
import { AppError } from '../contracts/errors.ts';
import type { JobId } from '../contracts/ids.ts';
import type { ParamValue } from '../contracts/methods.ts';
import { attackById } from '../engine/attacks/index.ts';
import { checkParams } from '../engine/nn/registry.ts';
import type { Context, Handlers } from '../core/context.ts';
import { requireWeights } from './evaluations.ts';
import { cacheFolderOf } from '../core/open-project.ts';
import { modelOf, imagesOf, storedRun } from './run-records.ts';

export const attackHandlers: Handlers<'attacks.start'> = {
  'attacks.start': (context, request) => start(context, request),
};

/** @returns a job whose result is an AttackOutcome. @throws AppError 'bad-input', 'not-found' without weights */
function start(context: Context, options: Parsed<'attacks.start'>): JobId {
  const { runId, split, eps, seed, from, device } = options;
  const project = context.project();
  const attack = attackById(options.attack);
  const params = checkParams(attack, options.params) as Record<string, ParamValue>;
  const [run, source] = [runId, from].map((id) => {
    if (id === undefined) return undefined;
    const stored = storedRun(project, id);
    requireWeights(project, id);
    return stored;
  });
  const snapshot = project.store.snapshots.load(run!.snapshotId);
  const images = imagesOf(project, run!, snapshot, split).slice(0, options.limit);
  if (images.length === 0) throw new AppError('bad-input', `run ${runId} has no ${split} pictures to attack`);
  return context.jobs.start(
    {
      kind: 'evaluate',
      title: `${attack.title} on run ${runId}`,
      unit: 'pictures',
      runId,
      queue: 'training',
    },
    async (handle) => {
      const answer = context.workers.call(
        'training',
        'attack',
        {
          images,
          eps,
          seed,
          device: (await context.devices.choose(device ?? 'auto', device === undefined ? run!.device : ''))
            .id,
          model: modelOf(project, run!),
          source: source && modelOf(project, source),
          attack: { id: attack.id, params },
          cacheFolder: cacheFolderOf(project),
        },
        (event) => {
          if (event.kind === 'progress') handle.progress(event.done, event.total, event.note);
        },
      );
      handle.signal.addEventListener('abort', () => answer.control('cancel'), { once: true });
      return answer.value;
    },
  ).id;
}
