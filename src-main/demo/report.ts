// The demonstration as one HTML file that needs nothing else: measures, the shortcut test, and heat maps of
// all runs side by side. Its colours are those of the app, dark or light as the reader's system is.

import { lossHeat } from '../contracts/heat-metrics.ts';
import { metricOf, valueOf, type Metric } from '../contracts/metrics.ts';
import type { RunConfig } from '../contracts/runs.ts';

/** In the project's folder. */
export const REPORT_FILE = 'report.html';

export interface ReportRun {
  title: string;
  number: number;
  config: RunConfig;
  seconds: number;
  bestEpoch: number | null;
  /** On the test split. */
  metrics: Metric[];
}
export interface ReportImage {
  name: string;
  className: string;
  /** Data address of the bare picture. */
  picture: string;
  /** In the order of the runs. */
  runs: { heat: string; says: string; score: number; correct: boolean; energyInBox: number | null }[];
}
interface Report {
  seed: number;
  seconds: number;
  version: string;
  runs: ReportRun[];
  pictures: ReportImage[];
}

export function reportHtml({ seed, seconds, version, runs, pictures: images }: Report): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>Fovea demo, seed ${seed}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>Where does it look?</h1>
<p>Four ways of training the same network on the same pictures. Each picture shows an object whose surface
pattern is its class, and, outside its box, a small sticker. In the training pictures the sticker's colour
agrees with the class 95 % of the time. In the test pictures it is random, so a network that reads the sticker fails.</p>
<p class="quiet">Seed ${seed} · ${minutes(seconds)} in all · ${runs[0].config.model}, ${runs[0].config.sizePx} px, ${runs[0].config.epochs} epochs · Fovea ${escape(version)}</p>
</header>
${measuresSection(runs)}
${shortcutSection(runs)}
${imagesSection(runs, images)}
${settingsSection(runs)}
</main>
</body>
</html>
`;
}

interface Column {
  head: string;
  /** What the figure means, for the tooltip. */
  help: string;
  value(metrics: readonly Metric[]): number | null;
  /** Whether it is a share, shown in per cent. */
  share: boolean;
}

const COLUMNS: readonly Column[] = [
  {
    head: 'Accuracy %',
    help: 'Test pictures named right',
    value: (m) => valueOf(m, 'accuracy'),
    share: true,
  },
  {
    head: 'In box, loss gradient %',
    help: 'Share of the squared input gradient of the loss inside the box',
    value: (m) => valueOf(m, 'energy-in-box', lossHeat),
    share: true,
  },
  {
    head: 'Pointing game %',
    help: 'Pictures whose hottest point lies in the box',
    value: (m) => valueOf(m, 'pointing-game'),
    share: true,
  },
  {
    head: 'Localisation %',
    help: 'Pictures named right whose box from heat has IoU 0.5 or more',
    value: (m) => valueOf(m, 'localisation-accuracy'),
    share: true,
  },
  {
    head: 'Mean IoU',
    help: 'Of the box from heat and the drawn box',
    value: (m) => valueOf(m, 'mean-iou'),
    share: false,
  },
  {
    head: 'Saliency metric',
    help: 'Log of the crop’s area minus log of its score; lower is better',
    value: (m) => valueOf(m, 'saliency-metric'),
    share: false,
  },
  {
    head: 'FGSM 2/255 %',
    help: 'Accuracy after a perturbation of at most 2/255',
    value: (m) => nearestFgsm(m, 2 / 255),
    share: true,
  },
];

function nearestFgsm(metrics: readonly Metric[], eps: number): number | null {
  const curve = metricOf(metrics, 'fgsm')?.curve ?? [];
  return curve.find(({ x }) => Math.abs(x - eps) < 1e-4)?.y ?? null;
}

function measuresSection(runs: readonly ReportRun[]): string {
  const heads = COLUMNS.map(({ head, help }) => `<th scope="col" title="${escape(help)}">${head}</th>`).join(
    '',
  );
  const rows = runs.map((run, index) => {
    const cells = COLUMNS.map(({ value, share }) => `<td>${numberText(value(run.metrics), share)}</td>`).join(
      '',
    );
    return `<tr><th scope="row">${nameOf(run, index)}</th>${cells}<td>${minutes(run.seconds)}</td></tr>`;
  });
  return `<section aria-labelledby="measures">
