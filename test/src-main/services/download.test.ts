import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { download, type DownloadOptions } from '../../../src-main/services/download.ts';
import { scratchFolder } from '../storage/scratch.ts';

const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251));
const sha256 = createHash('sha256').update(content).digest('hex');
const tag = '"v1"';

/** A server for one test: its address, and the ranges that were asked for. */
async function serve(
  answer: (request: IncomingMessage, response: ServerResponse, number: number) => void,
): Promise<{ address: string; ranges: (string | undefined)[]; server: Server }> {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response, ranges.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/w`, ranges, server };
}

/** Answers as web servers do, ranges and all. */
function give(
  request: IncomingMessage,
  response: ServerResponse,
  headers: Record<string, string> = {},
): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const changed = request.headers['if-range'] !== undefined && request.headers['if-range'] !== tag;
  const start = changed ? 0 : from;
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': content.length - start,
    etag: tag,
    ...(start > 0 && { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
    ...headers,
  });
  response.end(content.subarray(start));
}

/** Sends a beginning, and breaks the line once some of it has arrived. */
function breakOff(response: ServerResponse, count: number): void {
  response.writeHead(200, { 'content-length': content.length, etag: tag });
  response.write(content.subarray(0, count));
  arrived = () => response.destroy();
}
let arrived: () => void = () => {};

const asked = (address: string, more: Partial<DownloadOptions> = {}): DownloadOptions => ({
  address,
  file: path.join(scratchFolder(), 'w.safetensors'),
  name: 'w',
  maxBytes: 1_000_000,
  sha256,
  signal: new AbortController().signal,
  onProgress: (done) => done > 0 && arrived(),
  ...more,
});
const filesBeside = (file: string) => fs.readdirSync(path.dirname(file)).sort();

describe('a download', () => {
  it('gives the file its name when all has come and its hash is right', async () => {
    const { address } = await serve((request, response) => give(request, response));
    const progress: number[] = [];
    const options = asked(address, { onProgress: (done, total) => progress.push(done / total) });
    expect(await download(options)).toBe(sha256);
    expect(fs.readFileSync(options.file).equals(content)).toBe(true);
    expect(filesBeside(options.file)).toEqual(['w.safetensors']);
    expect(progress.at(-1)).toBe(1);
  });

  it('goes on where it broke off', async () => {
    const { address, ranges } = await serve((request, response, number) =>
      number === 1 ? breakOff(response, 100_000) : give(request, response),
    );
    const options = asked(address);
    await expect(download(options)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/broke off after \d+ bytes; ask for it again to go on/),
    });
    const have = fs.statSync(`${options.file}.part`).size;
    expect(have).toBeGreaterThan(0);
    await download(options);
    expect(ranges).toEqual([undefined, `bytes=${have}-`]);
    expect(fs.readFileSync(options.file).equals(content)).toBe(true);
  });

  it('begins anew when the server has another file by now, or does not know of parts', async () => {
    for (const second of ['changed', 'no ranges'] as const) {
      const { address } = await serve((request, response, number) => {
        if (number === 1) return breakOff(response, 100_000);
        if (second === 'no ranges') delete request.headers.range;
        else request.headers['if-range'] = '"v0"';
        give(request, response);
      });
      const options = asked(address);
      await expect(download(options)).rejects.toThrow('broke off');
      await download(options);
      expect(fs.readFileSync(options.file).equals(content)).toBe(true);
    }
  });

  it('never joins parts of different addresses', async () => {
    const { address, ranges } = await serve((request, response, number) =>
      number === 1 ? breakOff(response, 100_000) : give(request, response),
    );
    const options = asked(address);
    await expect(download(options)).rejects.toThrow('broke off');
    await download({ ...options, address: `${address}/other` });
    expect(ranges).toEqual([undefined, undefined]);
  });

  it('keeps nothing of a file whose hash is wrong', async () => {
    const { address } = await serve((request, response) => give(request, response));
    const options = asked(address, { sha256: '0'.repeat(64) });
    await expect(download(options)).rejects.toMatchObject({
      code: 'bad-file',
      detail: { reason: `its SHA-256 is ${sha256}, not ${'0'.repeat(64)}; nothing was kept` },
    });
    expect(filesBeside(options.file)).toEqual([]);
  });

  it('follows redirects and holds the file to the hash that a server on the way states', async () => {
    const to = await serve((request, response) => give(request, response));
    const right = await serve((_, response) =>
      response.writeHead(302, { location: to.address, 'x-linked-etag': `"${sha256}"` }).end(),
    );
    expect(await download(asked(right.address, { sha256: null }))).toBe(sha256);
    const wrong = await serve((_, response) =>
      response.writeHead(302, { location: to.address, 'x-linked-etag': `"${'1'.repeat(64)}"` }).end(),
    );
    await expect(download(asked(wrong.address, { sha256: null }))).rejects.toThrow('another content');
  });

  it('tells the token to the host it was given for, and to no host that this one leads to', async () => {
    const tokens: (string | undefined)[] = [];
    const to = await serve((request, response) => {
      tokens.push(request.headers.authorization);
      give(request, response);
    });
    const hub = await serve((request, response) => {
      tokens.push(request.headers.authorization);
      response.writeHead(302, { location: request.url === '/w' ? '/again' : to.address }).end();
    });
    await download(asked(hub.address, { token: 'secret' }));
    expect(tokens).toEqual(['Bearer secret', 'Bearer secret', undefined]);
  });

  it('is refused without any hash, beyond its size, over other protocols and after many redirects', async () => {
    const plain = await serve((request, response) => give(request, response));
    await expect(download(asked(plain.address, { sha256: null }))).rejects.toThrow('states no SHA-256');
    await expect(download(asked(plain.address, { maxBytes: 1000 }))).rejects.toThrow(
      'larger than the 1000 bytes',
    );
    const file = await serve((_, response) =>
      response.writeHead(302, { location: 'file:///etc/hosts' }).end(),
    );
    await expect(download(asked(file.address))).rejects.toThrow('is no http or https address');
    const loop = await serve((_, response) => response.writeHead(302, { location: '/again' }).end());
    await expect(download(asked(loop.address))).rejects.toThrow('too many redirects');
    const gone = await serve((_, response) => response.writeHead(404).end());
    await expect(download(asked(gone.address))).rejects.toMatchObject({ code: 'not-found' });
  });

  it('without a network is one clear line', async () => {
    const { address, server } = await serve(() => {});
    await new Promise((resolve) => server.close(resolve));
    await expect(download(asked(address))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^w cannot be downloaded: 127\.0\.0\.1:\d+ cannot be reached$/),
      detail: { reason: 'ECONNREFUSED' },
    });
  });

  it('that is cancelled keeps what has come', async () => {
    const { address } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': content.length, etag: tag });
      response.write(content.subarray(0, 50_000));
    });
    const abort = new AbortController();
    const options = asked(address, {
      signal: abort.signal,
      onProgress: (done) => {
        if (done > 0) abort.abort();
      },
    });
    await expect(download(options)).rejects.toMatchObject({ code: 'cancelled' });
    expect(fs.statSync(`${options.file}.part`).size).toBeGreaterThan(0);
  });
});

describe.skipIf(process.platform === 'win32')('a download onto a full disk', () => {
  it('says so, and does not blame the network', async () => {
    const { address } = await serve((request, response) => give(request, response));
    const module = new URL('../../../src-main/services/download.ts', import.meta.url).href;
    const program = `const { download } = await import(${JSON.stringify(module)});
      const { toErrorRecord } = await import(${JSON.stringify(new URL('../contracts/errors.ts', module).href)});
      const [address, file] = process.argv.slice(1);
      await download({ address, file, name: 'w', maxBytes: 1e6, sha256: ${JSON.stringify(sha256)},
        signal: new AbortController().signal, onProgress() {} })
        .catch((error) => console.log(JSON.stringify(toErrorRecord(error))));`;
    const file = path.join(scratchFolder(), 'w.safetensors');
    // Files of at most 64 kB: what a full disk is to a program, without being root.
    const limited = `trap '' XFSZ; ulimit -f 64; exec "$@"`;
    const args = ['-c', limited, '-', process.execPath, '--input-type=module', '-e', program, address, file];
    const { stdout } = await promisify(execFile)('bash', args);
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/disk/),
    });
    expect(fs.existsSync(file)).toBe(false);
  });
});
