// The boundary between page and shell: who may call, what is passed on, what the preload script shows.

import type { BrowserWindow as RealWindow, WebContents } from 'electron';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { contextBridge, dialog, FakeContents, ipcMain, ipcRenderer } from './electron.ts';
import { AppError, type Answer, type FileRef } from '../../../src-main/contracts/index.ts';
import { pick } from '../../../src-main/shell/dialogs.ts';
import { answerCalls, answerDrops, emitTo } from '../../../src-main/shell/ipc.ts';

vi.mock('electron', () => import('./electron.ts'));

const page = new FakeContents();
const asPage = page as unknown as WebContents;
const passedOn: [string, unknown][] = [];

let nextId = 1;
const signals: AbortSignal[] = [];

/** Plays a page that calls through `sender`'s frame `frame`. */
function callFrom(sender: FakeContents, frame: unknown, ...args: unknown[]): Promise<Answer<unknown>> {
  const handler = ipcMain.handlers.get('fovea:call');
  if (handler === undefined) throw new Error('nothing listens on fovea:call');
  return handler({ sender, senderFrame: frame }, nextId++, ...args) as Promise<Answer<unknown>>;
}
const call = (...args: unknown[]) => callFrom(page, page.mainFrame, ...args);
const refused = { ok: false, error: { code: 'refused' } };

beforeEach(() => {
  passedOn.length = 0;
  dialog.asked.length = 0;
  answerCalls(
    () => asPage,
    (method, input, signal) => {
      passedOn.push([method as string, input]);
      signals.push(signal);
      if (method === 'explanations.map')
        return new Promise((resolve) =>
          signal.addEventListener('abort', () => resolve({ ok: true, value: 'cancelled' })),
        );
      if (method === 'jobs.list') return Promise.reject(new Error('boom'));
      if (method === 'app.info')
        return Promise.reject(new AppError('unavailable', 'not now', { place: 'here' }));
      return Promise.resolve({ ok: true, value: 1 });
    },
  );
});

describe('calls of the page', () => {
  it('are passed on with their input, and their answer comes back', async () => {
    expect(await call('images.get', { id: 3 })).toEqual({ ok: true, value: 1 });
    expect(passedOn).toEqual([['images.get', { id: 3 }]]);
  });

  it('are refused from any other sender, frame or address', async () => {
    const stranger = new FakeContents();
    expect(await callFrom(stranger, stranger.mainFrame, 'app.methods', {})).toMatchObject(refused);
    expect(await callFrom(page, { url: 'fovea://app/' }, 'app.methods', {})).toMatchObject(refused);
    expect(await callFrom(page, null, 'app.methods', {})).toMatchObject(refused);
    page.mainFrame.url = 'https://evil.example/';
    expect(await call('app.methods', {})).toMatchObject(refused);
    page.mainFrame.url = 'fovea://app/';
    expect(passedOn).toEqual([]);
  });

  it('are refused while there is no window', async () => {
    answerCalls(
      () => null,
      () => Promise.resolve({ ok: true, value: 1 }),
    );
    expect(await call('app.methods', {})).toMatchObject(refused);
  });

  it.each(['fs.readFile', 'constructor', '__proto__', 'toString', '', 7, null, undefined, { a: 1 }])(
    'named %j do not exist',
    async (method) => {
      expect(await call(method, {})).toMatchObject({ ok: false, error: { code: 'bad-input' } });
      expect(passedOn).toEqual([]);
    },
  );

  it('never throw: a failure of the core, ours or foreign, is an answer', async () => {
    expect(await call('jobs.list', {})).toEqual({
      ok: false,
      error: { code: 'internal', message: 'boom', detail: {} },
    });
    expect(await call('app.info', {})).toMatchObject({
      ok: false,
      error: { code: 'unavailable', detail: { place: 'here' } },
    });
  });
});

