// Real pictures: ten classes of Tiny-ImageNet from scratch, standard beside box-aware at several weights.
// Needs the folder (5,000 training and 500 held-out pictures); give another with --data.
// The held-out 500 are the test part; the best epoch is chosen on a part of the training pictures.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fovea, option, percent, table } from './fovea.ts';

const defaultData = fileURLToPath(new URL('../../../shared/data/tiny-imagenet-10', import.meta.url));

interface Trained {
  run: number;
  seconds: number;
  best: { epoch: number; accuracy: number };
}
interface Evaluated {
  images: number;
  measures: { accuracy: number; energyInBox: number; pointingGame: number; localisationAccuracy: number };
}

export async function bench(args: string[]): Promise<unknown> {
  const data = option(args, 'data', defaultData);
  if (!existsSync(data)) throw new Error(`no folder ${data}: give one with --data`);
  const model = option(args, 'model', 'resnet8');
  const epochs = option(args, 'epochs', '12');
  const seed = option(args, 'seed', '0');
  // Each `standard`, or what the penalty is the gradient of and its weight outside the box.
  const variants = option(args, 'variants', 'standard,loss:2,log-probability:0.2').split(',');
  const home = mkdtempSync(path.join(tmpdir(), 'fovea-tiny-imagenet-'));
  const project = path.join(home, 'project');
  const environment = { FOVEA_HOME: home };
  try {
    await fovea(['project', 'create', project], environment);
    await fovea(['import', project, data], environment);
    await fovea(['split', project, '--seed', seed], environment);
    const rows = [];
    for (const variant of variants) {
      const [of, lambda] = variant.split(':');
      const objective =
        lambda === undefined
          ? ['standard']
          : ['box-aware', '--set', `of=${of}`, '--set', `lambdaOutside=${lambda}`];
      const trained = await fovea<Trained>(
        [
          'train',
          project,
          '--objective',
          ...objective,
          '--model',
          model,
          '--size',
          '64',
          '--epochs',
          epochs,
        ].concat(['--batch', option(args, 'batch', '32'), '--seed', seed]),
        environment,
      );
      const { measures } = await fovea<Evaluated>(
        ['evaluate', project, '--run', String(trained.run)],
        environment,
      );
      rows.push({ variant, ...trained, ...measures });
      console.log(`${variant}: ${percent(measures.accuracy)}, in box ${percent(measures.energyInBox)}`);
    }
    console.log(`\n${model}, 64 px, ${epochs} epochs, seed ${seed}; accuracy on the 500 held-out pictures\n`);
    console.log(
      table([
        ['penalty:weight', 'accuracy', 'energy in box', 'pointing game', 'localisation', 'best epoch', 'min'],
        ...rows.map((row) => [
          row.variant,
          percent(row.accuracy),
          percent(row.energyInBox),
          percent(row.pointingGame),
          percent(row.localisationAccuracy),
          String(row.best.epoch),
          (row.seconds / 60).toFixed(1),
        ]),
      ]),
    );
    return { model, epochs: Number(epochs), seed: Number(seed), rows };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
