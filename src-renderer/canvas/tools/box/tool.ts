import type { Tool } from '../tool.ts';
import { boxIdle } from './idle.ts';

export const boxTool = {
  name: 'box',
  title: 'Box',
  tip: 'Draw boxes: drag, or two clicks',
  icon: 'box',
  keys: ['W', 'B'],
  make: () => boxIdle,
} as const satisfies Tool;