describe('a call that nobody waits for any more', () => {
  const long = () => ({ id: nextId, answer: call('explanations.map', {}) });
  const cancelled = { ok: true, value: 'cancelled' };

  it('is cancelled by its id, by our page alone', async () => {
    const one = long();
    ipcMain.listeners.get('fovea:cancel')!({ sender: page, senderFrame: { url: 'fovea://app/' } }, one.id);
    ipcMain.listeners.get('fovea:cancel')!({ sender: page, senderFrame: page.mainFrame }, 'no id');
    expect(signals.at(-1)!.aborted).toBe(false);
    ipcMain.listeners.get('fovea:cancel')!({ sender: page, senderFrame: page.mainFrame }, one.id);
    expect(await one.answer).toEqual(cancelled);
  });

  it.each([
    ['is loaded anew', 'did-start-navigation', { isMainFrame: true, isSameDocument: false }],
    ['crashes', 'render-process-gone', {}],
    ['is closed', 'destroyed', {}],
  ])('is cancelled when the page %s', async (_what, event, detail) => {
    const one = long();
    page.emit('did-start-navigation', { isMainFrame: true, isSameDocument: true });
    page.emit('did-start-navigation', { isMainFrame: false, isSameDocument: false });
    expect(signals.at(-1)!.aborted).toBe(false);
    page.emit(event, detail);
    expect(await one.answer).toEqual(cancelled);
  });
});

describe('the dialog', () => {
  const window = {} as RealWindow;

  it('gives the chosen folder', async () => {
    dialog.chosen = { canceled: false, filePaths: ['/home/someone/pictures'] };
    expect(await pick(window, 'folder', 'Pictures to import')).toBe('/home/someone/pictures');
    expect(dialog.asked).toEqual([
      { title: 'Pictures to import', properties: ['openDirectory', 'createDirectory'] },
    ]);
  });

  it('gives null when the person cancels', async () => {
    dialog.chosen = { canceled: true, filePaths: [] };
    expect(await pick(window, 'file', 'A file')).toBeNull();
    expect(dialog.asked).toMatchObject([{ properties: ['openFile'] }]);
  });
});

describe('what is dropped onto the window', () => {
  const drop = (frame: unknown, place: unknown) =>
    ipcMain.handlers.get('fovea:drop')!({ sender: page, senderFrame: frame }, place);
  beforeEach(() =>
    answerDrops(
      () => asPage,
      (place) => `ref of ${place}` as FileRef,
    ),
  );

  it('comes back as a reference, for our page alone', async () => {
    expect(await drop(page.mainFrame, '/pictures')).toEqual({ ok: true, value: 'ref of /pictures' });
    expect(await drop({ url: 'fovea://app/' }, '/pictures')).toMatchObject(refused);
  });

  it('is refused where it is no file of the system', async () => {
    for (const place of ['', 7, undefined])
      expect(await drop(page.mainFrame, place)).toMatchObject({ ok: false, error: { code: 'bad-input' } });
  });
});

describe('news of the core', () => {
  it('goes to the page while there is one', () => {
    emitTo(() => asPage)('saved', { at: 5 });
    expect(page.sent).toEqual([['fovea:event', 'saved', { at: 5 }]]);
    page.destroyed = true;
    emitTo(() => asPage)('saved', { at: 6 });
    emitTo(() => null)('saved', { at: 7 });
    expect(page.sent).toHaveLength(1);
    page.destroyed = false;
  });
});

describe('the preload script', () => {
  it('shows the page four functions and nothing of Electron', async () => {
    await import('../../../src-main/shell/preload.ts');
    expect([...contextBridge.exposed.keys()]).toEqual(['fovea']);
    const surface = contextBridge.exposed.get('fovea') as {
      call(id: number, method: string, input: unknown): Promise<unknown>;
      cancel(id: number): void;
      on(event: string, listener: (...data: unknown[]) => void): () => void;
      drop(file: object): Promise<unknown>;
    };
    expect(Object.keys(surface).sort()).toEqual(['call', 'cancel', 'drop', 'on']);

    expect(await surface.call(1, 'jobs.list', {})).toEqual({ ok: true, value: 'jobs.list' });
    surface.cancel(1);
    await surface.drop({ path: '/pictures' });
    expect(ipcRenderer.invoked).toEqual([
      ['fovea:call', 1, 'jobs.list', {}],
      ['fovea:cancel', 1],
      ['fovea:drop', '/pictures'],
    ]);

    const heard: unknown[][] = [];
    const leave = surface.on('saved', (...data) => heard.push(data));
    ipcRenderer.emit('fovea:event', { sender: 'secret' }, 'saved', { at: 1 });
    ipcRenderer.emit('fovea:event', { sender: 'secret' }, 'job', { id: 'x' });
    leave();
    ipcRenderer.emit('fovea:event', { sender: 'secret' }, 'saved', { at: 2 });
    expect(heard).toEqual([[{ at: 1 }]]);
  });
});
