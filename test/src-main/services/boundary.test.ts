import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { api, type Method } from '../../../src-main/contracts/api.ts';
import { classFolders, importFrom, refusal, scratchFolder, startCore } from './scratch-core.ts';

describe('the boundary', () => {
  it('answers every call, whatever is sent to it, and throws nothing', async () => {
    const core = startCore(path.join(scratchFolder(), 'home'));
    const nonsense = [
      undefined,
      null,
      0,
      'text',
      [],
      {},
      { id: -1 },
      { id: 'x'.repeat(1e5) },
      { offset: 1e99 },
    ];
    const skipped: Method[] = ['sample.open', 'app.info'];
    for (const method of Object.keys(api) as Method[]) {
      if (skipped.includes(method)) continue;
      for (const input of nonsense) {
        const answer = await core.handle(method, input);
        if (!answer.ok) expect(answer.error.code, `${method} ${answer.error.message}`).not.toBe('internal');
      }
    }
  });

  it.each([['no.such.call'], ['__proto__'], ['constructor'], [42], [null], [{}]])(
    'knows no call %j',
    async (method) => {
      const core = startCore(path.join(scratchFolder(), 'home'));
      expect(await core.handle(method, {})).toMatchObject({ ok: false, error: { code: 'bad-input' } });
    },
  );

  it('says in one line which field is wrong', async () => {
    const core = startCore(path.join(scratchFolder(), 'home'));
    const answer = await core.handle('images.page', { offset: 0, limit: 501 });
    expect(answer).toMatchObject({
      ok: false,
      error: { message: 'images.page: limit must be 500 or less', detail: { place: 'limit' } },
    });
  });

  it('refuses class names that are empty, of several lines, too long or taken', async () => {
    const core = startCore(path.join(scratchFolder(), 'home'));
    await core.call('projects.create', { name: 'Animals' });
    await core.call('classes.create', { name: 'cat' });
    for (const name of ['', '   ', 'two\nlines', 'x'.repeat(10_000)])
      expect(await refusal(core, 'classes.create', { name })).toBe('bad-input');
    expect(await refusal(core, 'classes.create', { name: ' cat ' })).toBe('conflict');
    expect((await core.call('projects.current', {}))!.classes.map(({ name }) => name)).toEqual(['cat']);
  });

  it('never names a path of this machine to a client that asks for pictures', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    await core.call('projects.create', { name: 'Animals' });
    const source = await classFolders(path.join(folder, 'animals'));
    await importFrom(core, source);
    const [{ id }] = await core.call('images.page', { offset: 0, limit: 1 });
    const seen = JSON.stringify([
      await core.call('images.page', { offset: 0, limit: 10 }),
      await core.call('images.get', { id }),
      await core.call('runs.preview', {}),
    ]);
    expect(seen).not.toContain(folder);
  });
});

describe('the folder browser', () => {
  function browser() {
    const folder = fs.realpathSync(scratchFolder());
    const roots = path.join(folder, 'allowed');
    fs.mkdirSync(path.join(roots, 'inner'), { recursive: true });
    fs.mkdirSync(path.join(folder, 'secret'));
    fs.writeFileSync(path.join(roots, 'b.json'), '{}');
    fs.writeFileSync(path.join(roots, '.hidden'), '');
    fs.symlinkSync(path.join(folder, 'secret'), path.join(roots, 'way-out'));
    fs.symlinkSync(path.join(roots, 'inner'), path.join(roots, 'way-in'));
    return { folder, roots };
  }

  it('lists allowed folders, folders first, without hidden files and links that lead out', async () => {
    const { folder, roots } = browser();
    const { openFiles } = await import('../../../src-main/core/file-refs.ts');
    const files = openFiles([roots]);
    const top = files.browse(null);
    expect(top).toMatchObject({ ref: null, parent: null, entries: [{ name: roots, kind: 'folder' }] });
    const listing = files.browse(top.entries[0].ref);
    expect(listing.entries.map(({ name, kind }) => [name, kind])).toEqual([
      ['inner', 'folder'],
      ['way-in', 'folder'],
      ['b.json', 'file'],
    ]);
    expect(listing.parent).toBeNull();
    // References tell nothing.
    for (const { ref } of listing.entries) expect(ref).not.toContain('inner');
    const inner = files.browse(listing.entries[0].ref);
    expect(files.resolve(inner.parent!)).toBe(roots);
    expect(files.browse(listing.entries[1].ref).entries).toEqual([]);
    expect(fs.existsSync(path.join(folder, 'secret'))).toBe(true);
  });

  it('refuses a folder that was replaced by a link that leads out after it was listed', async () => {
    const { folder, roots } = browser();
    const { openFiles } = await import('../../../src-main/core/file-refs.ts');
    const files = openFiles([roots]);
    const inner = files.browse(files.browse(null).entries[0].ref).entries[0];
    fs.rmSync(path.join(roots, 'inner'), { recursive: true });
    fs.symlinkSync(path.join(folder, 'secret'), path.join(roots, 'inner'));
    for (const attempt of [() => files.browse(inner.ref), () => files.resolve(inner.ref)])
      expect(attempt).toThrow(expect.objectContaining({ code: 'refused' }));
  });

  it('says of a path that was typed that nothing is there, and of a listed one that it went', async () => {
    const { roots } = browser();
    const { openFiles } = await import('../../../src-main/core/file-refs.ts');
    const files = openFiles([roots]);
    const typed = path.join(roots, 'never');
    expect(() => files.resolve(files.refer(typed))).toThrow(`there is no ${typed}`);
    const inner = files.browse(files.browse(null).entries[0].ref).entries[0];
    fs.rmSync(path.join(roots, 'inner'), { recursive: true });
    expect(() => files.resolve(inner.ref)).toThrow('inner is not there any more');
  });

  it('takes no path for a reference', async () => {
    const { roots } = browser();
    const core = startCore(path.join(scratchFolder(), 'home'));
    for (const folder of [roots, '/etc', '..', `${roots}/..`])
      expect(await refusal(core, 'files.browse', { folder: folder as never })).toBe('refused');
    expect(await refusal(core, 'projects.open', { folder: '/etc' as never })).toBe('refused');
  });

  it('counts what it leaves out of a very large folder', async () => {
    const { openFiles } = await import('../../../src-main/core/file-refs.ts');
    const folder = fs.realpathSync(scratchFolder());
    for (let index = 0; index < 1010; index++) fs.writeFileSync(path.join(folder, `${index}.txt`), '');
    const files = openFiles([folder]);
    const listing = files.browse(files.browse(null).entries[0].ref);
    expect([listing.entries.length, listing.left]).toEqual([1000, 10]);
    expect(listing.entries[10].name).toBe('10.txt');
  });
});
