// What a page of the app may do, in the words of the browser: its own origin, no network, no inline script.
// The same for the window of Electron and for a browser at the host.

export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // Templates place figures with style attributes; an attribute cannot load or run anything by itself
  // here, because images and fonts are limited below.
  "style-src-attr 'unsafe-inline'",
  // `media:` is Electron's scheme for pictures; a browser has no such scheme, so it opens nothing there.
  "img-src 'self' media: blob: data:",
  "font-src 'self'",
  "connect-src 'self' media:",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Sent with every answer. */
export const securityHeaders = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};
