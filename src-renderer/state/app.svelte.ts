// The window itself: which workspace is shown, theme, connection, toasts, saved state, read-outs.

import { call, on, onConnection, type Connection } from '../bridge/bridge.ts';
import type { AppInfo, ImageId, ProjectId } from '../../src-main/contracts/index.ts';
import { problemOf } from './problem.ts';

export const workspaces = ['annotate', 'train', 'inspect', 'compare'] as const;
export type Workspace = (typeof workspaces)[number];
export const workspaceTitles: Record<Workspace, string> = {
  annotate: 'Annotate',
  train: 'Train',
  inspect: 'Inspect',
  compare: 'Compare',
};
export type Place = 'home' | Workspace;
export type Theme = 'system' | 'dark' | 'light';

export interface Toast {
  id: number;
  kind: 'info' | 'error';
  text: string;
  detail?: string;
  action?: { label: string; keys?: string; run: () => void };
}

export function placeOfHash(hash: string): Place {
  const name = hash.replace(/^#\/?/, '');
  return workspaces.find((workspace) => workspace === name) ?? 'home';
}

class AppState {
  info = $state.raw<AppInfo | null>(null);
  connection = $state<Connection>('connecting');
  place = $state<Place>(placeOfHash(typeof location === 'undefined' ? '' : location.hash));
  theme = $state<Theme>('system');
  settings = $state.raw<Record<string, unknown>>({});
  toasts = $state.raw<Toast[]>([]);
  /** Edits that were sent and not yet answered. */
  saving = $state(0);
  /** The last edit was refused; cleared by the next that is not. */
  saveFailed = $state(false);
  /** Right side of the status bar, for the workspace that is shown: where the pointer is, and the like. */
  readout = $state('');
  hints = $state.raw<{ text: string; keys: string }[]>([]);
  #nextToast = 1;

  /**
   * Address of a picture. Ids are counted per project, so the project is part of the address; without it a
   * cached picture of another project could be shown.
   */
  media(kind: 'image' | 'thumbnail', id: ImageId, project: ProjectId): string {
    if (!this.info) return '';
    const { mediaPrefix, mediaSuffix } = this.info;
    const joint = mediaSuffix.includes('?') ? '&' : '?';
    return `${mediaPrefix}/${kind}/${id}${mediaSuffix}${joint}project=${encodeURIComponent(project)}`;
  }

  go(place: Place): void {
    const hash = place === 'home' ? '#/' : `#/${place}`;
    if (location.hash !== hash) location.hash = hash;
    this.place = place;
  }

  say(text: string, more: Partial<Omit<Toast, 'id' | 'text'>> = {}): void {
    this.toasts = [...this.toasts.slice(-3), { id: this.#nextToast++, kind: 'info', text, ...more }];
  }

  /** An error that has no place of its own on the screen. */
  sayProblem(thrown: unknown, what?: string): void {
    const { message, where, reason } = problemOf(thrown);
    const detail = [what && message, where, reason].filter(Boolean).join(': ');
    const text = what ?? message;
    if (this.toasts.some((toast) => toast.text === text && toast.detail === detail)) return;
    this.say(text, { kind: 'error', ...(detail && { detail }) });
  }

  closeToast(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }

  setting<Value>(key: string, fallback: Value): Value {
    const value = this.settings[key];
    return typeof value === typeof fallback ? (value as Value) : fallback;
  }

  set(key: string, value: string | number | boolean): void {
    this.settings = { ...this.settings, [key]: value };
    call('settings.set', { key, value }).catch((thrown) => this.sayProblem(thrown, 'Setting not kept'));
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.set('theme', theme);
  }

  /** Runs `onopen` after every (re)connection. Returns the way to stop. */
  listen(onopen: () => void): () => void {
    const onhash = () => (this.place = placeOfHash(location.hash));
    addEventListener('hashchange', onhash);
    const stops = [
      onConnection((state) => {
        this.connection = state;
        if (state === 'open') void this.#load().then(onopen);
      }),
      on('saved', () => (this.saveFailed = false)),
      () => removeEventListener('hashchange', onhash),
    ];
    return () => stops.forEach((stop) => stop());
  }

  async #load(): Promise<void> {
    try {
      [this.info, this.settings] = await Promise.all([call('app.info', {}), call('settings.get', {})]);
      const theme = this.settings['theme'];
      if (theme === 'dark' || theme === 'light' || theme === 'system') this.theme = theme;
    } catch (thrown) {
      this.sayProblem(thrown);
    }
  }
}

export const app = new AppState();
