// The keys of the Annotate screen, LabelImg's habits. The key sheet is made from the same table.

export type Command =
  | 'select-tool'
  | 'box-tool'
  | 'hand-tool'
  | 'next'
  | 'previous'
  | 'next-unlabelled'
  | 'done'
  | 'undo'
  | 'redo'
  | 'delete'
  | 'duplicate'
  | 'copy'
  | 'paste'
  | 'select-all'
  | 'nudge'
  | 'resize'
  | 'class'
  | 'class-list'
  | 'zoom-in'
  | 'zoom-out'
  | 'fit'
  | 'hide'
  | 'lock'
  | 'search'
  | 'leave';

export interface KeyRow {
  group: 'Pictures' | 'Tools' | 'Boxes' | 'View';
  title: string;
  command: Command;
  /** Chords as ui/keys.ts writes them. */
  keys: string[];
  /** Shown instead of the keys where they are a family. */
  shown?: string;
}

const arrows = (prefix: string) => ['Left', 'Right', 'Up', 'Down'].map((name) => `${prefix}${name}`);

export const keyRows: KeyRow[] = [
  { group: 'Pictures', title: 'Next picture', command: 'next', keys: ['D'] },
  { group: 'Pictures', title: 'Previous picture', command: 'previous', keys: ['A'] },
  { group: 'Pictures', title: 'Next picture without a box', command: 'next-unlabelled', keys: ['N'] },
  { group: 'Pictures', title: 'Next picture, from any tool', command: 'done', keys: ['Space'] },
  { group: 'Pictures', title: 'Search file names', command: 'search', keys: ['Ctrl F'] },
  { group: 'Tools', title: 'Draw boxes: drag, or two clicks', command: 'box-tool', keys: ['W', 'B'] },
  { group: 'Tools', title: 'Select, move, resize', command: 'select-tool', keys: ['V'] },
  { group: 'Tools', title: 'Stop drawing, leave the selection', command: 'leave', keys: ['Esc'] },
  {
    group: 'Boxes',
    title: 'Class of the selected box, or of the next',
    command: 'class',
    keys: ['1', '2', '3', '4', '5', '6', '7', '8', '9'],
    shown: '1 to 9',
  },
  { group: 'Boxes', title: 'Class list of the selected box', command: 'class-list', keys: ['Enter'] },
  {
    group: 'Boxes',
    title: 'Move by 1 px, with Shift by 10',
    command: 'nudge',
    keys: [...arrows(''), ...arrows('Shift ')],
    shown: 'Arrows',
  },
  {
    group: 'Boxes',
    title: 'Resize by 1 px, with Shift by 10',
    command: 'resize',
    keys: [...arrows('Alt '), ...arrows('Alt Shift ')],
    shown: 'Alt Arrows',
  },
  { group: 'Boxes', title: 'Delete', command: 'delete', keys: ['Del', 'Backspace'] },
  { group: 'Boxes', title: 'Duplicate', command: 'duplicate', keys: ['Ctrl D'] },
  { group: 'Boxes', title: 'Copy', command: 'copy', keys: ['Ctrl C'] },
  { group: 'Boxes', title: 'Paste, also on another picture', command: 'paste', keys: ['Ctrl V'] },
  { group: 'Boxes', title: 'Select all', command: 'select-all', keys: ['Ctrl A'] },
  { group: 'Boxes', title: 'Undo', command: 'undo', keys: ['Ctrl Z'] },
  { group: 'Boxes', title: 'Redo', command: 'redo', keys: ['Ctrl Shift Z', 'Ctrl Y'] },
  { group: 'Boxes', title: 'Lock or unlock', command: 'lock', keys: ['L'] },
  { group: 'View', title: 'Zoom in; the wheel zooms at the pointer', command: 'zoom-in', keys: ['+', '='] },
  { group: 'View', title: 'Zoom out', command: 'zoom-out', keys: ['-'] },
  { group: 'View', title: 'Fit the picture', command: 'fit', keys: ['0'] },
  {
    group: 'View',
    title: 'Pan: hold Space and drag, or the middle button',
    command: 'hand-tool',
    keys: [],
    shown: 'Space drag',
  },
  { group: 'View', title: 'Hide or show all shapes', command: 'hide', keys: ['H'] },
];

const byChord = new Map(keyRows.flatMap(({ command, keys }) => keys.map((key) => [key, command] as const)));

export function commandOf(chord: string): Command | null {
  return byChord.get(chord) ?? null;
}

/** Pixels that an arrow chord stands for: "Alt Shift Left" is (-10, 0). */
export function stepOf(chord: string): { x: number; y: number } {
  const length = chord.includes('Shift') ? 10 : 1;
  if (chord.endsWith('Left')) return { x: -length, y: 0 };
  if (chord.endsWith('Right')) return { x: length, y: 0 };
  if (chord.endsWith('Up')) return { x: 0, y: -length };
  return { x: 0, y: length };
}