<h2 id="measures">Measures <span class="quiet">on the test pictures</span></h2>
<div class="scroll"><table>
<thead><tr><th scope="col">Run</th>${heads}<th scope="col">Training</th></tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div>
</section>`;
}

function shortcutSection(runs: readonly ReportRun[]): string {
  const bar = (label: string, value: number | null) =>
    `<div class="bar"><span class="bar-label">${label}</span><span class="track"><i style="width:${((value ?? 0) * 100).toFixed(1)}%"></i></span><b>${numberText(value, true)} %</b></div>`;
  const cards = runs.map(
    (run, index) => `<div class="card" style="--run:var(--run-${'abcd'[index]})">
<h3>${nameOf(run, index)}</h3>
${bar('as it is', valueOf(run.metrics, 'accuracy'))}
${bar('outside blurred', valueOf(run.metrics, 'outside-blurred'))}
${bar('outside swapped', valueOf(run.metrics, 'outside-swapped'))}
</div>`,
  );
  return `<section aria-labelledby="shortcut">
<h2 id="shortcut">Shortcut test <span class="quiet">accuracy when what lies outside the box is taken away</span></h2>
<p>Heat maps can flatter: a penalty may hide a shortcut from the gradient without removing it. So the outside
itself is blurred, or replaced by another picture's. A network that needs the outside loses accuracy.
Bars run from 0 to 100 %; one in four is chance.</p>
<div class="cards">${cards.join('\n')}</div>
</section>`;
}

function imagesSection(runs: readonly ReportRun[], images: readonly ReportImage[]): string {
  const heads = runs.map((run, index) => `<th scope="col">${nameOf(run, index)}</th>`).join('');
  const rows = images.map(({ name, className, picture: image, runs: cells }) => {
    const drawn = cells.map(({ heat, says, score, correct, energyInBox }, index) => {
      const verdict = `<span class="${correct ? 'good' : 'bad'}">${correct ? '✓' : '✗'} ${escape(says)} ${score.toFixed(2)}</span>`;
      return `<td><img src="${heat}" alt="Heat of ${escape(runs[index].title)} on ${escape(name)}" width="168" height="168">
<div class="caption">${verdict}<span>in box ${numberText(energyInBox, true)} %</span></div></td>`;
    });
    return `<tr><th scope="row"><img src="${image}" alt="${escape(name)}" width="168" height="168">
<div class="caption"><span>${escape(className)}</span><span>${escape(name)}</span></div></th>${drawn.join('')}</tr>`;
  });
  const stops = HEAT_STOPS.map((colour, index) => `${colour} ${(index * 100) / (HEAT_STOPS.length - 1)}%`);
  return `<section aria-labelledby="pictures">
<h2 id="pictures">Heat maps <span class="quiet">gradient energy of the loss of the true class; the first test pictures of each class</span></h2>
<p class="legend"><span>least</span><i style="background:linear-gradient(90deg,${stops.join(',')})"></i><span>most heat, one scale for each row, smoothed for the eye; the white box is the drawn one</span></p>
<div class="scroll"><table class="grid">
<thead><tr><th scope="col">Picture</th>${heads}</tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div>
</section>`;
}

function settingsSection(runs: readonly ReportRun[]): string {
  const rows = runs.map((run, index) => {
    const { objective, params, settings, batch, seed } = run.config;
    const says = [
      ...Object.entries(params).map(([name, value]) => `${name} ${value}`),
      `outside ${settings.outside}${settings.outside === 'none' ? '' : ` (${settings.outsideProbability})`}`,
      `learning rate ${settings.learningRate}`,
      `ramp ${settings.lambdaRamp}`,
      `batch ${batch}`,
      `seed ${seed}`,
    ].join(', ');
    return `<tr><th scope="row">${nameOf(run, index)}</th><td class="words">${escape(objective)}: ${escape(says)}</td><td>${run.bestEpoch ?? '–'}</td></tr>`;
  });
  return `<section aria-labelledby="settings">
<h2 id="settings">Settings</h2>
<div class="scroll"><table>
<thead><tr><th scope="col">Run</th><th scope="col" class="words">Settings</th><th scope="col">Best epoch</th></tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div>
<p class="quiet">Made by <code>fovea demo --seed ${runs[0].config.seed}</code>. The project with its runs can be opened in the app.</p>
</section>`;
}

const nameOf = (run: ReportRun, index: number): string =>
  `<span class="run"><i style="background:var(--run-${'abcd'[index]})" aria-hidden="true">${run.number}</i>${escape(run.title)}</span>`;

function numberText(value: number | null, isShare: boolean): string {
  if (value === null) return '–';
  return isShare ? (value * 100).toFixed(1) : value.toFixed(2);
}

function minutes(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${(seconds / 60).toFixed(1)} min`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

