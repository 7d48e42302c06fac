// The window comes back where it was, unless that would be out of reach.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readWindowState, writeWindowState } from '../../../src-main/shell/window-state.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fovea-window-'));
const file = path.join(folder, 'window.json');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const screens = [
  { x: 0, y: 0, width: 1920, height: 1080 },
  { x: 1920, y: 0, width: 1280, height: 1024 },
];
const kept = (bounds: { x: number; y: number; width: number; height: number }) => {
  writeWindowState(file, { bounds, maximised: false });
  return readWindowState(file, screens).bounds;
};

describe('the window', () => {
  it('comes back where it was left, also maximised and on a second screen', () => {
    const bounds = { x: 2000, y: 40, width: 1100, height: 700 };
    writeWindowState(file, { bounds, maximised: true });
    expect(readWindowState(file, screens)).toEqual({ bounds, maximised: true });
  });

  it('takes the default place when its screen is gone or its title bar out of reach', () => {
    expect(kept({ x: 5000, y: 0, width: 1200, height: 800 })).toBeNull();
    expect(kept({ x: 100, y: -500, width: 1200, height: 800 })).toBeNull();
    expect(kept({ x: -1190, y: 100, width: 1200, height: 800 })).toBeNull();
    expect(kept({ x: 100, y: 100, width: 300, height: 200 })).toBeNull();
  });

  it('takes the default place when nothing, or nothing sensible, was kept', () => {
    const fresh = { bounds: null, maximised: false };
    expect(readWindowState(path.join(folder, 'none.json'), screens)).toEqual(fresh);
    for (const text of ['', '{', '[]', '{"bounds":{"x":"0"},"maximised":false}', '{"maximised":true}']) {
      writeFileSync(file, text);
      expect(readWindowState(file, screens), text).toEqual(fresh);
    }
  });
});
