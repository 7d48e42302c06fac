// Command line of Fovea: what each command is called, takes and says of itself. What a command does is in
// its own file, loaded when it is asked for, so that --help needs no engine.

import fs from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { AppError, toErrorRecord, type ErrorRecord } from '../contracts/errors.ts';
import { printable } from '../contracts/printable.ts';
import { whole, share, portion, positive, collect, split, device, runFlags } from './options.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const OK = 0;
const USER_ERROR = 1;
const BUG = 2;

type Action<Args extends unknown[]> = (terminal: Terminal, ...args: Args) => Promise<void>;
/** A command's function with the terminal in front; commander's own object behind is cut off. */
const run =
  <Args extends unknown[]>(load: () => Promise<Action<Args>>) =>
  async (...all: [...Args, Command]): Promise<void> => {
    const command = all.pop() as Command;
    refuseBeside(command);
    const action = await load();
    const { json, trust } = command.optsWithGlobals();
    await action(openTerminal(json === true, trust === true), ...(all as unknown as Args));
  };

/** Options that say all of what is asked: another beside them must not pass for heard. */
const sayingAll = {
  resume: (command: Command) =>
    `--resume goes on as the ${command.name() === 'sweep' ? 'sweep' : 'run'} began`,
  config: () => '--config says all of the run',
};

/** @throws AppError 'bad-input' */
function refuseBeside(command: Command): void {
  for (const [name, says] of Object.entries(sayingAll)) {
    if (command.opts()[name] === undefined) continue;
    const given = command.options.filter(
      (option) =>
        option.attributeName() !== name && command.getOptionValueSource(option.attributeName()) === 'cli',
    );
    if (given.length > 0)
      throw new AppError('bad-input', says(command), {
        reason: `leave out ${given.map(({ long }) => long).join(', ')}`,
      });
  }
}

