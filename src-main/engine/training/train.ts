// The training loop: steps and epochs until the last or an earlier end, and what a person may ask of it meanwhile.

import type { RunId } from '../../contracts/ids.ts';
import type { TrainOutcome, TrainSpec, WorkerEvent } from '../../contracts/worker-protocol.ts';
import { makeFolder } from '../../files/write-file.ts';
import { breathe } from '../data/evaluation-program.ts';
import { trainFrozen } from './frozen.ts';
import { openRun, type TrainHooks, type TrainingRun } from './run.ts';
import { beginRun } from './run-files.ts';
import { planRun } from './run-plan.ts';
import { bestOf } from './run-record.ts';

/** Between two step events, and between two checkpoints within a long epoch. */
const stepEventMs = 200;
const checkpointMs = 60_000;

/**
 * Trains until the last epoch or an earlier end. `last.ckpt` is written after every epoch, each minute within one,
 * and on pause; `best.ckpt` whenever an epoch beats those before. Both are whole at any time. When a run is taken up,
 * all its finished epochs are told of again, since whoever keeps their log may have lost some.
 * Without a selection split there is no best epoch, and `best.ckpt` holds the latest.
 * 'stop' keeps the best epoch; before the end of the first, it ends that epoch early. Seconds of the outcome cover
 * all sessions of the run.
 * @throws AppError 'bad-input' naming the loss term when training diverges; the last good checkpoints stay
 */
export async function train(spec: TrainSpec, hooks: TrainHooks): Promise<TrainOutcome> {
  const plan = planRun(spec);
  const beginning = await beginRun(spec, plan);
  makeFolder(spec.runFolder);
  const { record, warning } = beginning;
  if (warning !== null) hooks.emit({ kind: 'warning', message: warning });
  if (spec.resume) hooks.emit({ kind: 'resumed', metrics: [...record.metrics], best: bestOf(record) });
  if (plan.settings.backbone === 'frozen') return trainFrozen(spec, plan, beginning, hooks);
  const run = await openRun(spec, plan, beginning, {
    emit: hooks.emit,
    interrupted: () => hooks.control() !== null,
    executor: hooks.executor,
  });
  try {
    return run.outcome(await goOn(run, hooks));
  } finally {
    await run.close();
  }

  async function goOn(run: TrainingRun, hooks: TrainHooks): Promise<TrainOutcome['ended']> {
    const { epochs } = spec.config;
    const { patienceEpochs } = plan.settings;
    const progress = progressOf(spec, plan.steps, patienceEpochs);
    let savedAt = performance.now();
    while (run.record.epochs < epochs) {
      if (spec.until !== undefined && run.record.epochs >= spec.until) return 'paused';
      if (patienceEpochs > 0 && run.record.epochsWithoutGain >= patienceEpochs) return 'patience';
      while (run.record.partial.steps < plan.steps) {
        await breathe();
        const asked = hooks.control();
        if (asked === 'cancel') return 'cancelled';
        if (asked === 'pause') {
          await run.checkpoint();
          return 'paused';
        }
        if (asked === 'stop' && (run.record.best !== null || run.record.partial.steps > 0)) {
          if (run.record.best === null) await run.closeEpoch();
          return 'stopped';
        }
        const event = progress(await run.step(), run);
        if (event) hooks.emit(event);
        if (performance.now() - savedAt >= checkpointMs && run.record.partial.steps < plan.steps) {
          await run.checkpoint();
          savedAt = performance.now();
        }
      }
      await run.closeEpoch();
      savedAt = performance.now();
    }
    return 'finished';
  }
}

type Progress = (step: Awaited<ReturnType<TrainingRun['step']>>, run: TrainingRun) => WorkerEvent | null;

/** Says after a step how fast this session goes; null when it has just been said. */
function progressOf(spec: TrainSpec, steps: number, patienceEpochs: number): Progress {
  const { epochs } = spec.config;
  const begunAt = performance.now();
  let lastEventAt = -Infinity;
  let done = 0;
  let images = 0;
  let seconds = 0;
  return (step, { record }) => {
    done += 1;
    images += step.images;
    seconds += step.seconds;
    const now = performance.now();
    if (now - lastEventAt < stepEventMs) return null;
    lastEventAt = now;
    const left = (epochs - record.epochs) * steps - record.partial.steps;
    return {
      kind: 'step',
      step: {
        runId: spec.runId as RunId,
        epoch: record.epochs + 1,
        epochs,
        step: record.partial.steps,
        steps,
        loss: step.loss,
        picturesPerSecond: images / seconds,
        // Wall time, so that validation and checkpoints are in it.
        secondsLeft: (left * (now - begunAt)) / 1000 / done,
        patienceLeft: patienceEpochs > 0 ? patienceEpochs - record.epochsWithoutGain : null,
      },
    };
  };
}
