// The page's only window to the app: four functions. Bundled into one CommonJS file, because a sandboxed
// preload script can load nothing else.

import { contextBridge, ipcRenderer, webUtils, type IpcRendererEvent } from 'electron';
import { CALL, CANCEL, DROP, EVENT } from './channels.ts';

contextBridge.exposeInMainWorld('fovea', {
  /** Sends one call of contracts/api.ts; resolves to its Answer. Each call of the page has an id of its own. */
  call: (id: number, method: string, input: unknown): Promise<unknown> =>
    ipcRenderer.invoke(CALL, id, method, input),
  /** Nobody waits for this call any more. */
  cancel: (id: number): void => ipcRenderer.send(CANCEL, id),
  /** Listens to one event of contracts/api.ts; the answer takes the listener away again. */
  on: (event: string, listener: (data: unknown) => void): (() => void) => {
    // The IPC event itself carries the sender and is not handed to the page.
    const forward = (_event: IpcRendererEvent, name: string, data: unknown) => {
      if (name === event) listener(data);
    };
    ipcRenderer.on(EVENT, forward);
    return () => void ipcRenderer.off(EVENT, forward);
  },
  /**
   * A reference to a file or folder that a person dropped onto the window, as an Answer. The page never sees its path,
   * and for a File that it made itself there is none.
   */
  drop: (file: File): Promise<unknown> => ipcRenderer.invoke(DROP, webUtils.getPathForFile(file)),
});
