// The keys that every screen shares.

import { KeyMap } from '../ui/key-map.ts';

const numbered = (held: string) => ['1', '2', '3', '4'].map((digit) => `${held} ${digit}`);

export const windowKeys = new KeyMap([
  {
    title: 'Everywhere',
    rows: [
      {
        title: 'Annotate, Train, Inspect, Compare; also with Alt',
        command: 'workspace',
        keys: [...numbered('Ctrl'), ...numbered('Alt')],
        shown: 'Ctrl 1 to 4',
      },
      { title: 'Next part of the window', command: 'next-part', keys: ['F6'] },
      { title: 'Previous part of the window', command: 'previous-part', keys: ['Shift F6'] },
      { title: 'This sheet', command: 'sheet', keys: ['?'] },
    ],
  },
]);
