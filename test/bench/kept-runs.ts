// What the long benches share: projects that are made once, and runs that are trained and measured once. Each
// finished run is one JSON line in the folder of `--out`, so that a bench that was stopped goes on where it was.

import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
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
  /** Words of each `fovea evaluate` behind the run, and the measures' keys under the names that they get here. */
  evaluate: { words: string[]; take: Record<string, string> }[];
}

/** A run that was trained and measured; what was taken of a curve are its points, by name. */
export interface Kept extends Trial {
  /** Of the training, on a clock: it says little on a machine that did other work. */
  seconds: number;
  bestEpoch: number;
  figures: Record<string, number | null>;
  points: Record<string, { name: string; value: number | null }[]>;
}

interface Trained {
  run: number;
  seconds: number;
  best: { epoch: number } | null;
}
interface Evaluated {
  figures: Record<
    string,
    { value: number | null; parts?: { name: string; value: number | null }[] } | undefined
  >;
}

export interface Keeper {
  folder: string;
  /** Makes the project unless it is there whole. */
  project(name: string, make: (folder: string, run: typeof fovea) => Promise<void>): Promise<string>;
  /** The trial's record: the kept one, or that of a run made now. Null if the run failed, which is printed. */
  run(trial: Trial): Promise<Kept | null>;
  /** The kept record, without running. */
  find(trial: Trial): Kept | null;
}

/** @param bench  name of the bench, and of its file in the folder */
export function keeper(bench: string, args: string[]): Keeper {
  const folder = path.resolve(option(args, 'out', path.join(tmpdir(), `fovea-bench-${bench}`)));
  const environment = { FOVEA_HOME: path.join(folder, 'home') };
  const file = path.join(folder, `${bench}.jsonl`);
  mkdirSync(path.join(folder, 'projects'), { recursive: true });
  console.log(`Results are kept in ${file}; a bench that is started again goes on from there.`);
  const records = new Map(readRecords(file).map((record) => [keyOf(record), record]));
  const call: typeof fovea = (words) => fovea(words, environment);
  const place = (name: string) => path.join(folder, 'projects', name);
  const find = (trial: Trial) => records.get(keyOf(trial)) ?? null;

  async function train(trial: Trial): Promise<Kept> {
    const project = place(trial.project);
    const { run, seconds, best } = await call<Trained>([
      ...['train', project, '--seed', String(trial.seed)],
      ...trial.train,
    ]);
    const kept: Kept = { ...trial, seconds, bestEpoch: best?.epoch ?? 0, figures: {}, points: {} };
    for (const { words, take } of trial.evaluate) {
      const { figures } = await call<Evaluated>(['evaluate', project, '--run', String(run), ...words]);
      for (const [name, key] of Object.entries(take)) {
        const figure = figures[key];
        if (!figure) throw new Error(`fovea evaluate ${words.join(' ')} answered no ${key}`);
        kept.figures[name] = figure.value;
        if (figure.parts)
          kept.points[name] = figure.parts.map(({ name: point, value }) => ({ name: point, value }));
      }
    }
    return kept;
  }

  return {
    folder,
    find,
    async project(name, make) {
      const project = place(name);
      const whole = `${project}.whole`;
      if (!existsSync(whole)) {
        rmSync(project, { recursive: true, force: true });
        await make(project, call);
        writeFileSync(whole, '');
      }
      return project;
    },
    async run(trial) {
      const before = find(trial);
      if (before) return before;
      try {
        const kept = await train(trial);
        appendFileSync(file, `${JSON.stringify(kept)}\n`);
        records.set(keyOf(trial), kept);
        console.log(`${trial.project}, ${trial.name}, seed ${trial.seed}: ${short(kept.figures)}`);
        return kept;
      } catch (error) {
        console.error(`${trial.project}, ${trial.name}, seed ${trial.seed}: ${(error as Error).message}`);
        return null;
      }
    },
  };
}

/** The name is for people; a row may be renamed. */
const keyOf = ({ project, seed, train, evaluate }: Trial): string =>
  JSON.stringify([project, seed, train, evaluate]);

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
