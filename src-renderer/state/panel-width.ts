// The widths of panels, which are kept with the app's settings: `<PanelEdge {...panelWidth('train-runs')} … />`.

import { app } from './app.svelte.ts';

export const panelWidth = (name: string) => ({
  name,
  widthPx: app.setting(`width.${name}`, 0),
  onwidth: (px: number) => app.set(`width.${name}`, px),
});
