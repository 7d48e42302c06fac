// The running app: what it is, and what it remembers for its window.

import { z } from 'zod';
import { none, reads, writesApp } from './call.ts';
import type { DeviceInfo } from './devices.ts';

export interface AppInfo {
  version: string;
  node: string;
  /** Where the app runs, and so whether native dialogs exist. */
  shell: 'electron' | 'browser';
  /** Prefix of pictures' addresses: `${mediaPrefix}/image/<id>${mediaSuffix}`, `…/thumbnail/<id>…`. */
  mediaPrefix: string;
  mediaSuffix: string;
  devices: DeviceInfo[];
}

export const appCalls = {
  'app.info': reads<AppInfo>()(none),
  'settings.get': reads<Record<string, unknown>>()(none),
  /** Small preferences of the window: theme, panel widths, key preset. */
  'settings.set': writesApp<null>()(z.object({ key: z.string().min(1).max(64), value: z.json() })),
};
