// Square attack: random search with squares, without gradients.

import { z } from 'zod';
import type { Random } from '../nn/random.ts';
import { attack, type AttackTarget } from './attack.ts';
import { normField, restartsField } from './fields.ts';
import { withRestarts, type Part } from './restarts.ts';
import { logitsOf, marginsOf, imageLength } from './queries.ts';
import { lengthOf, project, put, rowOf, take } from './rows.ts';

const schema = z.object({
  norm: normField,
  queries: z.int().min(1).max(1_000_000).default(5000).meta({
    title: 'Queries',
    help: 'How many changes of a picture are tried in one attempt.',
    main: true,
  }),
  restarts: restartsField(),
  share: z.number().min(0.001).max(1).default(0.8).meta({
    title: 'First share',
    help: 'Share of the picture that a square covers at first; it falls over the attempt.',
  }),
});

/**
 * Starts from vertical stripes (linf) or a tiling of bumps (l2) of size eps; then one square after the other, kept where
 * it raises the margin. Every picture has squares of its own.
 */
export const square = attack({
  id: 'square',
  title: 'Square',
  summary: 'Tries squares of change at random and keeps those that bring the model closer to an error.',
  citation: 'Andriushchenko et al. 2020, arXiv 1912.00049, algorithms 1 to 3',
  schema,
  presets: [
    {
      id: 'standard',
      title: 'As in standard AutoAttack',
      source: 'Croce & Hein 2020, public code: 5,000 queries, first share 0.8',
      params: { norm: 'linf', queries: 5000, restarts: 1, share: 0.8 },
    },
  ],
  aim: 'class',
  norm: ({ norm }) => norm,
  run: (target, input, params, random) =>
    withRestarts(target, input, params.restarts, (part, round) =>
      search(target, part, params, random.fork(`attempt/${round}`)),
    ),
});

async function search(
  target: AttackTarget,
  { images, labels, eps, transfer = false }: Part,
  { norm, queries, share }: z.output<typeof schema>,
  random: Random,
): Promise<Float32Array> {
  const { sizePx, classes } = target;
  const length = imageLength(target);
  const begin = norm === 'linf' ? stripes : tiling;
  const tryOne = norm === 'linf' ? recolour : moveBump;
  const best = images.slice();
  for (let row = 0; row < labels.length; row++)
    begin(rowOf(best, row, length), rowOf(images, row, length), sizePx, eps, random);
  const margins = marginsOf(await logitsOf(target, best), labels, classes);
  const goesOn = (row: number): boolean => transfer || margins[row] < 0;
  let active = Array.from(labels, (_, row) => row).filter(goesOn);
  for (let query = 0; query < queries && active.length > 0; query++) {
    const area = share * shareLeft(Math.floor((query / queries) * 10_000)) * sizePx * sizePx;
    const tried = take(best, active, length);
    active.forEach((row, i) =>
      tryOne(rowOf(tried, i, length), rowOf(images, row, length), sizePx, eps, area, random),
    );
    const trueLabels = Int32Array.from(active, (row) => labels[row]);
    const reached = marginsOf(await logitsOf(target, tried), trueLabels, classes);
    active = active.filter((row, i) => {
      if (reached[i] > margins[row]) {
        margins[row] = reached[i];
        put(best, [row], rowOf(tried, i, length), length);
      }
      return goesOn(row);
    });
  }
  return best;
}

/** Schedule of the paper, section 5, for 10,000 queries: the share is halved at each of these. */
function shareLeft(query: number): number {
  const halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000].filter((from) => query > from).length;
  return 0.5 ** halvings;
}

/** A square part of the picture. */
interface Window {
  row: number;
  column: number;
  size: number;
}

const coin = (random: Random): number => (random.uniform() < 0.5 ? -1 : 1);

/** Adds `make(channel, row, column)` to a window of a [3, S, S] picture. */
function addTo(
  x: Float32Array,
  side: number,
  window: Window,
  make: (channel: number, row: number, column: number) => number,
): void {
  for (let channel = 0; channel < 3; channel++)
    for (let row = 0; row < window.size; row++)
      for (let column = 0; column < window.size; column++)
        x[(channel * side + window.row + row) * side + window.column + column] += make(channel, row, column);
}

/** linf, start: each column of each channel moves by eps up or down. */
function stripes(x: Float32Array, clean: Float32Array, side: number, eps: number, random: Random): void {
  for (let channel = 0; channel < 3; channel++)
    for (let column = 0; column < side; column++) {
      const change = eps * coin(random);
      for (let row = 0; row < side; row++) x[(channel * side + row) * side + column] += change;
    }
  project(x, clean, eps, 'linf');
}

/** linf, step: one square, in each channel to one end of the range or the other. */
function recolour(
  x: Float32Array,
  clean: Float32Array,
  side: number,
  eps: number,
  area: number,
  random: Random,
): void {
  const window = drawWindow(Math.max(1, Math.round(Math.sqrt(area))), side, random);
  const changes = [0, 1, 2].map(() => 2 * eps * coin(random));
  addTo(x, side, window, (channel) => changes[channel]);
  project(x, clean, eps, 'linf');
}

