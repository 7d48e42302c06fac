// What the long benches share: projects that are made once, and runs that are trained and measured once. Each
// finished run is one JSON line in the folder of `--out`, so that a bench that was stopped goes on where it was. Those
// behind the tables of docs/results.md lie in kept/ and are not made again.
// `--jobs N` makes N runs side by side, each on its own copy of the project, `--threads N` says on how many threads
// (the processors shared out unless given). Copies share the pictures and what is decoded of them.

import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fovea, option } from './fovea.ts';

/** A run to make: all that decides its figures. */
export interface Trial {
  /** Name of its project. */
  project: string;
  /** What the row is called. */
  name: string;
  seed: number;
  /** Words of `fovea train` behind the project. */
  train: string[];
  /** A run of the same project whose weights it starts from. */
  from?: Trial;
  /**
   * Words that say what is measured, and the measures' keys under the names that they get here: the first of
   * `fovea train`, which measures when it is done, each other of a `fovea evaluate` behind it.
   */
  evaluate: { words: string[]; take: Record<string, string> }[];
}

/** A run that was trained and measured; what was taken of a curve are its points, by name. */
export interface Kept extends Trial {
  /** Of the training, on a clock: it says little on a machine that did other work. */
  seconds: number;
  bestEpoch: number;
  /** Accuracy of that epoch on the selection part. */
  selection: number | null;
  figures: Record<string, number | null>;
  points: Record<string, { name: string; value: number | null }[]>;
}

interface Trained {
  run: number;
  seconds: number;
  best: { epoch: number; accuracy: number } | null;
  evaluated: Evaluated | null;
}
interface Evaluated {
  figures: Record<
    string,
    | {
        value: number | null;
        parts?: { name: string; value: number | null }[];
        curve?: { x: number; y: number | null }[];
      }
    | undefined
  >;
}

export interface Keeper {
  /** Makes the project unless it is there whole. */
  project(name: string, make: (folder: string, run: typeof fovea) => Promise<void>): Promise<string>;
  /** An empty place for a project's pictures; what a bench that was stopped had made of them is thrown away. */
  images(name: string): string;
  /** Makes the runs that are not kept yet, begun in this order. What fails is printed. */
  run(trials: readonly Trial[]): Promise<void>;
  /** The kept record, without running. */
  find(trial: Trial): Kept | null;
}

/** @param bench  name of the bench, and of its file in the folder */
export function keeper(bench: string, args: string[]): Keeper {
  const folder = path.resolve(option(args, 'out', path.join(tmpdir(), `fovea-bench-${bench}`)));
  const jobs = Math.max(1, Number(option(args, 'jobs', '1')));
  const threads = option(args, 'threads', String(Math.max(1, Math.floor(availableParallelism() / jobs))));
  const file = path.join(folder, `${bench}.jsonl`);
  for (const part of ['projects', 'weights']) mkdirSync(path.join(folder, part), { recursive: true });
  console.log(`Results are kept in ${file}; a bench that is started again goes on from there.`);
  const shipped = fileURLToPath(new URL(`./kept/${bench}.jsonl`, import.meta.url));
  const records = new Map([shipped, file].flatMap(readRecords).map((record) => [keyOf(record), record]));
  const find = (trial: Trial) => records.get(keyOf(trial)) ?? null;
  /** Runs beside each other share no project, which is locked, and no list of projects. */
  const callIn =
    (lane: number, share: string): typeof fovea =>
    (words) =>
      fovea(words, { FOVEA_HOME: path.join(folder, `home-${lane}`), FOVEA_THREADS: share });
  const place = (name: string, lane = 0) =>
    path.join(folder, 'projects', lane === 0 ? name : `${name}.copy-${lane}`);
  const isWhole = (project: string) => existsSync(`${project}.whole`);
  const noteWhole = (project: string) => writeFileSync(`${project}.whole`, '');

  function copyFor(lane: number, name: string): string {
    const [original, copy] = [place(name), place(name, lane)];
    if (lane === 0 || isWhole(copy)) return copy;
    rmSync(copy, { recursive: true, force: true });
    mkdirSync(path.join(original, 'cache'), { recursive: true });
    const left = ['cache', 'runs'].map((part) => path.join(original, part));
    cpSync(original, copy, { recursive: true, filter: (source) => !left.includes(source) });
    symlinkSync(path.join(original, 'cache'), path.join(copy, 'cache'), 'junction');
    noteWhole(copy);
    return copy;
  }

  async function train(trial: Trial, lane: number): Promise<{ kept: Kept; project: string; run: number }> {
    const call = callIn(lane, threads);
    const project = copyFor(lane, trial.project);
    const [first, ...more] = trial.evaluate;
    const start = trial.from ? ['--start', await weightsOf(trial.from, lane)] : [];
    const { run, seconds, best, evaluated } = await call<Trained>([
      // By algorithms that are the same everywhere: those found by trial would depend on what runs beside.
      ...['train', project, '--seed', String(trial.seed), '--set', 'convolutions=rules'],
      ...[...trial.train, ...start, ...first.words],
    ]);
    const kept: Kept = {
      ...trial,
      seconds,
      bestEpoch: best?.epoch ?? 0,
      selection: best?.accuracy ?? null,
      figures: {},
      points: {},
    };
    take(kept, first.take, evaluated);
    for (const { words, take: taken } of more)
      take(kept, taken, await call<Evaluated>(['evaluate', project, '--run', String(run), ...words]));
    return { kept, project, run };
  }

  /** Weights are not shipped with the records: where they lack, their run is made again. */
  async function makeWeights(trial: Trial, weights: string, lane: number): Promise<string> {
    if (existsSync(weights)) return weights;
    const { kept, project, run } = await train(trial, lane);
    if (find(trial) === null) note(kept);
    await callIn(lane, threads)(['export-model', project, '--run', String(run), '--out', weights]);
    return weights;
  }
  const begun = new Map<string, Promise<string>>();
  /** Made once, whichever lane asks first. */
  function weightsOf(trial: Trial, lane: number): Promise<string> {
    const name = `${trial.project}-${trial.name}-${trial.seed}`.replaceAll(/\W+/g, '-');
    const weights = path.join(folder, 'weights', `${name}.safetensors`);
    const made = begun.get(weights) ?? makeWeights(trial, weights, lane);
    begun.set(weights, made);
    return made;
  }

  function note(kept: Kept): void {
    appendFileSync(file, `${JSON.stringify(kept)}\n`);
    records.set(keyOf(kept), kept);
  }

  async function keep(trial: Trial, lane: number): Promise<void> {
    const name = `${trial.project}, ${trial.name}, seed ${trial.seed}`;
    const from = performance.now();
    try {
      const { kept } = await train(trial, lane);
      note(kept);
      const took = Math.round((performance.now() - from) / 1000);
      console.log(`${name}, ${took} s: ${short({ selection: kept.selection, ...kept.figures })}`);
    } catch (error) {
      console.error(`${name}: ${(error as Error).message}`);
    }
  }

  return {
    find,
    async project(name, make) {
      const project = place(name);
      if (!isWhole(project)) {
        rmSync(project, { recursive: true, force: true });
        await make(project, callIn(0, String(availableParallelism())));
        noteWhole(project);
      }
      return project;
    },
    images(name) {
      const images = path.join(folder, 'pictures', name);
      rmSync(images, { recursive: true, force: true });
      return images;
    },
    async run(trials) {
      const waiting = trials.filter((trial) => find(trial) === null);
      // Before any begins: a project that is being worked on is not to be copied.
      for (const { project } of waiting) for (let lane = 1; lane < jobs; lane++) copyFor(lane, project);
      const lanes = Array.from({ length: Math.min(jobs, waiting.length) }, async (_, lane) => {
        for (let trial = waiting.shift(); trial; trial = waiting.shift()) await keep(trial, lane);
      });
      await Promise.all(lanes);
    },
  };
}

