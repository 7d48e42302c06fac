// fovea train PROJECT --objective ID --preset ID --set name=value … --model ID --size PX --epochs N --batch N --seed N

import fs from 'node:fs';
import { AppError } from '../contracts/errors.ts';
import { lossHeat } from '../contracts/heat-metrics.ts';
import { type Methods, methodNamed } from '../contracts/methods.ts';
import { valueOf } from '../contracts/metrics.ts';
import {
  algorithmsSchema,
  runConfigSchema,
  type Algorithms,
  type RunConfigInput,
} from '../contracts/runs.ts';
import type { DeviceChoice } from '../contracts/devices.ts';
import type { EvaluationSummary } from '../contracts/evaluations.ts';
import { checkpointOf } from '../services/run-records.ts';
import { readConfig } from './config-file.ts';
import { measuresAskedFor, metricLines, metricsByKey } from './evaluate.ts';
import { presetOf, readSet } from './set-values.ts';
import { fitWords, withStart } from './weights.ts';
import { runNumber, withCore, type Session } from './session.ts';
import { clock, percent, type Terminal } from './terminal.ts';

/** What a run is asked for, as flags give it. */
export interface RunOptions {
  objective: string;
  /** Of the objective; what is set goes before it. */
  preset?: string;
  set: string[];
  model: string;
  size: number;
  epochs: number;
  batch: number;
  seed: number;
  device: DeviceChoice;
  /** Scratch, or the weights that come with the app for the model, if it is not given. */
  start?: string;
  groupBy?: string;
  /** 'rules', or a file. */
  algorithms?: string;
}
interface Options extends RunOptions {
  measures?: string;
  resume?: string;
  /** A file that says all of the run. */
  config?: string;
}

export async function train(terminal: Terminal, folder: string, options: Options): Promise<void> {
  await withCore(terminal, async (session) => {
    const { core, open, finish } = session;
    await open(folder);
    const methods = await core.call('app.methods', {});
    const begun =
      options.resume === undefined
        ? await core.call(
            'runs.start',
            options.config === undefined
              ? await withStart(
                  session,
                  await measuredConfigOf(session, terminal, options, methods),
                  options.start,
                )
              : readConfig(options.config),
          )
        : await core.call('runs.resume', { id: runNumber(options.resume) });
    session.kept(async () => {
      const { epochsDone, config, state } = await core.call('runs.get', { id: begun.id });
      return state === 'done'
        ? `Run ${begun.number} is kept; measure it with: fovea evaluate ${folder} --run ${begun.number}`
        : `Run ${begun.number} is kept after ${epochsDone} of ${config.epochs} epochs; go on with: fovea train ${folder} --resume ${begun.number}`;
    });
    const { trainedOn, config } = begun;
    if (config.start && options.resume === undefined) {
      const { start } = config;
      const fit = await core.call('weights.fit', { start, config, classes: trainedOn.classes.length });
      terminal.say(`Starts from ${start.name}: ${fitWords(fit)}`);
    } else if (options.resume === undefined) terminal.say('Starts from scratch');
    terminal.say(
      `Run ${begun.number}: ${trainedOn.train} training pictures, ${trainedOn.withRegion} with a box or mask; ` +
        `${trainedOn.selection} for validation, ${trainedOn.test} for test`,
    );
    if (begun.config.device === 'auto') {
      const { id, reason } = await core.call('devices.choose', { device: 'auto', before: begun.device });
      terminal.say(`On ${id}: ${reason}`);
    }
    for (const warning of trainedOn.warnings) terminal.note(`warning: ${warning}`);
    await finish(begun.jobId!);
    // The evaluation that follows a run by itself belongs to what the person asked for.
    for (const job of await core.call('jobs.list', {}))
      if (job.kind === 'evaluate' && job.runId === begun.id) await finish(job.id);

    const run = await core.call('runs.get', { id: begun.id });
    // Those that came while it trained.
    for (const warning of run.trainedOn.warnings.slice(trainedOn.warnings.length))
      terminal.note(`warning: ${warning}`);
    const asked = methods.measures.flatMap((info) =>
      (run.config.measures ?? []).filter(({ id }) => id === info.id).map(({ params }) => ({ info, params })),
    );
    terminal.answer(
      {
        run: run.number,
        objective: run.config.objective,
        model: run.config.model,
        seed: run.config.seed,
        start: run.config.start ?? null,
        device: run.device,
        epochs: run.epochsDone,
        seconds: run.seconds,
        best: run.best,
        checkpoint: checkpointOf({ folder: fs.realpathSync(folder) }, run.id),
        state: run.state,
        evaluated: run.evaluated && {
          accuracy: valueOf(run.evaluated.metrics, 'accuracy'),
          energyInBox: valueOf(run.evaluated.metrics, 'energy-in-box', lossHeat),
          figures: metricsByKey(methods.measures, run.evaluated.metrics),
        },
      },
      [
        `Run ${run.number}: ${run.epochsDone} epochs in ${clock(run.seconds)} on ${run.device}`,
        ...(run.best
          ? [`  best epoch ${run.best.epoch}, validation accuracy ${percent(run.best.accuracy)}`]
          : []),
        ...(run.evaluated ? testLines(run.evaluated, asked, methods.saliency) : []),
      ],
    );
  });
}

