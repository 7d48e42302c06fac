import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { toErrorRecord } from '../../../src-main/contracts/errors.ts';
import { makeFolder, writeFileWhole, writeFileWholeSync } from '../../../src-main/files/write-file.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fovea-files-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

/** What a person is told of what the work throws. */
async function errorOf(work: () => unknown): Promise<{ code: string; message: string }> {
  try {
    await work();
  } catch (thrown) {
    return toErrorRecord(thrown);
  }
  throw new Error('nothing was thrown');
}
const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
  code: 'ENOSPC',
  syscall: 'write',
  errno: -28,
});

describe('writing a file whole', () => {
  it('puts the parts one after the other, in place of what was there', async () => {
    const file = path.join(folder, 'whole.bin');
    fs.writeFileSync(file, 'old');
    await writeFileWhole(file, ['a', Buffer.from('bc')]);
    expect(fs.readFileSync(file, 'utf8')).toBe('abc');
    writeFileWholeSync(file, 'd');
    expect(fs.readFileSync(file, 'utf8')).toBe('d');
  });

  it('leaves the old file and nothing beside it where the disk gets full in the middle', async () => {
    const place = path.join(folder, 'full');
    fs.mkdirSync(place);
    const file = path.join(place, 'model.onnx');
    fs.writeFileSync(file, 'old');
    const open = fs.promises.open;
    vi.spyOn(fs.promises, 'open').mockImplementation(async (...args) => {
      const handle = await open(...args);
      let parts = 0;
      const write = handle.writeFile.bind(handle);
      handle.writeFile = async (...content) => {
        if (++parts === 2) throw full;
        await write(...content);
      };
      return handle;
    });
    const error = await errorOf(() => writeFileWhole(file, ['new', 'more']));
    expect(error).toMatchObject({
      code: 'unavailable',
      message: 'the disk is full: model.onnx cannot be written',
    });
    expect(fs.readdirSync(place)).toEqual(['model.onnx']);
    expect(fs.readFileSync(file, 'utf8')).toBe('old');

    vi.spyOn(fs, 'renameSync').mockImplementation(() => {
      throw full;
    });
    expect((await errorOf(() => writeFileWholeSync(file, 'new'))).code).toBe('unavailable');
    expect(fs.readdirSync(place)).toEqual(['model.onnx']);
  });

  it('says what is wrong with a place in one line, and names the place', async () => {
    fs.mkdirSync(path.join(folder, 'dir.png'));
    fs.writeFileSync(path.join(folder, 'file'), '');
    const at = (...parts: string[]) => errorOf(() => writeFileWhole(path.join(folder, ...parts), ['x']));
    expect(await at('dir.png')).toMatchObject({
      code: 'bad-input',
      message: 'dir.png is a folder where a file should be',
    });
    const long = await at(`${'a'.repeat(300)}.png`);
    expect(long.code).toBe('bad-input');
    expect(long.message).toMatch(/^the name a{60}… \(304 characters\) is too long$/);
    expect(await at('gone', 'x.png')).toMatchObject({ code: 'not-found', message: 'there is no gone' });
    expect(await at('file', 'x.png')).toMatchObject({ code: 'bad-input' });
    expect(fs.readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('removes what a killed process had begun to write in the same place, and lets a living one write on', async () => {
    const place = path.join(folder, 'killed');
    fs.mkdirSync(place);
    const file = path.join(place, 'last.ckpt');
    const module = new URL('../../../src-main/files/write-file.ts', import.meta.url).href;
    const endless = `const { writeFileWhole } = await import(${JSON.stringify(module)});
      function* parts() { yield 'half'; process.kill(process.pid, 'SIGKILL'); yield 'never'; }
      await writeFileWhole(${JSON.stringify(file)}, parts());`;
    spawnSync(process.execPath, ['--input-type=module', '-e', endless]);
    const [left] = fs.readdirSync(place);
    expect(left).toMatch(/^\.[0-9a-f]{12}\.\d+\.new$/);
    const inFlight = left.replace(/\d+\.new$/, `${process.ppid}.new`);
    fs.writeFileSync(path.join(place, inFlight), '');
    await writeFileWhole(file, ['whole']);
    expect(fs.readdirSync(place).sort()).toEqual([inFlight, 'last.ckpt']);
  });
});

describe('making a folder', () => {
  it('makes those above it, and takes one that is there', () => {
    const deep = path.join(folder, 'a', 'b', 'c');
    makeFolder(deep);
    makeFolder(deep);
    expect(fs.statSync(deep).isDirectory()).toBe(true);
  });

  it('refuses a link that leads nowhere, and a file in its place', async () => {
    const link = path.join(folder, 'link');
    fs.symlinkSync(path.join(folder, 'nowhere'), link);
    const file = path.join(folder, 'plain');
    fs.writeFileSync(file, '');
    for (const [place, name] of [
      [link, 'link is a link that leads nowhere'],
      [file, 'plain is a file where a folder should be'],
    ]) {
      expect(await errorOf(() => makeFolder(place))).toMatchObject({ code: 'bad-input', message: name });
      expect((await errorOf(() => makeFolder(path.join(place, 'p')))).code).toBe('bad-input');
    }
  });

  it.runIf(process.platform === 'linux')(
    'comes back from /proc, where a recursive mkdir never does',
    async () => {
      expect((await errorOf(() => makeFolder('/proc/none/p'))).code).not.toBe('internal');
    },
  );
});

describe('what the system refuses', () => {
  it('is an error with a line of its own, while a bug stays a bug', () => {
    const thrownBy = (work: () => unknown): unknown => {
      try {
        return work();
      } catch (thrown) {
        return thrown;
      }
    };
    expect(toErrorRecord(thrownBy(() => fs.readFileSync(path.join(folder, 'none.txt'))))).toEqual({
      code: 'not-found',
      message: 'there is no none.txt',
      detail: { file: 'none.txt', reason: 'ENOENT' },
    });
    expect(toErrorRecord(full).code).toBe('unavailable');
    expect(toErrorRecord(new TypeError('x is undefined')).code).toBe('internal');
    expect(toErrorRecord(Object.assign(new Error('odd'), { code: 'EODD', syscall: 'odd' })).code).toBe(
      'internal',
    );
  });
});
