// Who may talk to the host: whoever shows the secret of this start, from a page of the host itself, under a
// name that means this machine. The last two keep other web pages of the same browser out.

import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const LOCAL_NAMES = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Whether the request's Host is this machine's own name (a page of an attacker's name that resolves to
 * 127.0.0.1 is not) and its Origin, if it has one, is the host itself. Any port: it may come by a tunnel.
 */
export function isFromHere({ headers }: IncomingMessage): boolean {
  const { host, origin } = headers;
  if (host === undefined || !LOCAL_NAMES.has(host.replace(/:\d{1,5}$/, '').toLowerCase())) return false;
  return origin === undefined || origin.toLowerCase() === `http://${host.toLowerCase()}`;
}

export interface Access {
  /** Set-Cookie value that lets the browser in from now on. */
  cookie: string;
  /** Whether the address or the cookie shows the secret. */
  isAllowed(request: IncomingMessage): boolean;
  /** Whether the address itself does. */
  isInAddress(address: URL): boolean;
}

/** @param port  browsers send a cookie to every port of a name, so its name says which host it is for */
export function accessWith(secret: string, port: number): Access {
  const name = `fovea_${port}`;
  const isSecret = (shown: string | null | undefined): boolean =>
    typeof shown === 'string' &&
    shown.length === secret.length &&
    timingSafeEqual(Buffer.from(shown), Buffer.from(secret));
  const isInAddress = (address: URL) => isSecret(address.searchParams.get('token'));
  return {
    cookie: `${name}=${secret}; Path=/; HttpOnly; SameSite=Strict`,
    isInAddress,
    isAllowed(request) {
      const shown = (request.headers.cookie ?? '')
        .split(';')
        .map((part) => part.trim().split('='))
        .find(([key]) => key === name)?.[1];
      return isSecret(shown) || isInAddress(new URL(request.url ?? '/', 'http://host'));
    },
  };
}