const version = (): string =>
  (JSON.parse(fs.readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version;

function program(): Command {
  const fovea = new Command('fovea')
    .description('Draw boxes, train a classifier with attention supervision, and see where it looks.')
    .option('--json', 'print one JSON object as the last line')
    .version(version(), '--version', 'print the version')
    .option('--trust', 'open a project made elsewhere, with the places outside its folder that it uses')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();

  const project = fovea.command('project').description('make projects, and restore them');
  project
    .command('create <dir>')
    .description('make a new, empty project in a folder')
    .option('--shared', 'let other people of this machine read it; only you can otherwise')
    .action(run(async () => (await import('./project.ts')).createProject));
  project
    .command('backups <dir>')
    .description('list the copies of a project that Fovea has made')
    .action(run(async () => (await import('./project.ts')).listBackups));
  project
    .command('restore <dir> [backup]')
    .description('put a copy in the place of a damaged project; the newest, unless one is named')
    .action(run(async () => (await import('./project.ts')).restore));
  fovea
    .command('import <project> <path>')
    .description('add pictures and annotations of a folder or annotation file')
    .option('--format <id>', 'annotation format; several joined by + are read together', 'auto')
    .option('--images <dir>', 'folder of the pictures, where they lie elsewhere than their labels')
    .action(run(async () => (await import('./import.ts')).importInto));
  fovea
    .command('imports <project>')
    .description('list what was imported, with what each import left out and warned of')
    .option(
      '--remove-gone <n>',
      'remove the shapes that import n found to be gone from their source',
      whole(1),
    )
    .action(run(async () => (await import('./imports.ts')).imports));
  fovea
    .command('split <project>')
    .description('assign pictures to training, validation and test; a test part that was imported stays')
    .option('--seed <n>', 'seed', whole(0), 0)
    .option('--selection <share>', 'share for validation, which chooses the best epoch', share, 0.15)
    .option('--test <share>', 'share for measuring', share, 0.2)
    .option('--fresh', 'assign the test part anew, too')
    .action(run(async () => (await import('./split.ts')).split));
  runFlags(fovea.command('train <project>').description('train a model'), 'standard')
    .option(
      '--measures <ids>',
      'what to measure it by on the test part, with commas between, or all; the usual ones otherwise',
    )
    .option(
      '--config <file>',
      'all of a run from a file, as each run keeps it in runs/N/config.json, to repeat it; comments are allowed, and no other option goes with it',
    )
    .option('--resume <run>', 'go on with a paused or interrupted run; no other option goes with it')
    .action(run(async () => (await import('./train.ts')).train));
  runFlags(
    fovea
      .command('sweep <project>')
      .description('train over any parameters, several times each, and choose the best by each measure'),
    'box-aware',
  )
    .option('--objectives <ids>', 'what is trained, with commas between; with --vary')
    .option(
      '--vary <name=values>',
      'values of any parameter, setting, model, size, epochs, batch or share: a=1,2 or a=log(1e-3,1e2,7); repeatable',
      collect,
      [],
    )
    .option(
      '--samples <n>',
      'draw so many combinations of each objective; all of them otherwise',
      whole(1, 10_000),
    )
    .option(
      '--halving <epochs>',
      'after so many epochs, and three times as many again, the best third goes on',
    )
    .option('--budget <time>', 'start no run after 30m, 2h, 1d')
    .option(
      '--grid <grid>',
      'box-aware beside standard and blackout over coarse, paper, or lambdaInside=0,1,10;lambdaOutside=0,1,10; coarse without --vary',
    )
    .option('--repeat <n>', 'repetitions, each with the next seed', whole(1), 3)
    .option('--seeds <n>', 'the same', whole(1))
    .option(
      '--measures <ids>',
      'measures to choose by, with commas between, or all; the usual ones otherwise',
    )
    .option('--parallel <n>', 'runs side by side, each on its share of the processors', whole(1, 64), 1)
    .option('--plan <dir>', 'train nothing; write numbered tasks for other machines into a new folder')
    .option('--link', 'of --plan: link pictures instead of copying them, where that is possible')
    .option('--for <engine...>', 'of --plan: job files for slurm, kubernetes, ray, or ssh HOST,HOST')
    .option('--at-once <n>', 'of --for: tasks at a time', whole(1), 16)
    .option('--threads <n>', 'of --for: processors of a task', whole(1, 256), 2)
    .option('--yes', 'do not ask before what takes more than an hour')
    .option(
      '--resume <sweep>',
      'go on with a sweep, or show a done one; no option but --parallel goes with it',
    )
    .action(run(async () => (await import('./sweep.ts')).sweep));
  fovea
    .command('task <dir>')
    .description('train and measure one task of a plan; exit status 0 done, 75 try again, any other failed')
    .argument('<n>', 'number of the task, from 1', whole(1))
    .option('--threads <n>', 'processors; all otherwise', whole(1, 256))
    .action(
      run(async () => {
        const { task } = await import('./task.ts');
        return async (...args: Parameters<typeof task>) => {
          const status = await task(...args);
          if (status !== OK) await exit(status);
        };
      }),
    );
  fovea
    .command('collect <project> <dir>')
    .description('bring home what the tasks of a plan have done so far')
    .action(run(async () => (await import('./collect.ts')).collect));
  fovea
    .command('evaluate <project>')
    .description('measure a run')
    .requiredOption('--run <n>', 'number of the run')
    .addOption(split().default('test'))
    .option(
      '--measures <ids>',
      'measures, with commas between, each alone or with a preset as ID:PRESET, or all; the usual ones otherwise',
    )
    .option('--set <measure.name=value>', 'a parameter of a measure; repeatable', collect, [])
    .option('--group-by <attribute>', 'attribute that, with the class, makes the groups')
    .addOption(device('where to compute; where the run was trained otherwise'))
    .option('--against <path>', 'folder of a project or of pictures to compare with')
    .action(run(async () => (await import('./evaluate.ts')).evaluate));
  fovea
    .command('metrics <project>')
    .description('list all that was measured of a run')
    .requiredOption('--run <n>', 'number of the run')
    .addOption(split())
    .action(run(async () => (await import('./metrics.ts')).metrics));
  fovea
    .command('explain <project>')
    .description('draw where a run looks on a picture')
    .requiredOption('--run <n>', 'number of the run')
    .requiredOption('--image <name>', 'file name of the picture')
    .option('--method <id>', 'saliency method', 'input-gradient')
    .option('--preset <id>', 'values of the method as in a paper or its code')
    .option('--set <name=value>', 'a parameter of the method; repeatable', collect, [])
    .option('--class <name>', "class explained: a name, 'true' or 'predicted'", 'true')
    .addOption(device('where to compute; the processor otherwise'))
    .option('--versus <name>', 'class it is held against: the difference of both is explained')
    .requiredOption('--out <file>', 'PNG file to write')
    .option('--overwrite', 'replace the file if it is there')
    .action(run(async () => (await import('./explain.ts')).explain));
  fovea
    .command('attack <project>')
    .description(
      'change pictures so that a run errs, or so that its heat moves, and say how many still stand',
    )
    .requiredOption('--run <n>', 'number of the run')
    .option('--attack <id>', 'attack', 'pgd')
    .option('--preset <id>', 'values of the attack as in a paper or its code')
    .option(
      '--eps <size>',
      "size of the change in the attack's norm; the pixel range is 1; 8/255 otherwise, in l2 it must be said",
      positive,
    )
    .option('--set <name=value>', 'a parameter of the attack; repeatable', collect, [])
    .option('--from <n>', 'number of another run: pictures are made against it, and judged by this one')
    .addOption(split().default('test'))
    .option('--limit <n>', 'the first pictures only', whole(1))
    .option('--seed <n>', 'seed', whole(0), 0)
    .addOption(device('where to compute; where the run was trained otherwise'))
    .action(run(async () => (await import('./attack.ts')).attack));
  fovea
    .command('export <project>')
    .description('write annotations and pictures in a format that other tools read')
    .requiredOption('--format <id>', 'annotation format')
    .requiredOption('--out <dir>', 'folder to write, new or empty')
    .addOption(
      new Option('--pictures <how>', 'copied; linked, which costs no space; or left where they are')
        .choices(['copy', 'link', 'leave'])
        .default('copy'),
    )
    .addOption(new Option('--split <part>', 'only its pictures').choices(['train', 'selection', 'test']))
    .option('--class <name>', 'only pictures of this class')
    .action(run(async () => (await import('./export.ts')).exportTo));
  fovea
    .command('export-model <project>')
    .description('write the network of a run as a file that other programs run, checked on 32 pictures')
    .requiredOption('--run <n>', 'number of the run')
    .requiredOption('--out <file>', 'file to write')
    .addOption(
      new Option('--format <id>', 'onnx, or the weights alone; told by the file name otherwise').choices([
        'onnx',
        'safetensors',
      ]),
    )
    .action(run(async () => (await import('./export-model.ts')).exportModel));
  const weights = fovea.command('weights').description('trained weights that a run can start from');
  weights
    .command('list')
    .description('the catalogue, and what is here')
    .action(run(async () => (await import('./weights.ts')).listWeights));
  weights
    .command('get <name>')
    .description('download an entry of the catalogue from the public hub')
    .option('--sha256 <hex>', 'what the file must have; what the server states otherwise')
    .action(run(async () => (await import('./weights.ts')).getWeights));
  weights
    .command('import <file>')
    .description('take in a safetensors file with the names of torchvision or timm')
    .action(run(async () => (await import('./weights.ts')).importWeights));
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
    .addOption(device('where to train').default('auto'))
    .action(run(async () => (await import('./demo.ts')).demo));
  const make = fovea
    .command('make')
    .description('make pictures with a known shortcut, as a folder to import');
  make
    .command('sample')
    .description('patterned objects beside a sticker whose colour tells the class in training')
    .requiredOption('--out <dir>', 'folder to write, new or empty')
    .option('--seed <n>', 'seed', whole(0), 0)
    .option('--bias <share>', 'share of training pictures whose sticker tells the class', portion, 0.95)
    .action(run(async () => (await import('./make.ts')).makeSample));
  make
    .command('blockmnist')
    .description('a digit above or below a block that says nothing')
    .requiredOption('--mnist <dir>', 'folder with the four files of MNIST, packed or not')
    .requiredOption('--out <dir>', 'folder to write, new or empty')
    .option('--seed <n>', 'seed', whole(0), 0)
    .option('--train <n>', 'training pictures; all otherwise', whole(1))
    .option('--test <n>', 'test pictures; all otherwise', whole(1))
    .action(run(async () => (await import('./make.ts')).makeBlockMnist));
  for (const [set, title] of [
    ['cifar10', 'CIFAR-10 in its binary form'],
    ['cifar100', 'CIFAR-100 in its binary form, by its hundred classes'],
    ['svhn', 'SVHN, the cropped digits'],
  ] as const)
    make
      .command(`${set} <dir>`)
      .description(`${title}, as pictures in folders by class`)
      .requiredOption('--out <dir>', 'folder to write, new or empty')
      .action(run(async () => (await import('./make.ts')).makePublished(set)));
  make
    .command('waterbirds-like <project>')
    .description("a project's objects on land or water, which goes with the class in training")
    .requiredOption('--out <dir>', 'folder to write, new or empty')
    .option('--correlation <share>', 'share of training pictures on their class’s ground', portion, 0.95)
    .option('--seed <n>', 'seed', whole(0), 0)
    .option('--size <px>', 'side of the pictures', whole(16), 96)
    .option('--backgrounds <dir>', 'two folders of pictures to use as grounds; drawn ones otherwise')
    .action(run(async () => (await import('./make.ts')).makeWaterbirdsLike));
  fovea
    .command('serve [project]')
    .description('serve the app on this machine, for a browser here or behind a tunnel')
    .option('--port <n>', 'port; any free one otherwise', whole(0, 65_535), 0)
    .option('--no-open', 'do not open a browser')
    .option('--root <dir>', 'a further folder that the folder browser may list; repeatable', collect, [])
    .action(run(async () => (await import('./serve.ts')).serve));
  fovea
    .command('start', { isDefault: true })
    .description('open the app: in a window of its own if Electron is there, else in the browser')
    .action(run(async () => (await import('./start.ts')).start));
  return fovea;
}

/** Fields of the boundary by the flags that give them. */
const flags: Record<string, string> = {
  sizePx: '--size',
  epochs: '--epochs',
  batch: '--batch',
  seed: '--seed',
  device: '--device',
  groupBy: '--group-by',
  repeat: '--repeat',
  grid: '--grid',
  measures: '--measures',
  split: '--split',
};

/** A field that the boundary refused, in the words of the command line; null for what came from elsewhere. */
function refusedFlag({ message, detail: { place } }: ErrorRecord): string | null {
  const words = /^[a-z]+\.[a-zA-Z]+: (.*)$/.exec(message)?.[1];
  if (words === undefined || place === undefined || !words.startsWith(place)) return null;
  const [first, ...rest] = place.replace(/^run\./, '').split('.');
  const name = first === 'settings' ? `--set ${rest.join('.')}` : flags[first];
  return name === undefined ? null : name + words.slice(place.length);
}

/** One line: what happened, to what, why. */
function lineOf(error: ErrorRecord): string {
  const { message, detail } = error;
  const { reason } = detail;
  const refused = refusedFlag(error);
  if (refused !== null) return refused;
  const line = reason !== undefined && !message.includes(reason) ? `${message}: ${reason}` : message;
  return line.replaceAll(/\s*\n\s*/g, ' ');
}

/** Without a command the app is opened, which commander would do for any word. @throws AppError 'bad-input' */
function refuseUnknown({ commands }: Command): void {
  const [, , name = '-'] = process.argv;
  if (name.startsWith('-') || name === 'help' || commands.some((one) => one.name() === name)) return;
  throw new AppError('bad-input', `there is no command "${name}"`, { reason: '`fovea --help` lists them' });
}

try {
  const fovea = program();
  refuseUnknown(fovea);
  await fovea.parseAsync();
  await exit(OK);
} catch (thrown) {
  // Commander has printed its own line; help and version are no errors.
  if (thrown instanceof CommanderError) await exit(thrown.exitCode === 0 ? OK : USER_ERROR);
  const error = toErrorRecord(thrown);
  console.error(printable(`fovea: ${lineOf(error)}`));
  if (error.code !== 'internal') await exit(USER_ERROR);
  if (thrown instanceof Error)
    console.error(
      (thrown.stack ?? '')
        .split('\n')
        .map((line) => printable(line))
        .join('\n'),
    );
  await exit(BUG);
}

/** A pipe takes what was written in its own time; leaving before that would cut a long answer short. */
async function exit(status: number): Promise<never> {
  for (const stream of [process.stdout, process.stderr])
    await new Promise((resolve) => stream.write('', resolve));
  process.exit(status);
}
