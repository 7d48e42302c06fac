// The keys of the Train screen.

import { KeyMap } from '../../ui/key-map.ts';

export const trainKeys = new KeyMap([
  { title: 'Train', rows: [{ title: 'Start the run', command: 'start', keys: ['Ctrl Enter'] }] },
]);
