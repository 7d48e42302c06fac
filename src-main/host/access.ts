// Who may talk to the host: a browser that has signed in, from a page of the host itself, under a name that
// means this machine. The last two keep other web pages of the same browser out.
//
// One signs in with an address that holds a key. A key opens once, for a cookie that scripts cannot read and
// other sites cannot send; so an address that stays behind in a history or a terminal is worth nothing.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const LOCAL_NAMES = new Set(['127.0.0.1', 'localhost', '[::1]']);
/** More keys than this are not open at a time: the oldest closes. */
const KEYS = 16;

/**
 * Whether the request's Host is this machine's own name (a page of an attacker's name that resolves to
 * 127.0.0.1 is not) and its Origin, if it has one, is the host itself. Any port: it may come by a tunnel.
 */
export function isFromHere({ headers }: IncomingMessage): boolean {
  const { host, origin } = headers;
  if (host === undefined || !LOCAL_NAMES.has(host.replace(/:\d{1,5}$/, '').toLowerCase())) return false;
  return origin === undefined || origin.toLowerCase() === `http://${host.toLowerCase()}`;
}

type SignIn = 'opened' | 'used' | 'unknown';

export interface Access {
  /** A key that opens once. */
  newKey(): string;
  /** Whether a key is out that nobody has used yet. */
  hasOpenKey(): boolean;
  /** Spends the key, if it is one. */
  signIn(key: string): SignIn;
  /** Set-Cookie value that lets the browser in from now on, until the host ends. */
  cookieFor(request: IncomingMessage): string;
  isSignedIn(request: IncomingMessage): boolean;
}

/** @param port  of the host, for a browser that does not say which one it sees */
export function openAccess(port: number): Access {
  const session = newSecret();
  const open: string[] = [];
  const used: string[] = [];
  const place = (keys: readonly string[], key: string) => keys.findIndex((one) => isSame(one, key));
  return {
    newKey() {
      const key = newSecret();
      open.push(key);
      if (open.length > KEYS) open.shift();
      return key;
    },
    hasOpenKey: () => open.length > 0,
    signIn(key) {
      const at = place(open, key);
      if (at >= 0) {
        used.push(...open.splice(at, 1));
        return 'opened';
      }
      return place(used, key) >= 0 ? 'used' : 'unknown';
    },
    cookieFor: (request) => `${cookieName(request, port)}=${session}; Path=/; HttpOnly; SameSite=Strict`,
    isSignedIn: (request) =>
      cookiesOf(request).some(({ name, value }) => /^fovea_\d+$/.test(name) && isSame(session, value)),
  };
}

/**
 * Browsers send a cookie to every port of a name, so its name says which host it is for: by the port that the
 * browser sees, which is another than the host's own at the far end of a tunnel.
 */
const cookieName = ({ headers }: IncomingMessage, port: number): string =>
  `fovea_${/:(\d{1,5})$/.exec(headers.host ?? '')?.[1] ?? port}`;

const cookiesOf = ({ headers }: IncomingMessage): { name: string; value: string }[] =>
  (headers.cookie ?? '').split(';').map((part) => {
    const [name, ...value] = part.trim().split('=');
    return { name, value: value.join('=') };
  });

const newSecret = (): string => randomBytes(24).toString('base64url');

/** In the same time whatever is shown, and of whatever length. */
const isSame = (secret: string, shown: string): boolean => timingSafeEqual(digest(secret), digest(shown));
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
