// The four papers at small scale: each one's own comparison, on data that is here, with networks that a processor can
// train. The effects are looked for, not the figures; what the papers report stands beside. Options: --only p2,cub-3
// (papers or projects), --budget small|full, --rows 'ST,density 1' (trains only those), --seeds 0,1,2, --epochs N,
// --out DIR (where finished runs are kept), --jobs N and --threads N (runs side by side, and threads of each), --show
// (print what is kept and train nothing), --data DIR (holds mnist, tiny-imagenet-10 and cub-200-2011-subset).

import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { option } from './fovea.ts';
import { fgsmAt, keeper, markdown, spread, type Kept, type Keeper, type Trial } from './kept-runs.ts';

const budgets = ['small', 'full'] as const;
type Budget = (typeof budgets)[number];

interface Row {
  name: string;
  /** Words of `fovea train` that make the row what it is. */
  words: string[];
  /** What the paper reports for it, in the order of `paperHead`. */
  paper?: string[];
  /** Begun first, so that runs side by side end together. */
  isSlow?: true;
}

interface Column {
  head: string;
  metricValue(kept: Kept): number | null | undefined;
  times?: number;
  digits?: number;
}

/** One comparison on one set: a table. */
interface Comparison {
  paper: string;
  title: string;
  project: string;
  /** Folder below the data that it is made from. */
  needs: string;
  make(keep: Keeper, data: string): Promise<unknown>;
  /** Words of `fovea train` that all rows have. */
  common: string[];
  rows: Row[];
  evaluate: Trial['evaluate'];
  columns: Column[];
  paperHead: string[];
  seeds: number[];
  /** What the paper leads one to expect, and whether the table shows it. */
  bars(
    metricValueOf: (name: string, column: string) => number | null,
  ): { says: string; holds: boolean | null }[];
}

export async function bench(args: string[]): Promise<unknown> {
  const budget = option(args, 'budget', 'small') as Budget;
  if (!budgets.includes(budget)) throw new Error(`--budget is one of ${budgets.join(', ')}`);
  const data = option(args, 'data', fileURLToPath(new URL('../../../shared/data', import.meta.url)));
  const only = option(args, 'only', 'p2,p3,p0,p1').split(',');
  const epochs = option(args, 'epochs', '');
  const rows = option(args, 'rows', '');
  const seeds = option(args, 'seeds', budget === 'full' ? '0,1,2' : '0')
    .split(',')
    .map(Number);
  const keep = keeper('papers', args);
  const all = [blockMnist, consistency, boxesOfTinyImagenet, boxesOfCub, alignment].map((comparison) =>
    comparison(budget, seeds, epochs),
  );
  const report = [];
  for (const comparison of only.flatMap((id) =>
    all.filter(({ paper, project }) => paper === id || project === id),
  )) {
    console.log(`\n${comparison.title}, budget ${budget}, seeds ${comparison.seeds.join(', ')}`);
    const source = path.join(data, comparison.needs);
    if (!existsSync(source)) {
      console.log(`Not run: there is no folder ${comparison.needs} in the data; give another with --data`);
      continue;
    }
    if (!args.includes('--show')) {
      await comparison.make(keep, source);
      const chosen = comparison.rows
        .filter(({ name }) => rows === '' || rows.split(',').includes(name))
        .sort((a, b) => Number(b.isSlow ?? false) - Number(a.isSlow ?? false));
      await keep.run(comparison.seeds.flatMap((seed) => chosen.map((row) => trialOf(comparison, row, seed))));
    }
    report.push(show(comparison, keep));
  }
  return { budget, report };
}

const trialOf = (comparison: Comparison, row: Row, seed: number): Trial => ({
  project: comparison.project,
  name: row.name,
  seed,
  train: [...row.words, ...comparison.common],
  evaluate: comparison.evaluate,
});

