// Permissions, navigation, windows and the network: what is refused, and the little that is not.

import type { Session, WebContents } from 'electron';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeContents, FakeSession } from './electron.ts';
import { guardContents, guardSession } from '../../../src-main/shell/guards.ts';
import { webPreferences } from '../../../src-main/shell/window.ts';
import { menuTemplate } from '../../../src-main/shell/menu.ts';

vi.mock('electron', () => import('./electron.ts'));

describe('the session', () => {
  let session: FakeSession;
  beforeEach(() => {
    session = new FakeSession();
    guardSession(session as unknown as Session);
  });
  const asks = (name: string, address = 'fovea://app/') => {
    const contents = new FakeContents();
    contents.address = address;
    let given: boolean | null = null;
    session.permission?.(contents, name, (ok) => (given = ok));
    return given;
  };

  it('grants copying to our page and nothing else', () => {
    expect(asks('clipboard-sanitized-write')).toBe(true);
    for (const name of ['media', 'geolocation', 'notifications', 'clipboard-read', 'openExternal', 'usb'])
      expect(asks(name), name).toBe(false);
    expect(asks('clipboard-sanitized-write', 'https://evil.example/')).toBe(false);
    expect(session.check?.(null, 'clipboard-sanitized-write', 'fovea://app')).toBe(true);
    expect(session.check?.(null, 'media', 'fovea://app')).toBe(false);
    expect(session.check?.(null, 'clipboard-sanitized-write', 'https://evil.example')).toBe(false);
    expect(session.device?.()).toBe(false);
  });

  it.each([
    ['fovea://app/assets/index.js', false],
    ['media://image/3', false],
    ['blob:fovea://app/7f', false],
    ['https://example.com/', true],
    ['http://127.0.0.1:8080/', true],
    ['ws://127.0.0.1:8080/', true],
    ['file:///etc/passwd', true],
    ['ftp://example.com/', true],
    ['nonsense', true],
  ])('loading %s: cancelled is %s', (url, cancelled) => {
    let outcome: { cancel: boolean } | null = null;
    session.request?.({ url }, (answer) => (outcome = answer));
    expect(outcome).toEqual({ cancel: cancelled });
  });

  it('lets the page hand over what it made and downloads nothing else', () => {
    const download = (url: string) => {
      const event = { preventDefault: vi.fn() };
      session.emit('will-download', event, { getURL: () => url });
      return event.preventDefault.mock.calls.length === 0;
    };
    expect(download('blob:fovea://app/7f')).toBe(true);
    expect(download('https://example.com/tool.exe')).toBe(false);
    expect(download('media://image/3')).toBe(false);
  });
});

describe('every page', () => {
  let contents: FakeContents;
  beforeEach(() => {
    contents = new FakeContents();
    guardContents(contents as unknown as WebContents);
  });
  const stopped = (name: string, url: string) => {
    const event = { url, preventDefault: vi.fn() };
    contents.emit(name, event);
    return event.preventDefault.mock.calls.length === 1;
  };

  it.each(['will-frame-navigate', 'will-redirect'])('%s stays inside the app', (name) => {
    expect(stopped(name, 'fovea://app/#/train')).toBe(false);
    for (const url of [
      'https://example.com/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'data:text/html,x',
    ])
      expect(stopped(name, url), url).toBe(true);
  });

  it('opens no window and embeds no page', () => {
    expect(contents.windowOpen?.({ url: 'https://example.com/' })).toEqual({ action: 'deny' });
    expect(contents.windowOpen?.({ url: 'fovea://app/' })).toEqual({ action: 'deny' });
    expect(stopped('will-attach-webview', 'https://example.com/')).toBe(true);
  });

  it('is sandboxed, isolated and without Node', () => {
    expect(webPreferences('/x/preload.cjs')).toMatchObject({
      preload: '/x/preload.cjs',
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
    });
  });
});

describe('the menu', () => {
  const roles = (packaged: boolean) => JSON.stringify(menuTemplate('linux', packaged));

  it('offers the inspector only in runs from a checkout', () => {
    expect(roles(false)).toContain('toggleDevTools');
    expect(roles(true)).not.toContain('toggleDevTools');
  });

  it('leaves undo to the page', () => {
    expect(roles(true)).not.toMatch(/undo|redo/);
  });

  it("has the app's own menu first on macOS", () => {
    expect(menuTemplate('darwin', true)[0]).toEqual({ role: 'appMenu' });
  });
});
