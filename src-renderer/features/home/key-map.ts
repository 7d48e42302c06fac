// The keys of the start screen.

import { KeyMap } from '../../ui/key-map.ts';

export const homeKeys = new KeyMap([
  {
    title: 'Start',
    rows: [
      { title: 'Open the last project, or the sample', command: 'open-last', keys: ['Enter'] },
      { title: 'New project from a folder', command: 'new', keys: ['Ctrl N'] },
      { title: 'Open a project', command: 'open', keys: ['Ctrl O'] },
      { title: 'Search projects', command: 'search', keys: ['Ctrl K'] },
    ],
  },
]);
