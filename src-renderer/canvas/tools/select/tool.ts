import type { Tool } from '../tool.ts';
import { selectIdle } from './idle.ts';

export const selectTool = {
  name: 'select',
  title: 'Select',
  tip: 'Select, move, resize, edit vertices; drag beside shapes selects several',
  icon: 'select',
  keys: ['V'],
  make: selectIdle,
} as const satisfies Tool;
