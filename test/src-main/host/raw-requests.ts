// Hostile traffic, drawn from a seed: requests and upgrades that are no HTTP, name no address, carry what no
// header may, are cut anywhere, and connections that are reset in the middle, with and without the cookie of
// a browser that has signed in.

import net from 'node:net';
import { once } from 'node:events';

/** mulberry32: the same numbers for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Random = () => number;
const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)];
const bytes = (random: Random, count: number): string =>
  Array.from({ length: count }, () => String.fromCharCode(Math.floor(random() * 256))).join('');

const targets = [
  ...['/', '//', '///', '//evil/', '/\\', 'http://[', 'http://[::1', 'http://', '*', '', '/ws', '/ws?token='],
  ...[
    '/?token=',
    '/?token=é',
    '/?token=%',
    '/?token=%ff%fe',
    '/?token=a&token=b',
    '/?%',
    '/%',
    '/%00',
    '/..',
  ],
  ...[
    '/media/image/1',
    '/media/image/',
    '/media/thumbnail/99999999999999999999',
    '/media/image/1?project=../',
  ],
  ...[
    '/assets/',
    '/assets/%2e%2e/%2e%2e/etc/passwd',
    '/index.html?',
    '/?token=' + 'x'.repeat(9000),
    '/#',
    ':0',
  ],
  ...['http://127.0.0.1:1/ws', 'https://[::1]:99999/', '/ws/../ws', '/\u00e9', '/ws#', '/ws?\u0080'],
];
const methods = [
  'GET',
  'GET',
  'GET',
  'HEAD',
  'POST',
  'OPTIONS',
  'CONNECT',
  'TRACE',
  'PRI',
  'get',
  'M-SEARCH',
  '',
];
const hosts = [
  '127.0.0.1:1',
  'localhost',
  '[::1]:4600',
  'evil.example',
  '127.0.0.1:999999',
  '',
  '[',
  '\u00e9',
];

interface RawRequest {
  /** Latin-1. */
  text: string;
  /** How the client leaves: by FIN, by RST at once, by RST after an answer began, or after more bytes. */
  leaves: 'end' | 'reset' | 'reset-later' | 'more';
  more: string;
}

