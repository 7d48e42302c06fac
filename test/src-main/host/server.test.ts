import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import WebSocket from 'ws';
import { api, type Method } from '../../../src-main/contracts/api.ts';
import type { Answer } from '../../../src-main/contracts/errors.ts';
import { startHost, type Host } from '../../../src-main/host/server.ts';
import { classFolders, importFrom, scratchFolder } from '../services/scratch-core.ts';
import { callText, mutatedCall } from './mutated-calls.ts';
import { attackMany, randomFrom } from './raw-requests.ts';

let folder: string;
beforeEach(() => {
  folder = scratchFolder();
  process.env.FOVEA_HOME = path.join(folder, 'home');
});

interface Started extends Host {
  /** Opens once. */
  key: string;
  /** Of a browser that has signed in. */
  cookie: string;
  /** Addresses printed because a used one was tried. */
  printed: string[];
}

async function start(): Promise<Started> {
  const renderer = path.join(folder, 'renderer');
  fs.mkdirSync(path.join(renderer, 'assets'), { recursive: true });
  fs.writeFileSync(path.join(renderer, 'index.html'), '<title>Fovea</title>');
  fs.writeFileSync(path.join(renderer, 'assets', 'app-1a2b.js'), 'export {};');
  fs.writeFileSync(path.join(folder, 'secret.json'), '{"secret": true}');
  const printed: string[] = [];
  const host = await startHost({ port: 0, renderer, onUsed: (address) => printed.push(address) });
  onTestFinished(() => host.close());
  const signedIn = await get(host, `/?token=${keyOf(host.newAddress())}`);
  const cookie = signedIn.headers['set-cookie']![0].split(';')[0];
  return Object.assign(host, { key: keyOf(host.newAddress()), cookie, printed });
}
const keyOf = (address: string): string => new URL(address).searchParams.get('token')!;

interface Got {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}
/** A request exactly as given: fetch would tidy up the path and forbid some headers. */
function get(
  host: Host,
  target: string,
  headers: http.OutgoingHttpHeaders = {},
  method = 'GET',
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port: host.port, path: target, headers, method },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
      },
    );
    request.on('error', reject).end();
  });
}
const cookieOf = ({ cookie }: Started) => ({ cookie });

/** The socket once it is open, or the status with which it was refused. */
async function connect(address: string, options: WebSocket.ClientOptions = {}): Promise<WebSocket | number> {
  const socket = new WebSocket(address, options);
  onTestFinished(() => socket.terminate());
  return new Promise((resolve) => {
    socket.on('open', () => resolve(socket));
    socket.on('unexpected-response', (_, response) => resolve(response.statusCode!));
    socket.on('error', () => {});
  });
}
async function ask(socket: WebSocket, message: unknown): Promise<unknown> {
  const heard = once(socket, 'message');
  socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  return JSON.parse(String((await heard)[0]));
}
/** The answer to a call by its number, past news that come before it. */
function answerTo(socket: WebSocket, call: { id: number; method: string; input: unknown }) {
  return new Promise<Answer<unknown>>((resolve, reject) => {
    const gone = () => reject(new Error(`the socket closed at ${call.method}`));
    const onMessage = (text: WebSocket.RawData) => {
      const message = JSON.parse(String(text)) as { id?: number; answer: Answer<unknown> };
      if (message.id !== call.id) return;
      socket.off('message', onMessage).off('close', gone);
      resolve(message.answer);
    };
    socket.on('message', onMessage).once('close', gone);
    socket.send(callText(call));
  });
}

