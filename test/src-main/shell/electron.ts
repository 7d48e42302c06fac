// A stand-in for the `electron` module: it records what the shell asks of it and lets a test play the
// part of the page. Electron's binary is not needed; its types keep the shell's calls honest.

import { EventEmitter } from 'node:events';

export class FakeContents extends EventEmitter {
  readonly mainFrame = { url: 'fovea://app/' };
  readonly sent: unknown[][] = [];
  windowOpen: ((details: { url: string }) => { action: string }) | null = null;
  address = 'fovea://app/';
  destroyed = false;
  reloads = 0;

  getURL(): string {
    return this.address;
  }
  isDestroyed(): boolean {
    return this.destroyed;
  }
  send(...message: unknown[]): void {
    this.sent.push(message);
  }
  reload(): void {
    this.reloads += 1;
  }
  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.windowOpen = handler;
  }
}

type RequestFilter = (details: { url: string }, answer: (outcome: { cancel: boolean }) => void) => void;

export class FakeSession extends EventEmitter {
  permission: ((contents: FakeContents, name: string, answer: (ok: boolean) => void) => void) | null = null;
  check: ((contents: FakeContents | null, name: string, origin: string) => boolean) | null = null;
  device: (() => boolean) | null = null;
  request: RequestFilter | null = null;
  readonly webRequest = { onBeforeRequest: (filter: RequestFilter) => void (this.request = filter) };

  setPermissionRequestHandler(handler: FakeSession['permission']): void {
    this.permission = handler;
  }
  setPermissionCheckHandler(handler: FakeSession['check']): void {
    this.check = handler;
  }
  setDevicePermissionHandler(handler: FakeSession['device']): void {
    this.device = handler;
  }
}

export class BrowserWindow extends EventEmitter {
  static readonly all: BrowserWindow[] = [];
  readonly webContents = new FakeContents();
  readonly options: Record<string, unknown>;
  loaded = '';
  shown = false;
  focused = false;
  maximised = false;

  constructor(options: Record<string, unknown>) {
    super();
    this.options = options;
    BrowserWindow.all.push(this);
    app.emit('web-contents-created', {}, this.webContents);
  }
  loadURL(address: string): Promise<void> {
    this.loaded = address;
    return Promise.resolve();
  }
  show(): void {
    this.shown = true;
  }
  focus(): void {
    this.focused = true;
  }
  isMinimized(): boolean {
    return false;
  }
  restore(): void {}
  maximize(): void {
    this.maximised = true;
  }
  isMaximized(): boolean {
    return this.maximised;
  }
  getNormalBounds(): Record<string, number> {
    return { x: 10, y: 20, width: 1200, height: 800 };
  }
  close(): void {
    this.emit('close', {});
    this.emit('closed', {});
    this.webContents.destroyed = true;
    app.emit('window-all-closed');
  }
}

class FakeApp extends EventEmitter {
  readonly isPackaged = false;
  lock = true;
  quits = 0;
  sandboxed = false;
  paths: Record<string, string> = {};

  enableSandbox(): void {
    this.sandboxed = true;
  }
  requestSingleInstanceLock(): boolean {
    return this.lock;
  }
  whenReady(): Promise<void> {
    return Promise.resolve();
  }
  setPath(name: string, place: string): void {
    this.paths[name] = place;
  }
  getAppPath(): string {
    return process.cwd();
  }
  getVersion(): string {
    return '1.2.3';
  }
  /** As Electron: a listener of will-quit may hold the end back; then `quits` does not count it. */
  quit(): void {
    let held = false;
    this.emit('will-quit', { preventDefault: () => (held = true) });
    if (!held) this.quits += 1;
  }
}
export const app = new FakeApp();

type SchemeHandler = (request: { url: string; method: string }) => Promise<Response>;
export const protocol = {
  privileged: [] as { scheme: string; privileges: Record<string, boolean> }[],
  handlers: new Map<string, SchemeHandler>(),
  registerSchemesAsPrivileged(list: { scheme: string; privileges: Record<string, boolean> }[]): void {
    protocol.privileged = list;
  },
  handle(scheme: string, handler: SchemeHandler): void {
    protocol.handlers.set(scheme, handler);
  },
};

type InvokeHandler = (event: unknown, ...args: unknown[]) => Promise<unknown>;
export const ipcMain = {
  handlers: new Map<string, InvokeHandler>(),
  handle(channel: string, handler: InvokeHandler): void {
    ipcMain.handlers.set(channel, handler);
  },
  listeners: new Map<string, (...message: unknown[]) => void>(),
  on(channel: string, listener: (...message: unknown[]) => void): void {
    ipcMain.listeners.set(channel, listener);
  },
};

class FakeIpcRenderer extends EventEmitter {
  readonly invoked: unknown[][] = [];
  invoke(...call: unknown[]): Promise<unknown> {
    this.invoked.push(call);
    return Promise.resolve({ ok: true, value: call[2] });
  }
  send(...message: unknown[]): void {
    this.invoked.push(message);
  }
}
export const ipcRenderer = new FakeIpcRenderer();

export const contextBridge = {
  exposed: new Map<string, unknown>(),
  exposeInMainWorld(name: string, surface: unknown): void {
    contextBridge.exposed.set(name, surface);
  },
};

export const dialog = {
  chosen: { canceled: true, filePaths: [] as string[] },
  asked: [] as Record<string, unknown>[],
  button: 0,
  showOpenDialog(
    _window: unknown,
    options: Record<string, unknown>,
  ): Promise<{ canceled: boolean; filePaths: string[] }> {
    dialog.asked.push(options);
    return Promise.resolve(dialog.chosen);
  },
  showMessageBox(): Promise<{ response: number }> {
    return Promise.resolve({ response: dialog.button });
  },
};

export const Menu = {
  template: [] as unknown[],
  buildFromTemplate(template: unknown[]): unknown {
    Menu.template = template;
    return template;
  },
  setApplicationMenu(): void {},
};

/** As Electron: a path for what came from the system, none for what the page made itself. */
export const webUtils = { getPathForFile: (file: { path?: string }): string => file.path ?? '' };

export const nativeTheme = { shouldUseDarkColors: true };
export const screen = {
  getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }],
};
export const session = { defaultSession: new FakeSession() };