/** @param cookie  of a browser that has signed in; used by half of the requests if given */
function rawRequest(random: Random, port: number, cookie: string | null): RawRequest {
  const leaves = pick(random, ['end', 'reset', 'reset-later', 'more'] as const);
  if (random() < 0.08)
    return { text: bytes(random, Math.floor(random() * 300)), leaves, more: bytes(random, 50) };
  const isUpgrade = random() < 0.45;
  const headers: string[] = [];
  headers.push(`Host: ${random() < 0.6 ? `127.0.0.1:${port}` : pick(random, hosts)}`);
  if (random() < 0.3)
    headers.push(`Origin: ${pick(random, [`http://127.0.0.1:${port}`, 'null', 'http://[', '', '\u00ff'])}`);
  if (cookie !== null && random() < 0.5) headers.push(`Cookie: ${cookie}`);
  else if (random() < 0.4)
    headers.push(
      `Cookie: ${pick(random, [
        `fovea_${port}=`,
        `fovea_${port}=${bytes(random, 32).replaceAll(/[\r\n\0]/g, 'x')}`,
        `fovea_${port}=${'\u00e9'.repeat(32)}`,
        '=;=;;;',
        `fovea_${port}`,
        'x'.repeat(7000),
      ])}`,
    );
  if (isUpgrade) {
    headers.push('Connection: Upgrade');
    headers.push(`Upgrade: ${pick(random, ['websocket', 'websocket', 'websocket', 'h2c', '', '\u00e9'])}`);
    if (random() < 0.8) headers.push(`Sec-WebSocket-Version: ${pick(random, ['13', '13', '8', '99', 'x'])}`);
    if (random() < 0.8)
      headers.push(`Sec-WebSocket-Key: ${pick(random, ['dGhlIHNhbXBsZSBub25jZQ==', 'x', '', '\u00e9'])}`);
    if (random() < 0.2)
      headers.push(`Sec-WebSocket-Extensions: ${pick(random, ['permessage-deflate', ';;', '"'])}`);
    if (random() < 0.2) headers.push(`Sec-WebSocket-Protocol: ${pick(random, ['a', 'a,a', ',', '\u00e9'])}`);
  }
  if (random() < 0.1)
    headers.push(`Content-Length: ${pick(random, ['5', '-1', '99999999999999999999', 'x'])}`);
  if (random() < 0.1) headers.push('Transfer-Encoding: chunked');
  if (random() < 0.05) headers.push(`Expect: ${pick(random, ['100-continue', 'x'])}`);
  if (random() < 0.1) headers.push(`If-None-Match: ${pick(random, ['"', '*', '\u00ff'])}`);
  if (random() < 0.05) headers.push(bytes(random, 40));
  if (random() < 0.03) headers.push(`X: ${'y'.repeat(20_000)}`);
  const target = isUpgrade && random() < 0.6 ? '/ws' : pick(random, targets);
  const version = pick(random, ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/9.9', '']);
  const whole = `${pick(random, isUpgrade ? ['GET'] : methods)} ${target} ${version}\r\n${headers.join('\r\n')}\r\n\r\n`;
  const text = random() < 0.1 ? whole.slice(0, Math.floor(random() * whole.length)) : whole;
  return { text, leaves, more: frames(random) };
}

/** What follows a handshake: frames that are unmasked, too long, cut, of no kind, or calls that are none. */
function frames(random: Random): string {
  const masked = (payload: string, first = 0x81): string => {
    const size =
      payload.length < 126
        ? String.fromCharCode(0x80 | payload.length)
        : String.fromCharCode(0xfe, payload.length >> 8, payload.length & 255);
    return `${String.fromCharCode(first)}${size}\0\0\0\0${payload}`;
  };
  return pick(random, [
    () => bytes(random, 60),
    () => masked('{"id":1,"method":"jobs.list","input":{}}'),
    () => masked('{"id":1'),
    () => masked('null'),
    () => masked('\u00ff\u00fe'),
    () =>
      masked(`{"id":1,"method":${JSON.stringify(bytes(random, 20))}}`.replaceAll(/[\u0080-\u00ff]/g, '?')),
    () => masked('['.repeat(20_000)),
    () =>
      masked(
        `{"id":1,"method":"settings.set","input":{"key":"a","value":${'['.repeat(9000)}${']'.repeat(9000)}}}`,
      ),
    () => masked('bytes', 0x82),
    () => masked('x', 0x83),
    () => masked('x'.repeat(200), 0x89),
    () => masked('\u0003\u00e9', 0x88),
    () => masked('x', 0x01) + masked('y', 0x01),
    () => '\u0081\u00ff\u007f\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\0\0\0\0',
    () => '\u0081\u0005hello',
  ])();
}

/** Sends one and leaves; never fails, whatever the other side does. */
async function attack(port: number, { text, leaves, more }: RawRequest): Promise<void> {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  try {
    await once(socket, 'connect');
  } catch {
    return;
  }
  socket.resume();
  socket.write(text, 'latin1');
  if (leaves === 'reset') socket.resetAndDestroy();
  else if (leaves === 'end') {
    socket.end();
    await Promise.race([closed, wait(50)]);
  } else {
    await Promise.race([new Promise((resolve) => socket.once('data', resolve)), closed, wait(20)]);
    if (leaves === 'more' && socket.writable) {
      socket.write(more, 'latin1');
      await Promise.race([closed, wait(20)]);
    }
    if (!socket.destroyed) socket.resetAndDestroy();
  }
  socket.destroy();
  await closed;
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Many, so many side by side. @param cookie  see rawRequest */
export async function attackMany(
  port: number,
  {
    seed,
    count,
    cookie,
    atOnce = 32,
  }: { seed: number; count: number; cookie: string | null; atOnce?: number },
): Promise<void> {
  const random = randomFrom(seed);
  let left = count;
  const one = async () => {
    while (left-- > 0) await attack(port, rawRequest(random, port, cookie));
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}