describe('who gets in', () => {
  it('is whoever has the address: the key goes for a cookie that scripts and other sites cannot use', async () => {
    const host = await start();
    const first = await get(host, `/?token=${host.key}`);
    expect(first.status).toBe(200);
    // No redirect: after one, a browser that another page led here would not send a SameSite=Strict cookie.
    expect(first.body).toMatch(/http-equiv="refresh" content="0; url=\/"/);
    expect(first.body).not.toContain(host.key);
    const cookie = first.headers['set-cookie']![0];
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    expect(cookie).not.toContain(host.key);
    const page = await get(host, '/', { cookie: cookie.split(';')[0] });
    expect([page.status, page.body]).toEqual([200, '<title>Fovea</title>']);
    expect(page.headers['content-security-policy']).toMatch(/default-src 'none'.*script-src 'self'/);
  });

  it('is nobody with an address that was used, and then a new one is printed, one at a time', async () => {
    const host = await start();
    const address = `/?token=${host.key}`;
    const first = await get(host, address);
    expect(first.status).toBe(200);
    const second = await get(host, address);
    expect([second.status, second.headers['set-cookie']]).toEqual([403, undefined]);
    expect(second.body).toMatch(/opens once.*terminal/);
    await get(host, address);
    expect(host.printed).toHaveLength(1);
    expect((await get(host, `/?token=${keyOf(host.printed[0])}`)).status).toBe(200);
    await get(host, address);
    expect(host.printed).toHaveLength(2);
    expect((await get(host, `/?token=wrong`)).status).toBe(403);
    expect(host.printed).toHaveLength(2);
  });

  it('is the browser that signed in, also with its used address and after a reload', async () => {
    const host = await start();
    const [cookie] = (await get(host, `/?token=${host.key}`)).headers['set-cookie']![0].split(';');
    expect((await get(host, `/?token=${host.key}`, { cookie })).status).toBe(200);
    expect(host.printed).toEqual([]);
    for (let reload = 0; reload < 2; reload++) expect((await get(host, '/', { cookie })).status).toBe(200);
  });

  it('is not kept out by a program that looks ahead', async () => {
    const host = await start();
    expect((await get(host, `/?token=${host.key}`, {}, 'HEAD')).status).toBe(403);
    expect((await get(host, `/?token=${host.key}`)).status).toBe(200);
  });

  it('is nobody without a key, or with another, or with the cookie of another host', async () => {
    const host = await start();
    const other = await start();
    expect((await get(host, '/')).status).toBe(403);
    expect((await get(host, '/?token=')).status).toBe(403);
    expect((await get(host, `/?token=${host.key.slice(0, -1)}!`)).status).toBe(403);
    expect((await get(host, `/?token=${other.key}`)).status).toBe(403);
    expect((await get(host, '/', cookieOf(other))).status).toBe(403);
    expect((await get(host, '/', { cookie: `fovea_${host.port}=${host.key}` })).status).toBe(403);
    expect((await get(host, '/assets/app-1a2b.js')).status).toBe(403);
  });

  it('is a browser of two hosts at once: the cookies have different names', async () => {
    const [one, two] = [await start(), await start()];
    const cookie = `${one.cookie}; ${two.cookie}`;
    expect(one.cookie.split('=')[0]).toBe(`fovea_${one.port}`);
    for (const host of [one, two]) expect((await get(host, '/', { cookie })).status).toBe(200);
    // At the near end of two tunnels from machines that use the same port, the browser's port tells them apart.
    const tunnelled = await get(one, `/?token=${one.key}`, { host: '127.0.0.1:9001' });
    expect(tunnelled.headers['set-cookie']![0]).toMatch(/^fovea_9001=/);
  });

  it.each([
    ['a foreign name that leads here', { host: 'evil.example' }],
    ['a foreign name with a local port', { host: '127.0.0.1.evil.example:80' }],
    ['a page of another site', { origin: 'http://evil.example' }],
    ['a page of another port', { origin: 'http://127.0.0.1:1' }],
    ['a page without origin', { origin: 'null' }],
  ])('is not %s, even with the key and the cookie', async (_, headers) => {
    const host = await start();
    expect((await get(host, `/?token=${host.key}`, { ...cookieOf(host), ...headers })).status).toBe(403);
    const socket = await connect(`ws://127.0.0.1:${host.port}/ws`, {
      headers: { ...cookieOf(host), ...headers },
    });
    expect(socket).toBe(403);
  });

  it('may come through a tunnel, by another port of this machine', async () => {
    const host = await start();
    for (const name of ['localhost:9000', '127.0.0.1:9000', '[::1]:9000'])
      expect((await get(host, '/', { ...cookieOf(host), host: name, origin: `http://${name}` })).status).toBe(
        200,
      );
  });
});

describe('files', () => {
  it.each([
    '/../secret.json',
    '/..%2fsecret.json',
    '/assets/..%2f..%2fsecret.json',
    '/%2e%2e/secret.json',
    '/%00',
    '/%',
    '/assets',
  ])('of %s are not sent', async (target) => {
    const host = await start();
    const got = await get(host, target, cookieOf(host));
    expect(got.status).toBe(404);
    expect(got.body).not.toContain('secret');
  });

  it('are sent for reading only', async () => {
    const host = await start();
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect((await get(host, '/', cookieOf(host), method)).status).toBe(405);
  });

  it('are asked for again each time, unless their name holds their hash', async () => {
    const host = await start();
    expect((await get(host, '/', cookieOf(host))).headers['cache-control']).toMatch(/no-cache/);
    const asset = await get(host, '/assets/app-1a2b.js', cookieOf(host));
    expect(asset.headers['cache-control']).toMatch(/immutable/);
  });

  it('of pictures are those of the open project, and sent once', async () => {
    const host = await start();
    await host.core.call('projects.create', { name: 'Animals' });
    await importFrom(host.core, await classFolders(path.join(folder, 'animals'), 1));
    const [{ id }] = await host.core.call('images.page', { offset: 0, limit: 1 });
    for (const kind of ['image', 'thumbnail']) {
      const got = await get(host, `/media/${kind}/${id}`, cookieOf(host));
      expect([got.status, got.headers['content-type']]).toEqual([200, 'image/png']);
      const again = await get(host, `/media/${kind}/${id}`, {
        ...cookieOf(host),
        'if-none-match': got.headers.etag,
      });
      expect([again.status, again.body]).toEqual([304, '']);
    }
    expect((await get(host, `/media/image/${id + 999}`, cookieOf(host))).status).toBe(404);
    expect((await get(host, '/media/image/0', cookieOf(host))).status).toBe(404);
    expect((await get(host, `/media/image/${id}`)).status).toBe(403);
  });
});

