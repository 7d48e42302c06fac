// Keys beside those of Annotate, for the key sheet and docs/keys.md. Each screen listens to its own.

export interface OtherKeys {
  group: 'Train' | 'Inspect' | 'Compare' | 'Everywhere';
  rows: { title: string; keys: string[] }[];
}

const steps = [
  { title: 'Next picture', keys: ['D', 'Right'] },
  { title: 'Previous picture', keys: ['A', 'Left'] },
];

export const otherKeys: OtherKeys[] = [
  { group: 'Train', rows: [{ title: 'Start the run', keys: ['Ctrl Enter'] }] },
  {
    group: 'Inspect',
    rows: [
      ...steps,
      { title: 'Hold for the bare picture', keys: ['O'] },
      { title: 'Mute the picture under the heat', keys: ['M'] },
      { title: 'Box from the heat', keys: ['B'] },
      { title: 'Compare this run', keys: ['C'] },
      { title: 'Zoom in, out, fit', keys: ['+', '-', '0'] },
    ],
  },
  {
    group: 'Compare',
    rows: [
      ...steps,
      { title: 'The other run in the same place', keys: ['F'] },
      { title: 'Mute the picture under the heat', keys: ['M'] },
      { title: 'Hide or show boxes', keys: ['H'] },
      { title: 'Keep a finding', keys: ['N'] },
      { title: 'Fit the pictures', keys: ['0'] },
    ],
  },
  {
    group: 'Everywhere',
    rows: [
      { title: 'Annotate, Train, Inspect, Compare', keys: ['Ctrl 1', 'Ctrl 2', 'Ctrl 3', 'Ctrl 4'] },
      { title: 'Next part of the window', keys: ['F6'] },
      { title: 'This sheet', keys: ['?'] },
    ],
  },
];