function show(comparison: Comparison, keep: Keeper): unknown {
  const { title, rows, columns, paperHead, seeds, common } = comparison;
  const runsOf = (row: Row) => seeds.map((seed) => keep.find(trialOf(comparison, row, seed)));
  const meanOf = (name: string, head: string): number | null => {
    const [row, column] = [rows.find((one) => one.name === name)!, columns.find((one) => one.head === head)!];
    const values = runsOf(row).flatMap((kept) => (kept ? [column.metricValue(kept)] : []));
    const known = values.filter((value) => value !== null && value !== undefined);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  console.log(`\nEvery run: fovea train … ${common.join(' ')}\n`);
  console.log(
    markdown([
      ['', ...columns.map(({ head }) => head), 'runs', ...paperHead.map((head) => `paper: ${head}`)],
      ...rows.map((row) => [
        row.name,
        ...columns.map((column) => spread(runsOf(row), column.metricValue, column)),
        String(runsOf(row).filter((kept) => kept !== null).length),
        ...paperHead.map((_, i) => row.paper?.[i] ?? ''),
      ]),
    ]),
  );
  const bars = comparison.bars(meanOf);
  console.log('');
  for (const { says, holds } of bars)
    console.log(`- ${says}: ${holds === null ? 'not all runs are there' : holds ? 'yes' : 'no'}`);
  console.log('\nThe words that make a row:\n');
  for (const { name, words } of rows) console.log(`- ${name}: \`${words.join(' ')}\``);
  return { paper: comparison.paper, title, runs: rows.map((row) => ({ ...row, kept: runsOf(row) })), bars };
}

const set = (...pairs: string[]): string[] => pairs.flatMap((pair) => ['--set', pair]);
const share = (head: string, name: string): Column => ({
  head,
  times: 100,
  metricValue: ({ figures }) => figures[name],
});
const value = (head: string, name: string, digits: number): Column => ({
  head,
  digits,
  metricValue: ({ figures }) => figures[name],
});
const fewer = (left: number | null, right: number | null): boolean | null =>
  left === null || right === null ? null : left < right;
const allHold = (...holds: (boolean | null)[]): boolean | null =>
  holds.includes(null) ? null : holds.every(Boolean);

/** Project of a folder that is imported as it is. */
const imported =
  (project: string) =>
  (keep: Keeper, source: string): Promise<unknown> =>
    keep.project(project, async (folder, fovea) => {
      await fovea(['project', 'create', folder]);
      await fovea(['import', folder, source]);
      await fovea(['split', folder, '--seed', '0']);
    });

/** Marginal density: what leaks into the block that says nothing, and what an attack can do. */
function blockMnist(budget: Budget, seeds: number[], epochs: string): Comparison {
  const isFull = budget === 'full';
  const [train, test] = isFull ? ['60000', '10000'] : ['20000', '500'];
  const project = `blockmnist-${train}`;
  const eps = { linf: '0.1', l2: '1.5' };
  const weights = ['0.01', '0.1', '1', '3'];
  const weighed = (name: string, words: string[], paper: string[], of: string[]): Row[] =>
    of.map((weight) => ({ name: `${name} ${weight}`, words: [...words, ...set(`lambda=${weight}`)], paper }));
  /** Trained at the epsilon that is tested with, so few epochs may teach nothing. */
  const radii = ['0.02', '0.05', eps.linf];
  const within = (name: string, objective: string, paper: string[]): Row[] =>
    radii.map((radius) => ({
      name: `${name} ${radius}`,
      words: ['--objective', objective, ...set(`eps=${radius}`)],
      paper,
    }));
  const rows: Row[] = [
    { name: 'ST', words: ['--objective', 'standard'], paper: ['3.657', '73.6', '0.0', '99.1'] },
    ...weighed('density', ['--objective', 'density'], ['2.259', '85.4', '29.4', '93.1'], weights),
    ...within('AT-PGD', 'pgd-training', ['2.313', '92.8', '28.1', '99.0']),
    ...weighed(
      'InputGrad',
      ['--objective', 'input-grad', ...set('of=logit', 'power=1', 'units=pixels')],
      ['3.461', '83.5', '21.1', '94.6'],
      weights,
    ),
    ...within('AT-FGSM', 'fgsm-training', ['3.324', '87.5', '0.0', '99.0']),
    {
      name: 'SoftPlus',
      words: ['--objective', 'standard', ...set('activation=softplus')],
      paper: ['3.533', '68.0', '0.0', '98.5'],
    },
    // Curvature is some thousand times what gradients are.
    ...weighed(
      'Hessian',
      ['--objective', 'hessian'],
      ['4.258', '80.1', '0.0', '98.5'],
      isFull ? ['0.00001', '0.0001', '0.001'] : ['0.0001'],
    ),
    ...weighed(
      'IG-SUM',
      [
        ...['--objective', 'ig-sum-norm', ...set(`eps=${eps.linf}`)],
        ...(isFull ? [] : set('steps=2', 'stepSize=0.7', 'points=3', 'searchPoints=1')),
      ],
      ['3.497', '82.1', '22.7', '92.9'],
      isFull ? weights : ['0.01', '0.1'],
    ).map((row): Row => ({ ...row, isSlow: true })),
  ];
  return {
    paper: 'p2',
    title: `BlockMNIST, ${train} training and ${test} test pictures, MLP; PGD-20 with epsilon ${eps.l2} in L2 and ${eps.linf} in L_inf`,
    project,
    needs: 'mnist',
    make: (keep, mnist) =>
      keep.project(project, async (folder, fovea) => {
        const images = keep.images(project);
        await fovea([
          ...['make', 'blockmnist', '--mnist', mnist, '--out', images],
          ...['--train', train, '--test', test, '--seed', '0'],
        ]);
        await fovea(['project', 'create', folder]);
        await fovea(['import', folder, images]);
        await fovea(['split', folder, '--seed', '0', '--selection', '0.1']);
      }),
    // Chosen by the accuracy of ST on the selection part, nothing else looked at.
    common: [
      ...['--model', 'mlp', '--size', '28', '--batch', '64', '--device', 'cpu'],
      ...['--epochs', epochs || (isFull ? '40' : '4')],
      ...set('optimiser=adam', 'learningRate=0.001', 'weightDecay=0', 'warmUpEpochs=0.25'),
      ...set('flip=false', 'shift=0'),
    ],
    rows,
    evaluate: [
      {
        words: [
          '--measures',
          'accuracy,feature-leakage,pgd-accuracy',
          ...set(`pgd-accuracy.eps=${eps.linf}`),
        ],
        take: { accuracy: 'accuracy', leakage: 'featureLeakage', linf: 'pgdAccuracy' },
      },
      {
        words: ['--measures', 'pgd-accuracy', ...set('pgd-accuracy.norm=l2', `pgd-accuracy.eps=${eps.l2}`)],
        take: { l2: 'pgdAccuracy' },
      },
    ],
    columns: [
      value('leakage', 'leakage', 3),
      { head: 'share leaking %', metricValue: ({ points }) => points.leakage?.[0]?.value, times: 100 },
      share('PGD L2 %', 'l2'),
      share('PGD L_inf %', 'linf'),
      share('accuracy %', 'accuracy'),
      { head: 'selection %', metricValue: ({ selection }) => selection, times: 100 },
    ],
    paperHead: ['leakage', 'PGD L2', 'PGD L_inf', 'accuracy'],
    seeds,
    bars(metricValueOf) {
      /** In the paper no method but the attacks' costs more than this. */
      const allowedLoss = 6.5 / 100;
      const accuracyOf = (name: string) => metricValueOf(name, 'selection %');
      const isAccurate = (name: string) => accuracyOf(name)! >= accuracyOf('ST')! - allowedLoss;
      const isWhole = rows.every(({ name }) => metricValueOf(name, 'leakage') !== null);
      /** Of a method, the lowest among its weights that are accurate enough; what has none is not compared. */
      const lowest = (head: string) =>
        isWhole
          ? [...Map.groupBy(rows, ({ name }) => name.split(' ')[0])]
              .map(([method, ofMethod]) => ({
                method,
                value: Math.min(
                  ...ofMethod
                    .filter(({ name }) => isAccurate(name))
                    .map(({ name }) => metricValueOf(name, head)!),
                ),
              }))
              .sort((a, b) => a.value - b.value)
          : null;
      return [
        ...['leakage', 'share leaking %'].map((head) => {
          const two = lowest(head)
            ?.slice(0, 2)
            .map(({ method }) => method);
          return {
            says: `density and AT-PGD have the lowest ${head.replace(' %', '')} among weights that cost at most 6.5 points of selection accuracy${two ? `; lowest are ${two.join(' and ')}` : ''}`,
            holds: two ? two.includes('density') && two.includes('AT-PGD') : null,
          };
        }),
        ...[
          ...weights.map((weight) => `density ${weight}`),
          ...radii.map((radius) => `AT-PGD ${radius}`),
        ].map((name) => ({
          says: `${name} leaks less than ST`,
          holds: fewer(metricValueOf(name, 'leakage'), metricValueOf('ST', 'leakage')),
        })),
      ];
    },
  };
}

/** Grad-CAM consistency: heat stays on the picture that it is for. */
function consistency(budget: Budget, seeds: number[], epochs: string): Comparison {
  const rows: Row[] = [
    {
      name: 'base',
      words: ['--objective', 'standard'],
      paper: ['69.4', '79.8', '60.5', '54.4', '24.4'],
    },
    {
      name: 'GC',
      words: ['--objective', 'gradcam-consistency'],
      isSlow: true,
      paper: ['67.7', '80.0', '65.9', '57.7', '7.6'],
    },
    {
      name: 'GMP',
      words: ['--objective', 'standard', ...set('pool=max')],
      paper: ['69.1', '79.3', '66.7', '62.9', '39.0'],
    },
    {
      name: 'GMP+GC',
      words: ['--objective', 'gradcam-consistency', ...set('pool=max')],
      isSlow: true,
      paper: ['69.0', '79.6', '68.7', '65.4', '31.2'],
    },
  ];
  const method = 'grad-cam-elementwise';
  return {
    paper: 'p3',
    title: 'Grad-CAM consistency on Tiny-ImageNet-10, ResNet-8 (paper: ImageNet, ResNet-18)',
    project: 'tiny-imagenet-10',
    needs: 'tiny-imagenet-10',
    make: imported('tiny-imagenet-10'),
    common: [
      ...['--model', 'resnet8', '--size', '64', '--batch', '32', '--device', 'cpu'],
      ...['--epochs', epochs || (budget === 'full' ? '30' : '6')],
    ],
    rows,
    evaluate: [
      {
        words: [
          '--measures',
          'accuracy,pointing-game,stochastic-pointing-game,content-heat-map,negative-quadrant-heat',
          ...set(`pointing-game.method=${method}`, 'pointing-game.mean=classes'),
        ],
        take: {
          accuracy: 'accuracy',
          pg: 'pointingGame',
          spg: 'stochasticPointingGame',
          ch: 'contentHeatMap',
          nqh: 'negativeQuadrantHeat',
        },
      },
    ],
    columns: [
      share('accuracy %', 'accuracy'),
      share('PG %', 'pg'),
      share('SPG %', 'spg'),
      share('CH %', 'ch'),
      share('NQH %', 'nqh'),
    ],
    paperHead: ['accuracy', 'PG', 'SPG', 'CH', 'NQH'],
    seeds,
    bars: (metricValueOf) =>
      [
        ['base', 'GC'],
        ['GMP', 'GMP+GC'],
      ].flatMap(([without, withIt]) => [
        {
          says: `NQH of ${withIt} below ${without}`,
          holds: fewer(metricValueOf(withIt, 'NQH %'), metricValueOf(without, 'NQH %')),
        },
        {
          says: `CH and SPG of ${withIt} above ${without}`,
          holds: allHold(
            ...['CH %', 'SPG %'].map((head) =>
              fewer(metricValueOf(without, head), metricValueOf(withIt, head)),
            ),
          ),
        },
      ]),
  };
}

/** The penalty that shows most here: docs/results.md. The paper's is of the loss, of a network with ReLU. */
const boxAwareWords = ['--objective', 'box-aware', ...set('of=log-probability')];
const boxRows = (weight: string, epochs: string): Pick<Comparison, 'rows' | 'paperHead' | 'common'> => ({
  paperHead: ['saliency metric', 'localisation'],
  rows: [
    { name: 'standard', words: ['--objective', 'standard'], paper: ['0.466 ± 0.047', '23.6 ± 2.0'] },
    { name: 'blackout', words: ['--objective', 'blackout'], paper: ['0.396 ± 0.033', '30.0 ± 2.1'] },
    {
      name: 'equal',
      words: [...boxAwareWords, ...set(`lambdaInside=${weight}`, `lambdaOutside=${weight}`)],
      isSlow: true,
      paper: ['0.343 ± 0.020', '30.0'],
    },
    {
      name: 'outside only',
      words: [...boxAwareWords, ...set('lambdaInside=0', `lambdaOutside=${weight}`)],
      isSlow: true,
      paper: ['0.283 ± 0.030 (all pairs)', '34.3 ± 1.2 (all pairs)'],
    },
    {
      name: 'mostly inside',
      isSlow: true,
      words: [...boxAwareWords, ...set(`lambdaInside=${weight}`, `lambdaOutside=${Number(weight) / 100}`)],
    },
  ],
  common: [
    ...['--model', 'resnet8', '--size', '64', '--batch', '32', '--device', 'cpu'],
    ...['--epochs', epochs],
    ...set('activation=softplus', 'learningRate=0.1', 'schedule=one-cycle'),
  ],
});

/** Box-aware: which way of training has the most telling crop, and points best. */
function boxAware(
  on: Pick<Comparison, 'title' | 'project' | 'needs'>,
  seeds: number[],
  epochs: string,
): Comparison {
  const names = ['outside only', 'mostly inside'];
  return {
    ...on,
    seeds,
    paper: 'p0',
    make: imported(on.project),
    ...boxRows('0.1', epochs),
    evaluate: [
      {
        words: ['--measures', 'accuracy,saliency-metric,localisation-accuracy,fgsm'],
        take: {
          accuracy: 'accuracy',
          saliency: 'saliencyMetric',
          localisation: 'localisationAccuracy',
          fgsm: 'fgsm',
        },
      },
    ],
    columns: [
      value('saliency metric', 'saliency', 3),
      share('localisation %', 'localisation'),
      share('accuracy %', 'accuracy'),
      ...[1, 2, 4, 8].map((eps): Column => ({
        head: `FGSM ${eps}/255 %`,
        metricValue: fgsmAt(eps),
        times: 100,
      })),
    ],
    bars(metricValueOf) {
      const best = (head: string, of: (...values: number[]) => number): number | null => {
        const values = names.map((name) => metricValueOf(name, head));
        return values.includes(null) ? null : of(...values.map((one) => one!));
      };
      const [saliency, localisation] = ['saliency metric', 'localisation %'];
      const of = (name: string, head: string) => metricValueOf(name, head);
      return [
        {
          says: "the paper's order of the saliency metric: the better of the two unequal weights, equal, blackout, standard",
          holds: allHold(
            fewer(best(saliency, Math.min), of('equal', saliency)),
            fewer(of('equal', saliency), of('blackout', saliency)),
            fewer(of('blackout', saliency), of('standard', saliency)),
          ),
        },
        {
          says: "the paper's order of the localisation accuracy: the better of the two unequal weights above equal and blackout, those above standard",
          holds: allHold(
            fewer(of('equal', localisation), best(localisation, Math.max)),
            fewer(of('blackout', localisation), best(localisation, Math.max)),
            fewer(of('standard', localisation), of('equal', localisation)),
            fewer(of('standard', localisation), of('blackout', localisation)),
          ),
        },
      ];
    },
  };
}

const boxesOfTinyImagenet = (budget: Budget, seeds: number[], epochs: string): Comparison =>
  boxAware(
    {
      title: 'Box-aware on Tiny-ImageNet-10, ResNet-8 from scratch (paper: CUB, pretrained ResNet-50)',
      project: 'tiny-imagenet-10',
      needs: 'tiny-imagenet-10',
    },
    seeds,
    epochs || (budget === 'full' ? '30' : '8'),
  );

const boxesOfCub = (budget: Budget, seeds: number[], epochs: string): Comparison =>
  boxAware(
    {
      title:
        'Box-aware on 136 pictures of three CUB classes, ResNet-8 from scratch (paper: all of CUB, pretrained ResNet-50)',
      project: 'cub-3',
      needs: 'cub-200-2011-subset',
    },
    seeds,
    epochs || (budget === 'full' ? '60' : '30'),
  );

/** ART: explanations that stay where they are under an attack on them. */
function alignment(budget: Budget, seeds: number[], epochs: string): Comparison {
  const artWeights = ['0.5', '4'];
  const [steps, points] = budget === 'full' ? ['50', '20'] : ['10', '5'];
  const rows: Row[] = [
    {
      name: 'natural',
      words: ['--objective', 'standard'],
      paper: ['40.3', '49.2', '95.3', '0.0'],
    },
    {
      name: 'PGD-10',
      words: ['--objective', 'pgd-training', ...set('steps=10')],
      isSlow: true,
      paper: ['69.0', '72.3', '87.3', '44.1'],
    },
    // The weight of the paper, and a larger one, since epochs are few.
    ...artWeights.map((weight) => ({
      name: `ART ${weight}`,
      words: ['--objective', 'art', ...set(`lambda=${weight}`, 'statistics=batch-counted')],
      isSlow: true as const,
      paper: ['92.9', '91.8', '89.8', '37.6'],
    })),
  ];
  const attacked = ['top-k-intersection', 'kendall-correlation'];
  return {
    paper: 'p1',
    title: `ART on Tiny-ImageNet-10 at 32 px, ResNet-8 (paper: CIFAR-10, WRN-28-10); attack on the explanation of ${steps} steps, ${points} points, epsilon 8/255`,
    project: 'tiny-imagenet-10',
    needs: 'tiny-imagenet-10',
    make: imported('tiny-imagenet-10'),
    common: [
      ...['--model', 'resnet8', '--size', '32', '--batch', '32', '--device', 'cpu'],
      ...['--epochs', epochs || (budget === 'full' ? '40' : '8')],
    ],
    rows,
    evaluate: [
      {
        words: [
          ...['--measures', ['accuracy', 'pgd-accuracy', ...attacked].join(',')],
          ...set('pgd-accuracy.steps=40'),
          ...set(...attacked.flatMap((id) => [`${id}.steps=${steps}`, `${id}.points=${points}`])),
        ],
        take: {
          accuracy: 'accuracy',
          pgd: 'pgdAccuracy',
          intersection: 'topKIntersection',
          kendall: 'kendallCorrelation',
        },
      },
    ],
    columns: [
      share('IN', 'intersection'),
      share('K', 'kendall'),
      share('accuracy %', 'accuracy'),
      share('PGD-40 %', 'pgd'),
    ],
    paperHead: ['IN', 'K', 'accuracy', 'PGD-40'],
    seeds,
    bars: (metricValueOf) =>
      artWeights.flatMap((weight) => {
        const name = `ART ${weight}`;
        return [
          {
            says: `${name} above natural in IN and K`,
            holds: allHold(
              ...['IN', 'K'].map((head) => fewer(metricValueOf('natural', head), metricValueOf(name, head))),
            ),
          },
          {
            says: `PGD accuracy of ${name} between natural and PGD training`,
            holds: allHold(
              fewer(metricValueOf('natural', 'PGD-40 %'), metricValueOf(name, 'PGD-40 %')),
              fewer(metricValueOf(name, 'PGD-40 %'), metricValueOf('PGD-10', 'PGD-40 %')),
            ),
          },
        ];
      }),
  };
}