/** Puts the figures that are wanted into a record. */
function take(kept: Kept, wanted: Record<string, string>, evaluated: Evaluated | null): void {
  for (const [name, key] of Object.entries(wanted)) {
    const metricValue = evaluated?.figures[key];
    if (!metricValue) throw new Error(`fovea measured no ${key}`);
    kept.figures[name] = metricValue.value;
    if (metricValue.parts)
      kept.points[name] = metricValue.parts.map(({ name: point, value }) => ({ name: point, value }));
    if (metricValue.curve)
      kept.points[name] = metricValue.curve.map(({ x, y }) => ({ name: String(x), value: y }));
  }
}

/** The name is for people; a row may be renamed. */
const keyOf = ({ project, seed, train, evaluate, from }: Trial): string =>
  JSON.stringify([project, seed, train, evaluate, ...(from ? [from.train] : [])]);

/** A line that was cut off when the bench was stopped is left out. */
function readRecords(file: string): Kept[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  if (text !== '' && !text.endsWith('\n')) appendFileSync(file, '\n');
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Kept];
    } catch {
      return [];
    }
  });
}

const short = (figures: Record<string, number | null>): string =>
  Object.entries(figures)
    .map(([name, value]) => `${name} ${value === null ? '–' : Number(value.toPrecision(4))}`)
    .join(', ');

/** Accuracy at a size of the FGSM curve kept as `fgsm`. @param eps  in 1/255 */
export const fgsmAt =
  (eps: number) =>
  ({ points }: Kept): number | null | undefined =>
    points.fgsm?.find(({ name }) => Math.abs(Number(name) * 255 - eps) < 0.01)?.value;

/** "81.2 ± 0.4" of the runs that have the figure; "–" of none. */
export function spread(
  runs: readonly (Kept | null)[],
  value: (kept: Kept) => number | null | undefined,
  { times = 1, digits = 1 }: { times?: number; digits?: number } = {},
): string {
  const values = runs
    .flatMap((kept) => (kept === null ? [] : [value(kept)]))
    .filter((one) => one !== null && one !== undefined)
    .map((one) => one * times);
  if (values.length === 0) return '–';
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const deviation = Math.sqrt(
    values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, values.length - 1),
  );
  return values.length === 1
    ? mean.toFixed(digits)
    : `${mean.toFixed(digits)} ± ${deviation.toFixed(digits)}`;
}

/** A table as Markdown writes it, which a terminal shows as well. */
export function markdown(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(rows[0]), line(widths.map((width) => '-'.repeat(width))), ...rows.slice(1).map(line)].join(
    '\n',
  );
}
