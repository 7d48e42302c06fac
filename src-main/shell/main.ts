// The Electron app: puts the core, one window and the system's dialogs together. Everything that is not
// about Electron is the core's; the same core runs behind `fovea serve`.

import path from 'node:path';
import { app, Menu, protocol, session, type BrowserWindow } from 'electron';
import { makeFolder, PRIVATE } from '../files/write-file.ts';
import { createCore } from '../core/core.ts';
import { dataFolder } from '../core/data-folder.ts';
import { openContext } from '../core/open-context.ts';
import { demo } from '../demo/index.ts';
import { services } from '../services/index.ts';
import { appFile } from './app-files.ts';
import { pick } from './dialogs.ts';
import { guardContents, guardSession } from './guards.ts';
import { answerCalls, answerDrops, emitTo } from './ipc.ts';
import { image } from './media.ts';
import { menuTemplate } from './menu.ts';
import { pathsOf } from './paths.ts';
import { MEDIA_PREFIX, schemes } from './policy.ts';
import { openWindow } from './window.ts';

const paths = pathsOf({
  packaged: app.isPackaged,
  appFolder: app.getAppPath(),
  resources: process.resourcesPath,
  platform: process.platform,
  dataFolder: dataFolder(),
});

// Before Electron makes it, open to all.
makeFolder(dataFolder(), PRIVATE);
app.enableSandbox();
app.setPath('userData', paths.window);
protocol.registerSchemesAsPrivileged(schemes);
// Two processes over one data folder would fight for its projects; the second hands over to the first.
if (app.requestSingleInstanceLock()) void start();
else app.quit();

async function start(): Promise<void> {
  app.on('web-contents-created', (_event, contents) => guardContents(contents));
  await app.whenReady();
  makeFolder(paths.window);
  guardSession(session.defaultSession);

  let window: BrowserWindow | null = null;
  const page = () => window?.webContents ?? null;

  const context = openContext({
    dataFolder: dataFolder(),
    worker: paths.worker,
    weightsFolder: paths.weights,
    emit: emitTo(page),
    version: app.getVersion(),
    shell: 'electron',
    mediaPrefix: MEDIA_PREFIX,
    mediaSuffix: '',
    pick: (kind, title) => (window === null ? Promise.resolve(null) : pick(window, kind, title)),
  });
  const core = createCore(context, { ...services, ...demo });
  answerCalls(page, core.handle);
  answerDrops(page, core.refer);
  protocol.handle('fovea', ({ url }) => appFile(url, paths.renderer));
  protocol.handle('media', ({ url }) => image(url, core.media));
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(process.platform, app.isPackaged)));

  window = openWindow({
    preload: paths.preload,
    icon: paths.icon,
    state: path.join(paths.window, 'window.json'),
  });
  window.on('closed', () => (window = null));
  app.on('second-instance', () => {
    if (window?.isMinimized()) window.restore();
    window?.focus();
  });
  app.on('window-all-closed', () => app.quit());

  // The workers and the database are closed before the process may end; runs go on from their checkpoints.
  let closed = false;
  app.on('will-quit', (event) => {
    if (closed) return;
    event.preventDefault();
    void core.close().finally(() => {
      closed = true;
      app.quit();
    });
  });
}
