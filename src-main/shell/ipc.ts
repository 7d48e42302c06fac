// The page's calls, as they arrive from the preload script. Only the main frame of our own page is
// answered, only calls of the table are passed on, and nothing is thrown across the boundary.

import { ipcMain, type IpcMainInvokeEvent, type WebContents } from 'electron';
import {
  api,
  AppError,
  toErrorRecord,
  type Answer,
  type EventName,
  type FileRef,
  type Method,
} from '../contracts/index.ts';
import { openClientCalls, type Handle } from '../delivery/client-calls.ts';
import { CALL, CANCEL, DROP, EVENT } from './channels.ts';
import { isAppAddress } from './policy.ts';

/** @param page  the contents of the one window, null while there is none */
export function answerCalls(page: () => WebContents | null, handle: Handle): void {
  const calls = openClientCalls(handle);
  const watched = new WeakSet<WebContents>();
  const watch = (contents: WebContents): void => {
    if (watched.has(contents)) return;
    watched.add(contents);
    // A page that is loaded anew, closed or crashed waits for nothing any more.
    contents.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
      if (isMainFrame && !isSameDocument) calls.cancelAll();
    });
    contents.on('render-process-gone', () => calls.cancelAll());
    contents.on('destroyed', () => calls.cancelAll());
  };
  ipcMain.handle(
    CALL,
    async (event, id: unknown, method: unknown, input: unknown): Promise<Answer<unknown>> => {
      try {
        if (!isOurPage(event, page())) throw new AppError('refused', 'this page may not call the app');
        if (!isId(id)) throw new AppError('bad-input', 'a call needs an id');
        if (!isMethod(method)) throw new AppError('bad-input', `there is no call named ${naming(method)}`);
        watch(event.sender);
        return await calls.answer(id, method, input);
      } catch (thrown) {
        return { ok: false, error: toErrorRecord(thrown) };
      }
    },
  );
  ipcMain.on(CANCEL, (event, id: unknown) => {
    if (isOurPage(event, page()) && isId(id)) calls.cancel(id);
  });
}

/** Answers with a reference to what was dropped; its path comes from the preload script, which asks Electron for it. */
export function answerDrops(page: () => WebContents | null, refer: (place: string) => FileRef): void {
  ipcMain.handle(DROP, (event, place: unknown): Answer<FileRef> => {
    try {
      if (!isOurPage(event, page())) throw new AppError('refused', 'this page may not call the app');
      if (typeof place !== 'string' || place === '')
        throw new AppError('bad-input', 'what was dropped is no file or folder');
      return { ok: true, value: refer(place) };
    } catch (thrown) {
      return { ok: false, error: toErrorRecord(thrown) };
    }
  });
}

/** Sends news of the core to the page, if there is one that listens. */
export function emitTo(page: () => WebContents | null): (event: EventName, data: unknown) => void {
  return (event, data) => {
    const contents = page();
    if (contents !== null && !contents.isDestroyed()) contents.send(EVENT, event, data);
  };
}

function isOurPage(
  event: Pick<IpcMainInvokeEvent, 'sender' | 'senderFrame'>,
  page: WebContents | null,
): boolean {
  const frame = event.senderFrame;
  return (
    page !== null &&
    event.sender === page &&
    frame !== null &&
    frame === page.mainFrame &&
    isAppAddress(frame.url)
  );
}

const isId = (value: unknown): value is number => Number.isSafeInteger(value);

function isMethod(method: unknown): method is Method {
  return typeof method === 'string' && Object.hasOwn(api, method);
}

function naming(method: unknown): string {
  return typeof method === 'string' ? JSON.stringify(method.slice(0, 80)) : `(${typeof method})`;
}
