// What the page may do, in the words of the browser: one origin, no network, no inline script. Pictures
// come from `media://`, everything else from `fovea://app`.

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

export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // Templates place figures with style attributes; an attribute cannot load or run anything by itself
  // here, because images and fonts are limited below.
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' media: blob: data:",
  "font-src 'self'",
  "connect-src 'self' media:",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Sent with every answer of both schemes. */
export const securityHeaders = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

/** Whether an address belongs to our own page. Custom schemes have no `origin` in Node's URL. */
export function isAppAddress(address: string): boolean {
  try {
    const { protocol, host } = new URL(address);
    return `${protocol}//${host}` === APP_ORIGIN;
  } catch {
    return false;
  }
}