describe('the socket', () => {
  const address = (host: Host) => `ws://127.0.0.1:${host.port}/ws`;
  const open = async (host: Started) =>
    (await connect(address(host), { headers: cookieOf(host) })) as WebSocket;

  it('answers calls under their number and brings news', async () => {
    const host = await start();
    const socket = (await connect(address(host), {
      origin: `http://127.0.0.1:${host.port}`,
      headers: cookieOf(host),
    })) as WebSocket;
    expect(await ask(socket, { id: 7, method: 'projects.current', input: {} })).toEqual({
      id: 7,
      answer: { ok: true, value: null },
    });
    const heard: { event?: string }[] = [];
    socket.on('message', (text) => heard.push(JSON.parse(String(text))));
    await host.core.call('projects.create', { name: 'Animals' });
    await host.core.call('classes.create', { name: 'cat' });
    await ask(socket, { id: 8, method: 'jobs.list', input: {} });
    expect(heard.map(({ event }) => event)).toContain('project');
  });

  it('is refused without the cookie, with a key in its place, and at another path', async () => {
    const host = await start();
    expect(await connect(address(host))).toBe(403);
    expect(await connect(`${address(host)}?token=${host.key}`)).toBe(403);
    expect(await connect(`ws://127.0.0.1:${host.port}/`, { headers: cookieOf(host) })).toBe(403);
  });

  it.each([
    ['no JSON', 'hello'],
    ['no number', JSON.stringify({ method: 'jobs.list', input: {} })],
    ['null', 'null'],
    ['bytes', Buffer.from([1, 2, 3])],
  ])('ends with a client that sends %s, and serves the others on', async (_, message) => {
    const host = await start();
    const rude = await open(host);
    const polite = await open(host);
    const closed = once(rude, 'close');
    rude.send(message);
    await closed;
    expect(await ask(polite, { id: 1, method: 'jobs.list', input: {} })).toEqual({
      id: 1,
      answer: { ok: true, value: [] },
    });
  });

  it.each([
    ['the input', (deep: string) => `{"id":5,"method":"runs.start","input":{"settings":${deep}}}`],
    ['the name of the call', (deep: string) => `{"id":5,"method":${deep},"input":{}}`],
  ])('answers that %s is wrong where it is nested without end, and serves on', async (_, message) => {
    const host = await start();
    const socket = await open(host);
    for (const deep of [
      '['.repeat(200_000) + ']'.repeat(200_000),
      '{"a":'.repeat(5000) + '1' + '}'.repeat(5000),
    ])
      expect(await ask(socket, message(deep))).toMatchObject({
        id: 5,
        answer: { ok: false, error: { code: 'bad-input' } },
      });
    expect(await ask(socket, { id: 6, method: 'jobs.list', input: {} })).toMatchObject({
      answer: { ok: true },
    });
  });

  it('answers 500 calls drawn from right and wrong inputs, and none as a bug of its own', async () => {
    const host = await start();
    await host.core.call('projects.create', { name: 'Animals' });
    await importFrom(host.core, await classFolders(path.join(folder, 'animals')));
    const images = await host.core.call('images.page', { offset: 0, limit: 10 });
    const known = { imageId: images.map(({ id }) => id), classId: [1, 2] };
    // Those that read and write the project at once; the others are work of workers, and have a bench.
    const methods = (Object.keys(api) as Method[]).filter((method) =>
      /^(images|annotations|classes|splits|comparisons|jobs|methods)\./.test(method),
    );
    const random = randomFrom(7);
    const socket = await open(host);
    const strange: unknown[] = [];
    for (let id = 1; id <= 500; id++) {
      const { method, input } = mutatedCall(random, methods, known);
      const answer = await answerTo(socket, { id, method, input });
      if (!answer.ok && answer.error.code === 'internal') strange.push([method, answer.error.message]);
    }
    expect(strange).toEqual([]);
  });

  it('ends with a client whose message is larger than any right one', async () => {
    const host = await start();
    const socket = await open(host);
    const closed = once(socket, 'close');
    socket.send(Buffer.alloc(40 * 1024 * 1024, 'x').toString());
    expect((await closed)[0]).toBe(1009);
  });
});

