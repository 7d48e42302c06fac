// A shape in words, for the object list and for screen readers.

import { area } from '../../canvas/shapes.ts';
import type { Shape } from '../../../src-main/contracts/index.ts';
import { count } from '../../ui/format.ts';

const round = (value: number) => String(Math.round(value * 10) / 10);

/** "box, 136 × 126 px", "mask, 40,064 px". */
export function objectWords(shape: Shape): string {
  if (shape.kind === 'box') return `box, ${round(shape.box.width)} × ${round(shape.box.height)} px`;
  return `${shape.kind}, ${count(area(shape))} px`;
}
