// What the two custom schemes hand out, and what they do not.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appFile } from '../../../src-main/shell/app-files.ts';
import { image, type FindMedia } from '../../../src-main/shell/media.ts';
import { contentSecurityPolicy } from '../../../src-main/delivery/policy.ts';
import { isAppAddress } from '../../../src-main/shell/policy.ts';

let folder: string;
let built: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fovea-shell-'));
  built = path.join(folder, 'renderer');
  mkdirSync(path.join(built, 'assets'), { recursive: true });
  mkdirSync(path.join(folder, 'renderer-other'));
  writeFileSync(path.join(built, 'index.html'), '<!doctype html><title>Fovea</title>');
  writeFileSync(path.join(built, 'assets', 'index.js'), 'export {};');
  writeFileSync(path.join(built, 'assets', 'notes.txt'), 'not for the page');
  writeFileSync(path.join(folder, 'secret.js'), 'secret');
  writeFileSync(path.join(folder, 'renderer-other', 'secret.js'), 'secret');
  writeFileSync(path.join(folder, 'cat.png'), 'picture bytes');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('fovea://app', () => {
  it('answers the root with the page, under a policy that allows no inline script and no network', async () => {
    const answer = await appFile('fovea://app/', built);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    expect(await answer.text()).toContain('<title>Fovea</title>');
    const policy = answer.headers.get('Content-Security-Policy') ?? '';
    const directives = new Map(
      policy.split('; ').map((part) => {
        const [name = '', ...sources] = part.split(' ');
        return [name, sources];
      }),
    );
    expect(directives.get('default-src')).toEqual(["'none'"]);
    expect(directives.get('script-src')).toEqual(["'self'"]);
    expect(directives.get('style-src')).toEqual(["'self'"]);
    expect(directives.get('frame-ancestors')).toEqual(["'none'"]);
    expect(directives.get('base-uri')).toEqual(["'none'"]);
    expect(policy).not.toMatch(/https?:|wss?:|unsafe-eval|\*/);
  });

  it('answers a script with its own type, and forbids guessing another', async () => {
    const answer = await appFile('fovea://app/assets/index.js', built);
    expect(answer.headers.get('Content-Type')).toBe('text/javascript; charset=utf-8');
    expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(await answer.text()).toBe('export {};');
  });

  it.each([
    'fovea://app/../secret.js',
    'fovea://app/assets/../../secret.js',
    'fovea://app/%2e%2e/secret.js',
    'fovea://app/..%2fsecret.js',
    'fovea://app/assets/..%2f..%2fsecret.js',
    'fovea://app/..%5csecret.js',
    'fovea://app/%2e%2e%2frenderer-other/secret.js',
    'fovea://app//etc/passwd',
    'fovea://app/%00index.html',
    'fovea://app/%',
    'fovea://app/assets',
    'fovea://app/assets/notes.txt',
    'fovea://app/assets/missing.js',
    'fovea://other/index.html',
    'file:///etc/passwd',
    'not an address',
  ])('has nothing at %s', async (address) => {
    const answer = await appFile(address, built);
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain('secret');
    expect(answer.headers.get('Content-Security-Policy')).toBe(contentSecurityPolicy);
  });

  it('takes only its own origin for its own', () => {
    expect(isAppAddress('fovea://app/#/train')).toBe(true);
    for (const other of [
      'fovea://app.evil/',
      'fovea://evil/',
      'https://app/',
      'about:blank',
      '',
      'fovea:app',
    ])
      expect(isAppAddress(other), other).toBe(false);
  });
});

describe('media://', () => {
  const find: FindMedia = (kind, id) =>
    Promise.resolve(
      id === 7
        ? { file: path.join(folder, 'cat.png'), type: 'image/png' }
        : id === 8
          ? { file: path.join(folder, 'gone.png'), type: 'image/png' }
          : id === 9
            ? { file: path.join(folder, 'secret.js'), type: 'text/javascript' }
            : kind === 'thumbnail'
              ? Promise.reject(new Error('worker died'))
              : null,
    );

  it('streams a picture of a known id with its length, and lets the page read its pixels', async () => {
    const answer = await image('media://image/7?project=p-1', find);
    expect((await image('media://image/7', find)).status).toBe(200);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Content-Type')).toBe('image/png');
    expect(answer.headers.get('Content-Length')).toBe('13');
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('fovea://app');
    expect(await answer.text()).toBe('picture bytes');
  });

  it.each([
    ['an unknown id', 'media://image/1'],
    ['a picture whose file is gone', 'media://image/8'],
    ['a file that is no picture', 'media://image/9'],
    ['a failing thumbnail', 'media://thumbnail/1'],
    ['a path', 'media://image/../secret.js'],
    ['an absolute path', 'media://image//etc/passwd'],
    ['an escaped path', 'media://image/7%2f..%2fsecret.js'],
    ['a further path', 'media://image/7/secret.js'],
    ['another query', 'media://image/7?file=secret.js'],
    ['a project that is a path', 'media://image/7?project=../other'],
    ['a number too large', 'media://image/99999999999999999999'],
    ['zero', 'media://image/0'],
    ['a sign', 'media://image/-7'],
    ['another kind', 'media://checkpoint/7'],
  ])('has nothing for %s', async (_what, address) => {
    const answer = await image(address, find);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toBe('');
  });
});
