// Where the window was, kept between starts. A file that is missing or damaged means the default place;
// a window that would lie off every screen (a monitor was unplugged) is put back onto one.

import { readFileSync } from 'node:fs';
import type { Rectangle } from 'electron';
import { z } from 'zod';
import { writeFileWholeSync } from '../files/write-file.ts';

const side = z.int().min(-100_000).max(100_000);
const stateSchema = z.object({
  bounds: z.object({ x: side, y: side, width: side, height: side }).nullable(),
  maximised: z.boolean(),
});
type WindowState = z.infer<typeof stateSchema>;

export const MIN_SIZE = { width: 1024, height: 640 };
export const DEFAULT_SIZE = { width: 1440, height: 900 };

export function readWindowState(file: string, workAreas: Rectangle[]): WindowState {
  const fresh: WindowState = { bounds: null, maximised: false };
  let state: WindowState;
  try {
    state = stateSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return fresh;
  }
  const { bounds } = state;
  if (bounds === null) return state;
  if (bounds.width < MIN_SIZE.width || bounds.height < MIN_SIZE.height) return { ...state, bounds: null };
  // The top edge must be reachable, or the window could not be moved by hand.
  const reachable = workAreas.some(
    (area) =>
      bounds.y >= area.y &&
      bounds.y < area.y + area.height - 40 &&
      bounds.x + bounds.width > area.x + 80 &&
      bounds.x < area.x + area.width - 80,
  );
  return reachable ? state : { ...state, bounds: null };
}

export function writeWindowState(file: string, state: WindowState): void {
  writeFileWholeSync(file, JSON.stringify(state));
}
