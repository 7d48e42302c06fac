// The whole shell with the real core over a stand-in of Electron: what a start sets up, what the page gets
// to see, and that quitting closes the core first.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Answer, FolderListing, AppInfo, ProjectState } from '../../../src-main/contracts/index.ts';
import { app, BrowserWindow, dialog, ipcMain, Menu, protocol, session } from './electron.ts';

vi.mock('electron', () => import('./electron.ts'));

const folder = mkdtempSync(path.join(tmpdir(), 'fovea-main-'));
let window: BrowserWindow;
let nextId = 1;

async function call<T>(method: string, input: unknown): Promise<T> {
  const { webContents } = window;
  const event = { sender: webContents, senderFrame: webContents.mainFrame };
  const answer = (await ipcMain.handlers.get('fovea:call')!(event, nextId++, method, input)) as Answer<T>;
  if (!answer.ok) throw Object.assign(new Error(answer.error.message), answer.error);
  return answer.value;
}

beforeAll(async () => {
  vi.stubEnv('FOVEA_HOME', path.join(folder, 'home'));
  await import('../../../src-main/shell/main.ts');
  await vi.waitFor(() => expect(BrowserWindow.all).toHaveLength(1));
  window = BrowserWindow.all[0]!;
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe('the app', () => {
  it('starts sandboxed, with its schemes known, its session guarded and one window on its own page', () => {
    expect(app.sandboxed).toBe(true);
    expect(protocol.privileged.map(({ scheme }) => scheme)).toEqual(['fovea', 'media']);
    for (const { privileges } of protocol.privileged) {
      expect(privileges.secure).toBe(true);
      expect(privileges.bypassCSP).toBeUndefined();
    }
    expect(session.defaultSession.device?.()).toBe(false);
    expect(session.defaultSession.request).not.toBeNull();
    expect(window.loaded).toBe('fovea://app/');
    expect(window.webContents.windowOpen?.({ url: 'https://example.com/' })).toEqual({ action: 'deny' });
    expect(window.options.webPreferences).toMatchObject({ sandbox: true, contextIsolation: true });
    expect(Menu.template.length).toBeGreaterThan(2);
    expect(app.paths.userData).toBe(path.join(folder, 'home', 'window'));
  });

  it('shows the window once the page is drawn', () => {
    expect(window.shown).toBe(false);
    window.emit('ready-to-show');
    expect(window.shown).toBe(true);
  });

  it('tells the page that it is Electron and where pictures come from', async () => {
    const info = await call<AppInfo>('app.info', {});
    expect(info).toMatchObject({
      version: '1.2.3',
      shell: 'electron',
      mediaPrefix: 'media:/',
      mediaSuffix: '',
    });
  });

  it('answers a call whose input does not fit with one error', async () => {
    await expect(call('projects.create', { name: '' })).rejects.toMatchObject({ code: 'bad-input' });
    await expect(call('images.get', { id: '../1' })).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('gives a reference for the folder chosen in the dialog, which works and shows no path', async () => {
    const chosen = path.join(folder, 'pictures');
    mkdirSync(chosen);
    dialog.chosen = { canceled: false, filePaths: [chosen] };
    const ref = await call<string>('files.pick', { kind: 'folder', title: 'Where to put it' });
    expect(ref).not.toContain('pictures');
    const state = await call<ProjectState>('projects.create', { name: 'From the shell', parent: ref });
    expect(state.name).toBe('From the shell');
    dialog.chosen = { canceled: true, filePaths: [] };
    expect(await call('files.pick', { kind: 'file', title: 'x' })).toBeNull();
    await expect(call<FolderListing>('files.browse', { folder: '/etc' })).rejects.toMatchObject({
      code: 'refused',
    });
  });

  it('sends the news of the core to the page', async () => {
    const before = window.webContents.sent.length;
    await call('classes.create', { name: 'cat' });
    await vi.waitFor(() => expect(window.webContents.sent.length).toBeGreaterThan(before));
    expect(window.webContents.sent.at(-1)?.[0]).toBe('fovea:event');
  });

  it('answers its two schemes, and has no picture that was not imported', async () => {
    const page = await protocol.handlers.get('fovea')!({ url: 'fovea://app/../package.json', method: 'GET' });
    expect(page.status).toBe(404);
    const media = await protocol.handlers.get('media')!({ url: 'media://image/1', method: 'GET' });
    expect(media.status).toBe(404);
  });

  it('brings its window to the front when it is started a second time', () => {
    app.emit('second-instance');
    expect(window.focused).toBe(true);
  });

  it('offers to load the page anew after it crashed', async () => {
    dialog.button = 0;
    window.webContents.emit('render-process-gone', {}, { reason: 'crashed' });
    await vi.waitFor(() => expect(window.webContents.reloads).toBe(1));
  });

  it('closes the project before it ends, so that another start may open it', async () => {
    window.close();
    await vi.waitFor(() => expect(app.quits).toBe(1));
    const { openProjectStore } = await import('../../../src-main/storage/project-store.ts');
    const store = openProjectStore(path.join(folder, 'pictures', 'From the shell'));
    expect(store.classes.all().map(({ name }) => name)).toEqual(['cat']);
    store.close();
  });
});

describe('a second start', () => {
  it('hands over to the first and ends', async () => {
    vi.resetModules();
    app.lock = false;
    const before = { windows: BrowserWindow.all.length, quits: app.quits };
    await import('../../../src-main/shell/main.ts');
    expect(app.quits).toBe(before.quits + 1);
    expect(BrowserWindow.all).toHaveLength(before.windows);
  });
});
