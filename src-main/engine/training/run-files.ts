// The files of a run: where it stands in `last.ckpt`, its best epoch in `best.ckpt`, and how it begins without.

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../contracts/errors.ts';
import type { TrainSpec } from '../../contracts/worker-protocol.ts';
import { writeFileWhole } from '../../files/write-file.ts';
import { readCheckpoint, type Checkpoint } from '../data/checkpoint.ts';
import { startFrom } from '../data/weights-file.ts';
import { elementCount } from '../nn/params.ts';
import { randomFromSeed } from '../nn/random.ts';
import type { RunPlan } from './run-plan.ts';
import { checkRecord, fingerprintOf, newRecord, type RunRecord } from './run-record.ts';
import { initialState, stepVersion, type TrainStep } from './train-step.ts';

export const lastCheckpoint = 'last.ckpt';
export const bestCheckpoint = 'best.ckpt';
/** Convolution algorithms that depart from the rules, to repeat the run with. */
export const algorithmsFile = 'algorithms.json';
/** All that was asked of the run and chosen for it, to repeat it with. */
const configFile = 'config.json';

/** Writes the file in the run's folder. */
export function keepConfig(spec: TrainSpec, algorithms: RunRecord['forms'] = {}): Promise<void> {
  const { device = 'cpu', config, params, runFolder } = spec;
  const all = { ...config, params, device, algorithms };
  return writeFileWhole(path.join(runFolder, configFile), [JSON.stringify(all, null, 1)]);
}

export interface Beginning {
  record: RunRecord;
  /** By name. */
  state: Map<string, Float32Array>;
  /** Whether the run goes on from its checkpoint. */
  goesOn: boolean;
  /** What a person is to know of it. */
  warning: string | null;
}

/**
 * Where a run stands at first. One that is to go on and has no `last.ckpt` begins again, and keeps its `best.ckpt` until
 * it has trained as far.
 * @throws AppError 'bad-file' for a checkpoint that is damaged or not of such a network, 'conflict' for one of another run
 */
export async function beginRun(spec: TrainSpec, plan: RunPlan): Promise<Beginning> {
  const last = path.join(spec.runFolder, lastCheckpoint);
  const best = path.join(spec.runFolder, bestCheckpoint);
  const fingerprint = fingerprintOf(spec);
  const check = (read: Checkpoint, file: string): RunRecord =>
    checkRecord(read.record, fingerprint, file, {
      epochs: spec.config.epochs,
      steps: plan.steps,
      batch: plan.batch,
      terms: plan.step.terms,
    });
  const wasBegun = existsSync(spec.runFolder);
  if (spec.resume) {
    const read = await checkpointIn(last);
    if (read) {
      const record = check(read, last);
      return {
        record: { ...record, stepVersion },
        state: stateIn(read, plan.step, last),
        goesOn: true,
        warning: record.stepVersion === stepVersion ? null : otherSteps(record),
      };
    }
  } else {
    await rm(last, { force: true });
    await rm(best, { force: true });
  }
  const held = spec.resume ? await checkpointIn(best) : null;
  const kept = held && check(held, best).best;
  const random = randomFromSeed(spec.config.seed);
  return {
    record: newRecord(spec, { fingerprint, random: [...random.state()], ...(kept && { kept }) }),
    state: await firstState(spec, plan),
    goesOn: false,
    warning:
      spec.resume && wasBegun
        ? `the run begins again at epoch 1: there is no ${lastCheckpoint} in its folder` +
          (kept
            ? `; ${bestCheckpoint} of epoch ${kept.epoch} is kept until epoch ${kept.epoch} is trained again`
            : '')
        : null,
  };
}

/** What changed between two versions is with `stepVersion`. */
const otherSteps = ({ epochs, partial }: RunRecord): string =>
  `epoch ${epochs + 1}${partial.steps > 0 ? ` from step ${partial.steps + 1}` : ''} on is computed by another version of ` +
  'Fovea than the epochs before, which takes batch-norm and the last batch of an epoch otherwise: the run is not what ' +
  'it would be without the pause';

/** Null if there is no such file. */
async function checkpointIn(file: string): Promise<Checkpoint | null> {
  try {
    return await readCheckpoint(file);
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'not-found') return null;
    throw thrown;
  }
}

function stateIn({ tensors }: Checkpoint, step: TrainStep, file: string): Map<string, Float32Array> {
  return new Map(
    step.state.map(({ name, shape }) => {
      const values = tensors.get(name);
      const refused = (reason: string): AppError =>
        new AppError('bad-file', `the checkpoint cannot be gone on from: ${name} ${reason}`, {
          file,
          place: name,
          reason,
        });
      if (!values) throw refused('is missing');
      if (values.length !== elementCount(shape))
        throw refused(`has ${values.length} values, not ${elementCount(shape)}`);
      if (!values.every(Number.isFinite)) throw refused('is not finite');
      return [name, values];
    }),
  );
}

/** Drawn, then with the weights that the run starts from in place of what they hold. */
async function firstState(
  { config, startFile }: TrainSpec,
  { step, architecture: { model } }: RunPlan,
): Promise<Map<string, Float32Array>> {
  const state = initialState(step, randomFromSeed(config.seed).fork('weights'));
  if (config.start && startFile !== undefined)
    await startFrom(state, model, config.model, { ...config.start, file: startFile });
  return state;
}