/** @param asked  measures that were asked for; accuracy is always among them, and it alone says nothing of evidence */
function testLines(
  summary: EvaluationSummary,
  asked: Parameters<typeof metricLines>[0],
  saliency: Methods['saliency'],
): string[] {
  if (asked.length > 0)
    return ['  on test:', ...metricLines(asked, saliency, summary).map((line) => `  ${line}`)];
  const accuracy = percent(valueOf(summary.metrics, 'accuracy'));
  const inBox = percent(valueOf(summary.metrics, 'energy-in-box', lossHeat));
  return [`  test accuracy ${accuracy}, in box (input gradient) ${inBox}`];
}

/** "measure.parameter" is a measure's, as for `evaluate`; the rest is the run's, "objective.parameter" too. */
async function measuredConfigOf(
  session: Session,
  terminal: Terminal,
  options: Options,
  methods: Methods,
): Promise<RunConfigInput> {
  const ofMeasure = (text: string): boolean =>
    methods.measures.some(({ id }) => text.split('=')[0].startsWith(`${id}.`));
  const config = configOf({ ...options, set: options.set.filter((text) => !ofMeasure(text)) }, methods);
  const set = options.set.filter(ofMeasure);
  if (options.measures === undefined && set.length === 0) return config;
  const asked = { measures: options.measures, set };
  const chosen = await measuresAskedFor(terminal, methods, asked, obstaclesFor(session, config));
  return { ...config, measures: chosen.map(({ info, params }) => ({ id: info.id, params })) };
}

/** What keeps measures from being taken of such a run. One that cannot be is left to the core to refuse. */
export const obstaclesFor =
  ({ core }: Session, config: RunConfigInput): Parameters<typeof measuresAskedFor>[3] =>
  async (measures) => {
    const { success, data } = runConfigSchema.safeParse(config);
    return success
      ? core.call('evaluations.obstacles', { config: data, measures })
      : measures.map(() => null);
  };

export function configOf(options: RunOptions, { objectives, settings }: Methods): RunConfigInput {
  const objective = methodNamed(objectives, options.objective);
  if (!objective)
    throw new AppError('bad-input', `there is no objective "${options.objective}"`, {
      reason: `known are ${objectives.map(({ id }) => id).join(', ')}`,
    });
  const preset = options.preset === undefined ? undefined : presetOf(objective, options.preset);
  const values = {
    ...preset?.params,
    ...preset?.settings,
    ...readSet(options.set, [...objective.params, ...settings], objective.id),
  };
  const own = (fields: { name: string }[]) =>
    Object.fromEntries(fields.flatMap(({ name }) => (name in values ? [[name, values[name]]] : [])));
  return {
    objective: objective.id,
    params: own(objective.params),
    model: options.model,
    sizePx: options.size,
    epochs: options.epochs,
    batch: options.batch,
    seed: options.seed,
    device: options.device,
    ...(options.groupBy !== undefined && { groupBy: options.groupBy }),
    ...(options.algorithms !== undefined &&
      options.algorithms !== 'rules' && { algorithms: readAlgorithms(options.algorithms) }),
    settings: { ...own(settings), ...(options.algorithms === 'rules' && { convolutions: 'rules' }) },
  };
}

/** What a run has kept in its folder. @throws AppError 'not-found', 'bad-file' */
function readAlgorithms(file: string): Algorithms {
  const text = fs.readFileSync(file, 'utf8');
  try {
    return algorithmsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError(
      'bad-file',
      `${file} holds no convolution algorithms`,
      { file, reason: 'a run keeps them as algorithms.json in its folder' },
      cause,
    );
  }
}