const HEAT_STOPS = [
  '#000004',
  '#210c4a',
  '#57106e',
  '#8a226a',
  '#bc3754',
  '#e45a31',
  '#f98c0a',
  '#f9c932',
  '#fcffa4',
];

/** Values of the app's design tokens. */
const STYLE = `
:root {
  color-scheme: dark;
  --surface-0: #0c0d0e; --surface-1: #151618; --surface-2: #1c1e20; --surface-3: #26282b;
  --border-1: #26282b; --border-2: #34373b;
  --text-1: #e9eaec; --text-2: #b0b4ba; --text-3: #90959c;
  --good-text: #5cc99a; --bad-text: #ff908a;
  --run-a: #54bdf5; --run-b: #f09b48; --run-c: #3fb984; --run-d: #e79ac6; --on-run: #0c0d0e;
}
@media (prefers-color-scheme: light) {
  :root {
    color-scheme: light;
    --surface-0: #c9cbce; --surface-1: #e6e7e9; --surface-2: #f0f1f2; --surface-3: #d9dbde;
    --border-1: #d0d2d6; --border-2: #c4c7cb;
    --text-1: #17191c; --text-2: #3b4047; --text-3: #4c5158;
    --good-text: #0f5535; --bad-text: #8c1d1a;
    --run-a: #0d76aa; --run-b: #b2600f; --run-c: #1c7a50; --run-d: #a8497f; --on-run: #ffffff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--surface-1); color: var(--text-1);
  font: 13px/1.4 -apple-system, BlinkMacSystemFont, "Segoe UI Variable Text", "Segoe UI", Inter, Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1120px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 26px; line-height: 1.2; font-weight: 600; margin: 0 0 8px; }
h2 { font-size: 15px; font-weight: 600; margin: 32px 0 12px; }
h2 .quiet { font-weight: 400; font-size: 12px; margin-left: 4px; }
h3 { font-size: 13px; font-weight: 500; margin: 0 0 8px; }
p { max-width: 72ch; margin: 0 0 12px; color: var(--text-2); }
.quiet { color: var(--text-3); font-size: 12px; }
code { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Noto Sans Mono", monospace; font-size: 12px; }
.scroll + p { margin-top: 12px; }
.scroll { overflow-x: auto; border: 1px solid var(--border-2); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: 8px 12px; text-align: right; font-weight: 400; white-space: nowrap; border-top: 1px solid var(--border-1); }
thead th { border-top: 0; background: var(--surface-2); color: var(--text-2); font-size: 11px; }
th:first-child { text-align: left; }
.words { text-align: left; white-space: normal; color: var(--text-2); font-size: 12px; }
.run { display: inline-flex; align-items: center; gap: 8px; }
.run i { font-style: normal; font-size: 11px; font-weight: 600; min-width: 18px; height: 18px; line-height: 18px; text-align: center; border-radius: 3px; color: var(--on-run); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 12px; }
.card { background: var(--surface-2); border: 1px solid var(--border-2); border-radius: 8px; padding: 12px; }
.bar { display: grid; grid-template-columns: 104px 1fr 48px; align-items: center; gap: 8px; font-size: 12px; padding: 3px 0; white-space: nowrap; }
.bar-label { color: var(--text-2); }
.bar b { font-weight: 500; text-align: right; }
.track { height: 8px; border-radius: 3px; background: var(--surface-3); overflow: hidden; }
.track i { display: block; height: 100%; background: var(--run); }
.grid th, .grid td { padding: 8px; text-align: left; vertical-align: top; }
.grid img { display: block; width: 168px; height: 168px; border-radius: 3px; background: var(--surface-0); }
.caption { display: flex; justify-content: space-between; gap: 8px; width: 168px; margin-top: 4px; font-size: 11px; color: var(--text-2); }
.good { color: var(--good-text); } .bad { color: var(--bad-text); }
.legend { max-width: none; display: flex; align-items: center; gap: 8px; font-size: 11px; color: var(--text-2); }
.legend i { width: 160px; height: 8px; border-radius: 3px; }
`;
