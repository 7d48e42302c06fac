// The one window: sandboxed, isolated, without Node, and only shown once it has something to show.

import { BrowserWindow, dialog, nativeTheme, screen, type WebPreferences } from 'electron';
import { APP_ORIGIN } from './policy.ts';
import { DEFAULT_SIZE, MIN_SIZE, readWindowState, writeWindowState } from './window-state.ts';

interface WindowPaths {
  /** The bundled preload script. */
  preload: string;
  icon: string;
  /** JSON file that keeps the window's place. */
  state: string;
}

/** Every right that a page can be given, stated, though most are Electron's defaults. */
export function webPreferences(preload: string): WebPreferences {
  return {
    preload,
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    enableWebSQL: false,
    spellcheck: false,
  };
}

export function openWindow(paths: WindowPaths): BrowserWindow {
  const workAreas = screen.getAllDisplays().map((display) => display.workArea);
  const { bounds, maximised } = readWindowState(paths.state, workAreas);
  const window = new BrowserWindow({
    ...DEFAULT_SIZE,
    ...bounds,
    minWidth: MIN_SIZE.width,
    minHeight: MIN_SIZE.height,
    title: 'Fovea',
    icon: paths.icon,
    show: false,
    autoHideMenuBar: true,
    // --surface-1 of the design's tokens: what is seen before the page is drawn
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#151618' : '#e6e7e9',
    webPreferences: webPreferences(paths.preload),
  });
  if (maximised) window.maximize();
  window.once('ready-to-show', () => window.show());
  window.on('close', () => {
    writeWindowState(paths.state, { bounds: window.getNormalBounds(), maximised: window.isMaximized() });
  });
  window.webContents.on('render-process-gone', (_event, details) => {
    if (details.reason !== 'clean-exit') void offerReload(window);
  });
  void window.loadURL(`${APP_ORIGIN}/`);
  return window;
}

/** Jobs and data live outside the page, so that loading it anew loses nothing. */
async function offerReload(window: BrowserWindow): Promise<void> {
  const { response } = await dialog.showMessageBox(window, {
    type: 'warning',
    message: 'The window stopped working',
    detail: 'Everything that was saved or is running is unharmed.',
    buttons: ['Reload the window', 'Quit'],
    defaultId: 0,
    cancelId: 0,
  });
  if (response === 0) window.webContents.reload();
  else window.close();
}
