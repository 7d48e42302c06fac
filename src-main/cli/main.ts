// Command line of Fovea: what each command is called, takes and says of itself. What a command does is in
// its own file, loaded when it is asked for, so that --help needs no engine.

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { AppError, toErrorRecord, type ErrorRecord } from '../contracts/errors.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const OK = 0;
const USER_ERROR = 1;
const BUG = 2;

/** Whole number of at least `least`, or commander's complaint. */
const whole =
  (least: number) =>
  (text: string): number => {
    const number = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(number) || number < least)
      throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
    return number;
  };
const share = (text: string): number => {
  const number = Number(text);
  if (text.trim() === '' || !(number >= 0 && number <= 0.9))
    throw new InvalidArgumentError('It must be a share from 0 to 0.9.');
  return number;
};
const collect = (text: string, before: string[]): string[] => [...before, text];
const split = () =>
  new Option('--split <split>', 'part of the pictures').choices(['train', 'selection', 'test']);

type Action<Args extends unknown[]> = (terminal: Terminal, ...args: Args) => Promise<void>;
/** A command's function with the terminal in front; commander's own object behind is cut off. */
const run =
  <Args extends unknown[]>(load: () => Promise<Action<Args>>) =>
  async (...all: [...Args, Command]): Promise<void> => {
    const command = all.pop() as Command;
    const action = await load();
    await action(openTerminal(command.optsWithGlobals().json === true), ...(all as unknown as Args));
  };

function program(): Command {
  const fovea = new Command('fovea')
    .description('Draw boxes, train a classifier that is told where to look, and see where it looks.')
    .option('--json', 'print one JSON object as the last line')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();

  const project = fovea.command('project').description('make projects');
  project
    .command('create <dir>')
    .description('make a new, empty project in a folder')
    .action(run(async () => (await import('./project.ts')).createProject));
  fovea
    .command('import <project> <path>')
    .description('add pictures and annotations of a folder or annotation file')
    .option('--format <id>', 'annotation format', 'auto')
    .action(run(async () => (await import('./import.ts')).importInto));
  fovea
    .command('split <project>')
    .description('deal pictures out to train, selection and test; a test part that was imported stays')
    .option('--seed <n>', 'seed', whole(0), 0)
    .option('--selection <share>', 'share for choosing the best epoch', share, 0.15)
    .option('--test <share>', 'share for measuring', share, 0.2)
    .option('--fresh', 'deal out the test part anew, too')
    .action(run(async () => (await import('./split.ts')).split));
  fovea
    .command('train <project>')
    .description('train a model')
    .option('--objective <id>', 'what training aims at', 'standard')
    .option('--set <name=value>', "a parameter of the objective or a run's setting; repeatable", collect, [])
    .option('--model <id>', 'network', 'resnet8')
    .option('--size <px>', 'side to which pictures are scaled', whole(16), 64)
    .option('--epochs <n>', 'passes over the training pictures', whole(1), 16)
    .option('--batch <n>', 'pictures a step', whole(2), 64)
    .option('--seed <n>', 'seed', whole(0), 0)
    .addOption(new Option('--device <id>', 'where to train').choices(['auto', 'cpu']).default('auto'))
    .option('--resume <run>', 'go on with a paused or interrupted run; other options are the run’s own')
    .action(run(async () => (await import('./train.ts')).train));
  fovea
    .command('evaluate <project>')
    .description('measure a run')
    .requiredOption('--run <n>', 'number of the run')
    .addOption(split().default('test'))
    .action(run(async () => (await import('./evaluate.ts')).evaluate));
  fovea
    .command('explain <project>')
    .description('draw where a run looks on a picture')
    .requiredOption('--run <n>', 'number of the run')
    .requiredOption('--image <name>', 'file name of the picture')
    .option('--method <id>', 'saliency method', 'input-gradient')
    .option('--set <name=value>', 'a parameter of the method; repeatable', collect, [])
    .requiredOption('--out <file>', 'PNG file to write')
    .action(run(async () => (await import('./explain.ts')).explain));
  fovea
    .command('export <project>')
    .description('write annotations and pictures in a format that other tools read')
    .requiredOption('--format <id>', 'annotation format')
    .requiredOption('--out <dir>', 'folder to write, new or empty')
    .action(run(async () => (await import('./export.ts')).exportTo));
  fovea
    .command('runs <project>')
    .description('list the runs of a project')
    .action(run(async () => (await import('./runs.ts')).runs));
  fovea
    .command('methods')
    .description('list objectives, models, saliency methods, attacks and measures with their parameters')
    .action(run(async () => (await import('./methods.ts')).methods));
  fovea
    .command('doctor')
    .description('try what this machine can train on')
    .action(run(async () => (await import('./doctor.ts')).doctor));
  fovea
    .command('demo')
    .description('train four ways on generated pictures with a planted shortcut, and write a report')
    .option('--seed <n>', 'seed', whole(0), 0)
    .option('--dir <dir>', 'folder for the project and the report; a temporary one otherwise')
    .action(run(async () => (await import('./demo.ts')).demo));
  fovea
    .command('serve [project]')
    .description('serve the app on this machine, for a browser here or behind a tunnel')
    .option('--port <n>', 'port; any free one otherwise', whole(0), 0)
    .option('--no-open', 'do not open a browser')
    .action(run(async () => (await import('./serve.ts')).serve));
  fovea
    .command('start', { isDefault: true })
    .description('open the app: in a window of its own if Electron is there, else in the browser')
    .action(run(async () => (await import('./start.ts')).start));
  return fovea;
}

/** One line: what happened, to what, why. */
function lineOf({ message, detail }: ErrorRecord): string {
  const { reason } = detail;
  const line = reason !== undefined && !message.includes(reason) ? `${message}: ${reason}` : message;
  return line.replaceAll(/\s*\n\s*/g, ' ');
}

try {
  await program().parseAsync();
  process.exit(OK);
} catch (thrown) {
  // Commander has printed its own line; help and version are no errors.
  if (thrown instanceof CommanderError) process.exit(thrown.exitCode === 0 ? OK : USER_ERROR);
  const error = toErrorRecord(thrown);
  console.error(`fovea: ${lineOf(error)}`);
  if (thrown instanceof AppError && error.code !== 'internal') process.exit(USER_ERROR);
  if (thrown instanceof Error) console.error(thrown.stack);
  process.exit(BUG);
}