describe('a call that nobody waits for any more', () => {
  const open = async (host: Started) =>
    (await connect(`ws://127.0.0.1:${host.port}/ws`, { headers: cookieOf(host) })) as WebSocket;
  /** Ends when it is cancelled, however fast the machine is. */
  function holdCalls(host: Host): { signal: AbortSignal }[] {
    const held: { signal: AbortSignal }[] = [];
    vi.spyOn(host.core, 'handle').mockImplementation((_method, _input, signal) => {
      held.push({ signal: signal! });
      return new Promise((resolve) =>
        signal!.addEventListener('abort', () => resolve({ ok: true, value: 'ended' })),
      );
    });
    return held;
  }

  it('is answered with an error at once, by its number', async () => {
    const host = await start();
    const socket = await open(host);
    socket.send(JSON.stringify({ id: 1, method: 'devices.list', input: {} }));
    expect(await ask(socket, { cancel: 1 })).toMatchObject({
      id: 1,
      answer: { ok: false, error: { code: 'cancelled' } },
    });
  });

  it('ends when its socket closes, and those of other clients go on', async () => {
    const host = await start();
    const [leaving, staying] = [await open(host), await open(host)];
    const held = holdCalls(host);
    leaving.send(JSON.stringify({ id: 1, method: 'explanations.map', input: {} }));
    await vi.waitUntil(() => held.length === 1);
    staying.send(JSON.stringify({ id: 1, method: 'explanations.map', input: {} }));
    await vi.waitUntil(() => held.length === 2);
    leaving.close();
    await vi.waitUntil(() => held[0].signal.aborted);
    expect(held[1].signal.aborted).toBe(false);
    expect(await ask(staying, { cancel: 1 })).toEqual({ id: 1, answer: { ok: true, value: 'ended' } });
  });
});

describe('the door', () => {
  /** What it answers, up to the end of the first line. */
  const firstLine = async (host: Host, text: string): Promise<string> => {
    const socket = net.connect(host.port, '127.0.0.1').on('error', () => {});
    onTestFinished(() => void socket.destroy());
    socket.write(text, 'latin1');
    return String((await once(socket, 'data'))[0]).split('\r\n')[0];
  };
  const upgrade = (target: string, ...headers: string[]) =>
    [
      `GET ${target} HTTP/1.1`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    ].join('\r\n') + '\r\n\r\n';

  it.each(['//', 'http://[', '*', 'http://127.0.0.1:99999999/'])(
    'answers a request and an upgrade for %s',
    async (target) => {
      const host = await start();
      const name = `Host: 127.0.0.1:${host.port}`;
      expect(await firstLine(host, `GET ${target} HTTP/1.1\r\n${name}\r\n\r\n`)).toMatch(/40[03]/);
      expect(await firstLine(host, upgrade(target, name))).toMatch(/403/);
      expect((await get(host, '/', cookieOf(host))).status).toBe(200);
    },
  );

  it('refuses a key and a cookie that are not ASCII but as long as the right ones', async () => {
    const host = await start();
    const strange = '\u00e9'.repeat(host.key.length);
    const name = `Host: 127.0.0.1:${host.port}`;
    expect(await firstLine(host, `GET /?token=${strange} HTTP/1.1\r\n${name}\r\n\r\n`)).toMatch(/40[03]/);
    expect(await firstLine(host, upgrade('/ws', name, `Cookie: fovea_${host.port}=${strange}`))).toMatch(
      /403/,
    );
    expect((await get(host, '/', cookieOf(host))).status).toBe(200);
  });

  it('outlives refused upgrades whose client is gone before it hears of it', async () => {
    const host = await start();
    for (let round = 0; round < 50; round++) {
      const socket = net.connect(host.port, '127.0.0.1').on('error', () => {});
      await once(socket, 'connect');
      socket.write(upgrade('/ws', `Host: 127.0.0.1:${host.port}`));
      socket.resetAndDestroy();
    }
    expect((await get(host, '/', cookieOf(host))).status).toBe(200);
  });

  it('outlives a thousand hostile requests and resets, before and after signing in', async () => {
    const host = await start();
    await attackMany(host.port, { seed: 1, count: 500, cookie: null });
    await attackMany(host.port, { seed: 2, count: 500, cookie: host.cookie });
    expect((await get(host, '/', cookieOf(host))).status).toBe(200);
    const socket = (await connect(`ws://127.0.0.1:${host.port}/ws`, {
      headers: cookieOf(host),
    })) as WebSocket;
    expect(await ask(socket, { id: 1, method: 'jobs.list', input: {} })).toMatchObject({
      answer: { ok: true },
    });
  });
});

describe('a port that is taken', () => {
  it('is a conflict in one line', async () => {
    const host = await start();
    await expect(startHost({ port: host.port })).rejects.toMatchObject({ code: 'conflict' });
  });
});
