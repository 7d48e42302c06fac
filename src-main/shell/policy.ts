// The two schemes of the window: pictures come from `media://`, everything else from `fovea://app`.

export const APP_ORIGIN = 'fovea://app';
/** `${MEDIA_PREFIX}/image/<id>` and `${MEDIA_PREFIX}/thumbnail/<id>`, as app.info tells the page. */
export const MEDIA_PREFIX = 'media:/';

/** Schemes must be made known before the app is ready; both behave like https, without its network. */
export const schemes = [
  {
    scheme: 'fovea',
    privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
  },
  {
    scheme: 'media',
    privileges: { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true, stream: true },
  },
];

/** Whether an address belongs to our own page. Custom schemes have no `origin` in Node's URL. */
export function isAppAddress(address: string): boolean {
  try {
    const { protocol, host } = new URL(address);
    return `${protocol}//${host}` === APP_ORIGIN;
  } catch {
    return false;
  }
}
