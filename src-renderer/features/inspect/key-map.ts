// The keys of the Inspect screen.

import { KeyMap } from '../../ui/key-map.ts';

export const inspectKeys = new KeyMap([
  {
    title: 'Inspect',
    rows: [
      { title: 'Next picture', command: 'next', keys: ['D', 'Right'] },
      { title: 'Previous picture', command: 'previous', keys: ['A', 'Left'] },
      { title: 'Hold for the bare picture', command: 'bare', keys: ['O'] },
      { title: 'Mute the picture under the heat', command: 'mute', keys: ['M'] },
      { title: 'Box from the heat', command: 'box', keys: ['B'] },
      { title: 'Compare this run', command: 'compare', keys: ['C'] },
      { title: 'Zoom in', command: 'zoom-in', keys: ['+', '='] },
      { title: 'Zoom out', command: 'zoom-out', keys: ['-'] },
      { title: 'Fit the picture', command: 'fit', keys: ['0'] },
    ],
  },
]);
