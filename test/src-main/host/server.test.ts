import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { once } from 'node:events';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { startHost, type Host } from '../../../src-main/host/server.ts';
import { classFolders, importFrom, scratchFolder } from '../services/scratch-core.ts';

let folder: string;
beforeEach(() => {
  folder = scratchFolder();
  process.env.FOVEA_HOME = path.join(folder, 'home');
});

async function start(): Promise<Host & { token: string }> {
  const renderer = path.join(folder, 'renderer');
  fs.mkdirSync(path.join(renderer, 'assets'), { recursive: true });
  fs.writeFileSync(path.join(renderer, 'index.html'), '<title>Fovea</title>');
  fs.writeFileSync(path.join(renderer, 'assets', 'app-1a2b.js'), 'export {};');
  fs.writeFileSync(path.join(folder, 'secret.json'), '{"secret": true}');
  const host = await startHost({ port: 0, renderer });
  onTestFinished(() => host.close());
  return Object.assign(host, { token: new URL(host.url).searchParams.get('token')! });
}

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
const cookieOf = (host: Host & { token: string }) => ({ cookie: `fovea_${host.port}=${host.token}` });

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

describe('who gets in', () => {
  it('is whoever has the address: the secret goes into a cookie that scripts and other sites cannot use', async () => {
    const host = await start();
    const first = await get(host, `/?token=${host.token}`);
    expect(first.status).toBe(303);
    expect(first.headers.location).toBe('/');
    const cookie = first.headers['set-cookie']![0];
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    const page = await get(host, '/', { cookie: cookie.split(';')[0] });
    expect([page.status, page.body]).toEqual([200, '<title>Fovea</title>']);
    expect(page.headers['content-security-policy']).toMatch(/default-src 'none'.*script-src 'self'/);
  });

  it('is nobody without the secret, or with another, or with the cookie of another port', async () => {
    const host = await start();
    const other = await start();
    expect((await get(host, '/')).status).toBe(403);
    expect((await get(host, '/?token=')).status).toBe(403);
    expect((await get(host, `/?token=${host.token.slice(0, -1)}x`)).status).toBe(403);
    expect((await get(host, `/?token=${other.token}`)).status).toBe(403);
    expect((await get(host, '/', cookieOf(other))).status).toBe(403);
    expect((await get(host, '/assets/app-1a2b.js')).status).toBe(403);
  });

  it.each([
    ['a foreign name that leads here', { host: 'evil.example' }],
    ['a foreign name with a local port', { host: '127.0.0.1.evil.example:80' }],
    ['a page of another site', { origin: 'http://evil.example' }],
    ['a page of another port', { origin: 'http://127.0.0.1:1' }],
    ['a page without origin', { origin: 'null' }],
  ])('is not %s, even with the secret', async (_, headers) => {
    const host = await start();
    expect((await get(host, `/?token=${host.token}`, headers)).status).toBe(403);
    const socket = await connect(`ws://127.0.0.1:${host.port}/ws?token=${host.token}`, { headers });
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
  const address = (host: Host & { token: string }) => `ws://127.0.0.1:${host.port}/ws?token=${host.token}`;

  it('answers calls under their number and brings news', async () => {
    const host = await start();
    const socket = (await connect(address(host), { origin: `http://127.0.0.1:${host.port}` })) as WebSocket;
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

  it.each([
    ['no token', (host: Host) => `ws://127.0.0.1:${host.port}/ws`],
    ['another path', (host: Host & { token: string }) => `ws://127.0.0.1:${host.port}/?token=${host.token}`],
  ])('is refused with %s', async (_, addressOf) => {
    const host = await start();
    expect(await connect(addressOf(host))).toBe(403);
  });

  it.each([
    ['no JSON', 'hello'],
    ['no number', JSON.stringify({ method: 'jobs.list', input: {} })],
    ['null', 'null'],
    ['bytes', Buffer.from([1, 2, 3])],
  ])('ends with a client that sends %s, and serves the others on', async (_, message) => {
    const host = await start();
    const rude = (await connect(address(host))) as WebSocket;
    const polite = (await connect(address(host))) as WebSocket;
    const closed = once(rude, 'close');
    rude.send(message);
    await closed;
    expect(await ask(polite, { id: 1, method: 'jobs.list', input: {} })).toEqual({
      id: 1,
      answer: { ok: true, value: [] },
    });
  });

  it('ends with a client whose message is larger than any right one', async () => {
    const host = await start();
    const socket = (await connect(address(host))) as WebSocket;
    const closed = once(socket, 'close');
    socket.send(Buffer.alloc(40 * 1024 * 1024, 'x').toString());
    expect((await closed)[0]).toBe(1009);
  });
});

describe('a port that is taken', () => {
  it('is a conflict in one line', async () => {
    const host = await start();
    await expect(startHost({ port: host.port })).rejects.toMatchObject({ code: 'conflict' });
  });
});
