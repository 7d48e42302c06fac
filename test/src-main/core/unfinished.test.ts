import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { tidyUnfinished, writeFolderWhole } from '../../../src-main/core/unfinished.ts';
import { scratchFolder } from '../storage/scratch.ts';

const module = new URL('../../../src-main/core/unfinished.ts', import.meta.url).href;

/** Ends itself in the middle of writing, or before the last of what is written is moved. */
function killed(data: string, folder: string, isWritten: boolean): void {
  const script = `
    import fs from 'node:fs';
    import path from 'node:path';
    import { writeFolderWhole } from ${JSON.stringify(module)};
    const rename = fs.renameSync;
    fs.renameSync = (from, to) => {
      if (path.basename(to) === 'b.txt') process.kill(process.pid, 'SIGKILL');
      rename(from, to);
    };
    await writeFolderWhole(${JSON.stringify(data)}, ${JSON.stringify(folder)}, async (inner) => {
      for (const name of ['a.txt', 'b.txt', 'c.txt']) fs.writeFileSync(path.join(inner, name), name);
      if (!${isWritten}) process.kill(process.pid, 'SIGKILL');
    });`;
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
  expect(signal).toBe('SIGKILL');
}

describe('a folder that is written for a person', () => {
  it('is there as a whole, or not at all', async () => {
    const data = scratchFolder();
    const folder = path.join(data, 'out');
    await writeFolderWhole(data, folder, async (inner) => fs.writeFileSync(path.join(inner, 'a.txt'), 'a'));
    expect(fs.readdirSync(folder)).toEqual(['a.txt']);
    const other = path.join(data, 'other');
    const failed = writeFolderWhole(data, other, async (inner) => {
      fs.writeFileSync(path.join(inner, 'a.txt'), 'a');
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(fs.existsSync(other)).toBe(false);
    expect(fs.readdirSync(path.join(data, 'unfinished'))).toEqual([]);
  });

  it.each([true, false])(
    'of a process that was killed is removed at the next start (was there before: %s)',
    (isTheirs) => {
      const data = scratchFolder();
      const folder = path.join(data, 'out');
      if (isTheirs) fs.mkdirSync(folder);
      killed(data, folder, false);
      expect(fs.readdirSync(folder)).toEqual(['.unfinished-export']);
      tidyUnfinished(data);
      expect(fs.existsSync(folder)).toBe(isTheirs);
      if (isTheirs) expect(fs.readdirSync(folder)).toEqual([]);
      expect(fs.readdirSync(path.join(data, 'unfinished'))).toEqual([]);
    },
  );

  it('of a process that was killed in the last step is brought to its end', () => {
    const data = scratchFolder();
    const folder = path.join(data, 'out');
    killed(data, folder, true);
    expect(fs.existsSync(path.join(folder, 'b.txt'))).toBe(false);
    tidyUnfinished(data);
    expect(fs.readdirSync(folder).sort()).toEqual(['a.txt', 'b.txt', 'c.txt']);
  });
});