function drawWindow(wanted: number, side: number, random: Random): Window {
  const size = Math.min(wanted, side);
  return { row: random.below(side - size + 1), column: random.below(side - size + 1), size };
}

/** l2, start: bumps of both signs side by side, together of length eps. */
function tiling(x: Float32Array, clean: Float32Array, side: number, eps: number, random: Random): void {
  const size = Math.max(1, Math.floor(side / 5));
  const rim = Math.max(0, Math.floor((side - 5 * size) / 2));
  for (let row = rim; row + size <= side; row += size)
    for (let column = rim; column + size <= side; column += size) {
      const shape = bump(size, random);
      const signs = [0, 1, 2].map(() => coin(random));
      addTo(x, side, { row, column, size }, (channel, r, c) => signs[channel] * shape[r * size + c]);
    }
  stretch(x, clean, eps);
}

/**
 * l2, step: takes the change out of one window and puts what it had, and what is unused of eps, into a bump in another,
 * added to the direction that the change has there.
 */
function moveBump(
  x: Float32Array,
  clean: Float32Array,
  side: number,
  eps: number,
  area: number,
  random: Random,
): void {
  let wanted = Math.max(3, Math.round(Math.sqrt(area)));
  if (wanted % 2 === 0) wanted += 1;
  const to = drawWindow(wanted, side, random);
  const from = drawWindow(wanted, side, random);
  const { size } = to;
  const change = changeOf(x, clean);
  const total = lengthOf(change);
  const unused = Math.max(0, eps * eps - total * total) / 3;
  const shape = bump(size, random);
  // Of the change in both windows together, what they share counted once. Over all channels, as in the public code of
  // AutoAttack, where algorithm 3 takes each channel's own: what is moved then weighs more, and 300 queries find more.
  let squares = 0;
  eachOf(side, to, (i) => (squares += change[i] * change[i]));
  eachOf(side, from, (i, row, column) => {
    if (!within(to, row, column)) squares += change[i] * change[i];
  });
  const energy = Math.sqrt(unused + squares);
  const fresh = [0, 1, 2].map((channel) => {
    const old: number[] = [];
    eachOf(side, to, (i) => old.push(change[i]), channel);
    const before = 1e-12 + lengthOf(old);
    const sign = coin(random);
    const mixed = old.map((value, i) => sign * shape[i] + value / before);
    const scale = energy / (1e-12 + lengthOf(mixed));
    return mixed.map((value) => value * scale);
  });
  eachOf(side, from, (i) => (change[i] = 0));
  fresh.forEach((values, channel) => {
    let next = 0;
    eachOf(side, to, (i) => (change[i] = values[next++]), channel);
  });
  for (let i = 0; i < x.length; i++) x[i] = clean[i] + change[i];
  stretch(x, clean, eps);
}

const within = ({ row, column, size }: Window, r: number, c: number): boolean =>
  r >= row && r < row + size && c >= column && c < column + size;

function eachOf(
  side: number,
  { row, column, size }: Window,
  visit: (index: number, row: number, column: number) => void,
  only?: number,
): void {
  for (let channel = only ?? 0; channel < (only === undefined ? 3 : only + 1); channel++)
    for (let r = row; r < row + size; r++)
      for (let c = column; c < column + size; c++) visit((channel * side + r) * side + c, r, c);
}

function changeOf(x: Float32Array, clean: Float32Array): Float64Array {
  const change = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) change[i] = x[i] - clean[i];
  return change;
}

/** Makes the change exactly as long as eps, then clips to [0, 1]. */
function stretch(x: Float32Array, clean: Float32Array, eps: number): void {
  const change = changeOf(x, clean);
  const factor = eps / (lengthOf(change) + 1e-12);
  for (let i = 0; i < x.length; i++) x[i] = clean[i] + factor * change[i];
  project(x, clean, eps, 'l2');
}

/** [size, size] of length 1: a hill in one half, a hollow in the other; upright or lying at random (ibid. eq. 2). */
function bump(size: number, random: Random): Float64Array {
  const upper = Math.floor(size / 2);
  const shape = new Float64Array(size * size);
  shape.set(hill(upper, size));
  shape.set(
    hill(size - upper, size).map((value) => -value),
    upper * size,
  );
  const scale = 1 / (lengthOf(shape) + 1e-12);
  const lying = random.uniform() > 0.5;
  return shape.map((_, i) => {
    const [row, column] = [Math.floor(i / size), i % size];
    return scale * shape[lying ? column * size + row : i];
  });
}

/** [height, width]: nested rectangles with weights 1/k^2, of length 1. */
function hill(height: number, width: number): Float64Array {
  const values = new Float64Array(height * width);
  let [top, left] = [Math.floor(height / 2), Math.floor(width / 2)];
  for (let ring = 0; ring < Math.max(Math.floor(height / 2), Math.floor(width / 2)) + 1; ring++) {
    for (let row = Math.max(top, 0); row < Math.min(top + 2 * ring + 1, height); row++)
      for (let column = Math.max(left, 0); column < Math.min(left + 2 * ring + 1, width); column++)
        values[row * width + column] += 1 / (ring + 1) ** 2; // eq. 2
    top -= 1;
    left -= 1;
  }
  const scale = 1 / (lengthOf(values) + 1e-12);
  return values.map((value) => value * scale);
}
