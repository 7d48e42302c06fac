// Preferences of the window, as calls.

import type { Handlers } from './context.ts';

export const settingsHandlers: Handlers<'settings.get' | 'settings.set'> = {
  'settings.get': ({ preferences }) => preferences.all(),
  'settings.set': ({ preferences }, { key, value }) => {
    preferences.set(key, value);
    return null;
  },
};
