// What no page of ours ever asks for is refused, whoever asks: permissions, devices, other addresses,
// new windows, embedded pages, the network.

import type { Session, WebContents } from 'electron';
import { isAppAddress } from './policy.ts';

/** Copying text is the only permission that the page uses. */
const granted = new Set(['clipboard-sanitized-write']);
/** What a page may load. `devtools:` is the inspector's own page, present in unpackaged runs only. */
const loadable = new Set(['fovea:', 'media:', 'blob:', 'data:', 'devtools:']);

export function guardSession(session: Session): void {
  session.setPermissionRequestHandler((contents, permission, answer) => {
    answer(granted.has(permission) && isAppAddress(contents.getURL()));
  });
  session.setPermissionCheckHandler(
    (_contents, permission, origin) => granted.has(permission) && isAppAddress(origin),
  );
  session.setDevicePermissionHandler(() => false);
  session.webRequest.onBeforeRequest((details, answer) => {
    answer({ cancel: !loadable.has(protocolOf(details.url)) });
  });
  session.on('will-download', (event, item) => {
    // The page may hand over what it made itself; the dialog for the place is the system's.
    if (protocolOf(item.getURL()) !== 'blob:') event.preventDefault();
  });
}

/** For every page the app ever makes, also one made by a mistake of ours. */
export function guardContents(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.on('will-frame-navigate', (event) => {
    if (!isAppAddress(event.url)) event.preventDefault();
  });
  contents.on('will-redirect', (event) => {
    if (!isAppAddress(event.url)) event.preventDefault();
  });
}

function protocolOf(address: string): string {
  try {
    return new URL(address).protocol;
  } catch {
    return '';
  }
}
