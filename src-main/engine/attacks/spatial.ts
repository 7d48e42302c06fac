// Spatial attack: turns and shifts the picture; every position of a grid is tried.

import { z } from 'zod';
import { attack } from './attack.ts';
import { withRestarts } from './restarts.ts';
import { imageLength } from './queries.ts';
import { rowOf } from './rows.ts';

const schema = z.object({
  shift: z.number().min(0).max(0.5).default(0.1).meta({
    title: 'Largest shift',
    help: 'Farthest shift along each axis, as a share of the side.',
    main: true,
  }),
  turn: z.number().min(0).max(180).default(30).meta({
    title: 'Largest turn',
    help: 'Largest turn to either side.',
    unit: 'degrees',
    main: true,
  }),
  shifts: z.int().min(1).max(101).default(5).meta({
    title: 'Shifts',
    help: 'How many shifts are tried along each axis.',
  }),
  turns: z.int().min(1).max(361).default(31).meta({
    title: 'Turns',
    help: 'How many turns are tried with each shift.',
  }),
});

/** Bilinear, black outside. Epsilon plays no part: the largest shift and turn bound the attack. */
export const spatial = attack({
  id: 'spatial',
  title: 'Spatial grid',
  summary: 'Turns and shifts the picture a little and keeps the position that fools the model.',
  citation: 'Engstrom et al. 2019, arXiv 1712.02779, section 3 (grid)',
  schema,
  presets: [
    {
      id: 'paper',
      title: 'As in the paper',
      source: 'Engstrom et al. 2019, CIFAR-10: 5 x 5 shifts to 3 of 32 pixels, 31 turns to 30 degrees',
      params: { shift: 0.09375, turn: 30, shifts: 5, turns: 31 },
    },
  ],
  aim: 'class',
  norm: () => null,
  run(target, input, { shift, turn, shifts, turns }) {
    const { sizePx } = target;
    const length = imageLength(target);
    const along = evenly(shift * sizePx, shifts);
    const grid = evenly((turn * Math.PI) / 180, turns).flatMap((angle) =>
      along.flatMap((right) => along.map((down) => ({ angle, right, down }))),
    );
    return withRestarts(target, input, grid.length, async ({ images, labels }, round) => {
      const moved = new Float32Array(images.length);
      for (let i = 0; i < labels.length; i++)
        moveInto(rowOf(moved, i, length), rowOf(images, i, length), sizePx, grid[round]);
      return moved;
    });
  },
});

/** `count` values from -limit to limit; 0 alone when there is but one. */
const evenly = (limit: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => (count === 1 ? 0 : limit * ((2 * i) / (count - 1) - 1)));

interface Position {
  /** Radians. */
  angle: number;
  /** Pixels. foolbox moves the picture by (side - 1) / side of the pixels it is told. */
  right: number;
  down: number;
}

/** target(p) = source(R p + shift), bilinear, coordinates from the middle, 0 outside. Both [3, S, S]. */
function moveInto(
  target: Float32Array,
  source: Float32Array,
  side: number,
  { angle, right, down }: Position,
): void {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const middle = (side - 1) / 2;
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const [x, y] = [column - middle, row - middle];
      const fromX = cos * x - sin * y + right + middle;
      const fromY = sin * x + cos * y + down + middle;
      const [left, top] = [Math.floor(fromX), Math.floor(fromY)];
      for (let channel = 0; channel < 3; channel++) {
        const at = (r: number, c: number): number =>
          r < 0 || c < 0 || r >= side || c >= side ? 0 : source[(channel * side + r) * side + c];
        const [shareX, shareY] = [fromX - left, fromY - top];
        target[(channel * side + row) * side + column] =
          (1 - shareY) * ((1 - shareX) * at(top, left) + shareX * at(top, left + 1)) +
          shareY * ((1 - shareX) * at(top + 1, left) + shareX * at(top + 1, left + 1));
      }
    }
}
