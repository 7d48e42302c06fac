// Real pictures: ten classes of Tiny-ImageNet from scratch, standard training beside box-aware at several weights.
// Needs the folder (5,000 training and 500 held-out pictures); give another with --data. The held-out 500 are the test
// part; the best epoch is chosen on a part of the training pictures.
// Options: --variants, a list of `standard` or of what the penalty is the gradient of and its weight outside the box,
// `loss:2`, each with `+swap` where the outside of half of the training pictures is swapped; --set NAME=VALUE, any number
// of times, a setting of every run; --model, --epochs, --batch, --seeds 0,1,2; --out DIR (where finished runs are kept),
// --jobs N and --threads N, --show (print what is kept and train nothing).

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { option } from './fovea.ts';
import { fgsmAt, keeper, markdown, spread, type Trial } from './kept-runs.ts';

const defaultData = fileURLToPath(new URL('../../../shared/data/tiny-imagenet-10', import.meta.url));

export async function bench(args: string[]): Promise<unknown> {
  const data = option(args, 'data', defaultData);
  if (!existsSync(data)) throw new Error(`no folder ${data}: give one with --data`);
  const model = option(args, 'model', 'resnet8');
  const epochs = option(args, 'epochs', '12');
  const batch = option(args, 'batch', '32');
  const settings = args.flatMap((word, i) => (word === '--set' ? [args[i + 1]] : []));
  const seeds = option(args, 'seeds', '0').split(',').map(Number);
  const variants = option(args, 'variants', 'standard,loss:2,log-probability:0.2').split(',');
  const keep = keeper('tiny-imagenet', args);
  const trial = (variant: string, seed: number): Trial => ({
    project: 'tiny-imagenet-10',
    name: variant,
    seed,
    train: [
      ...['--model', model, '--size', '64', '--epochs', epochs, '--batch', batch],
      ...settings.flatMap((pair) => ['--set', pair]),
      ...wordsOf(variant),
    ],
    evaluate: [
      {
        words: ['--measures', 'accuracy,energy-in-box,pointing-game,localisation-accuracy,fgsm'],
        take: {
          accuracy: 'accuracy',
          energy: 'energyInBox',
          pointing: 'pointingGame',
          localisation: 'localisationAccuracy',
          fgsm: 'fgsm',
        },
      },
    ],
  });
  if (!args.includes('--show')) {
    await keep.project('tiny-imagenet-10', async (folder, fovea) => {
      await fovea(['project', 'create', folder]);
      await fovea(['import', folder, data]);
      await fovea(['split', folder, '--seed', '0']);
    });
    await keep.run(seeds.flatMap((seed) => variants.map((variant) => trial(variant, seed))));
  }
  const rows = variants.map((variant) => ({
    variant,
    runs: seeds.map((seed) => keep.find(trial(variant, seed))),
  }));
  console.log(
    `\n${[model, '64 px', `${epochs} epochs`, `batch ${batch}`, ...settings].join(', ')}, seeds ${seeds.join(', ')}; on the 500 held-out pictures\n`,
  );
  const inPercent = { times: 100 };
  console.log(
    markdown([
      [
        ...['penalty : weight', 'accuracy %', 'energy in box %', 'pointing game %', 'localisation %'],
        ...['FGSM 4/255 %', 'best epoch', 'minutes', 'runs'],
      ],
      ...rows.map(({ variant, runs }) => [
        variant.replace(':', ' : '),
        ...['accuracy', 'energy', 'pointing', 'localisation'].map((name) =>
          spread(runs, ({ figures }) => figures[name], inPercent),
        ),
        spread(runs, fgsmAt(4), inPercent),
        spread(runs, ({ bestEpoch }) => bestEpoch, { digits: 0 }),
        spread(runs, ({ seconds }) => seconds / 60),
        String(runs.filter((kept) => kept !== null).length),
      ]),
    ]),
  );
  return { model, epochs: Number(epochs), batch: Number(batch), settings, seeds, rows };
}

function wordsOf(variant: string): string[] {
  const [penalty, outside = 'none'] = variant.split('+');
  const [of, lambda] = penalty.split(':');
  return [
    ...(lambda === undefined
      ? ['--objective', of]
      : ['--objective', 'box-aware', '--set', `of=${of}`, '--set', `lambdaOutside=${lambda}`]),
    ...['--set', `outside=${outside}`],
  ];
}
