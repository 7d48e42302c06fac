// The keys of the Annotate screen, LabelImg's habits.

import { tools, type ToolName } from '../../canvas/tools/registry.ts';
import { KeyMap } from '../../ui/key-map.ts';

const arrows = (prefix: string) => ['Left', 'Right', 'Up', 'Down'].map((name) => `${prefix}${name}`);

/** The command that takes a tool. */
export type ToolCommand = `${ToolName}-tool`;
export const toolCommand = (name: ToolName): ToolCommand => `${name}-tool`;

export const annotateKeys = new KeyMap([
  {
    title: 'Pictures',
    rows: [
      { title: 'Next picture', command: 'next', keys: ['D'] },
      { title: 'Previous picture', command: 'previous', keys: ['A'] },
      { title: 'Next picture without a box', command: 'next-unlabelled', keys: ['N'] },
      { title: 'Next picture, from any tool', command: 'done', keys: ['Space'] },
      { title: 'Search file names', command: 'search', keys: ['Ctrl F'] },
    ],
  },
  {
    title: 'Tools',
    rows: [
      ...tools.map((tool) => ({
        title: tool.tip,
        command: toolCommand(tool.name),
        keys: tool.keys,
        ...('shown' in tool && { shown: tool.shown }),
      })),
      { title: 'Stop drawing, leave the selection', command: 'leave', keys: ['Esc'] },
    ],
  },
  {
    title: 'Boxes',
    rows: [
      {
        title: 'Class of the selected box, or of the next',
        command: 'class',
        keys: ['1', '2', '3', '4', '5', '6', '7', '8', '9'],
        shown: '1 to 9',
      },
      { title: 'Class list of the selected box', command: 'class-list', keys: ['Enter'] },
      {
        title: 'Move by 1 px, with Shift by 10',
        command: 'nudge',
        keys: [...arrows(''), ...arrows('Shift ')],
        shown: 'Arrows',
      },
      {
        title: 'Resize by 1 px, with Shift by 10',
        command: 'resize',
        keys: [...arrows('Alt '), ...arrows('Alt Shift ')],
        shown: 'Alt Arrows',
      },
      { title: 'Delete', command: 'delete', keys: ['Del', 'Backspace'] },
      { title: 'Duplicate', command: 'duplicate', keys: ['Ctrl D'] },
      { title: 'Copy', command: 'copy', keys: ['Ctrl C'] },
      { title: 'Paste, also on another picture', command: 'paste', keys: ['Ctrl V'] },
      { title: 'Select all', command: 'select-all', keys: ['Ctrl A'] },
      { title: 'Undo', command: 'undo', keys: ['Ctrl Z'] },
      { title: 'Redo', command: 'redo', keys: ['Ctrl Shift Z', 'Ctrl Y'] },
      { title: 'Lock or unlock', command: 'lock', keys: ['L'] },
    ],
  },
  {
    title: 'View',
    rows: [
      { title: 'Zoom in; the wheel zooms at the pointer', command: 'zoom-in', keys: ['+', '='] },
      { title: 'Zoom out', command: 'zoom-out', keys: ['-'] },
      { title: 'Fit the picture', command: 'fit', keys: ['0'] },
      { title: 'Hide or show all shapes', command: 'hide', keys: ['H'] },
    ],
  },
]);

/** Pixels that an arrow chord stands for: "Alt Shift Left" is (-10, 0). */
export function stepOf(chord: string): { x: number; y: number } {
  const length = chord.includes('Shift') ? 10 : 1;
  if (chord.endsWith('Left')) return { x: -length, y: 0 };
  if (chord.endsWith('Right')) return { x: length, y: 0 };
  if (chord.endsWith('Up')) return { x: 0, y: -length };
  return { x: 0, y: length };
}
