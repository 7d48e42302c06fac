// The keys of the Compare screen.

import { KeyMap } from '../../ui/key-map.ts';

export const compareKeys = new KeyMap([
  {
    title: 'Compare',
    rows: [
      { title: 'Next picture', command: 'next', keys: ['D', 'Right'] },
      { title: 'Previous picture', command: 'previous', keys: ['A', 'Left'] },
      { title: 'The other run in the same place', command: 'flicker', keys: ['F'] },
      { title: 'Mute the picture under the heat', command: 'mute', keys: ['M'] },
      { title: 'Hide or show boxes', command: 'boxes', keys: ['H'] },
      { title: 'Write a finding', command: 'finding', keys: ['N'] },
      { title: 'Keep the finding', command: 'keep', keys: ['Ctrl Enter'] },
      { title: 'Fit the pictures', command: 'fit', keys: ['0'] },
    ],
  },
]);
