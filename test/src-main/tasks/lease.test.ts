// Who works at a task: one of those who ask, and another once that one is dead.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEAD_MS, heldBy, makeLease, takeLease } from '../../../src-main/tasks/lease.ts';
import { scratchFolder } from '../storage/scratch.ts';

function folderWithLease(): string {
  const folder = scratchFolder();
  makeLease(folder);
  return folder;
}
const beatIn = (folder: string): string => {
  const name = fs.readdirSync(folder).find((one) => one.startsWith('heartbeat.'));
  return path.join(folder, name!);
};

describe('a lease', () => {
  it('is held by one at a time, who can say how far it is', () => {
    const folder = folderWithLease();
    const mine = takeLease(folder)!;
    expect(mine.beat('epoch 3')).toBe(true);
    expect(takeLease(folder)).toBeNull();
    expect(heldBy(folder)).toMatch(/: epoch 3$/);
    mine.release();
    expect([heldBy(folder), fs.readdirSync(folder)]).toEqual([null, ['free']]);
    expect(takeLease(folder)).not.toBeNull();
  });

  it('is taken at once from a process of this machine that was killed', () => {
    const folder = folderWithLease();
    const lease = new URL('../../../src-main/tasks/lease.ts', import.meta.url).href;
    const code = `import(${JSON.stringify(lease)}).then(({ takeLease }) => { takeLease(${JSON.stringify(folder)}); process.kill(process.pid, 'SIGKILL'); })`;
    expect(spawnSync(process.execPath, ['-e', code]).signal).toBe('SIGKILL');
    expect(heldBy(folder)).not.toBeNull();
    expect(takeLease(folder)).not.toBeNull();
    expect(fs.readdirSync(folder).filter((name) => name.startsWith('taken.'))).toHaveLength(1);
  });

  it('of another machine is taken once that has been silent for long, and the first owner learns of it', () => {
    const folder = folderWithLease();
    const theirs = takeLease(folder)!;
    const file = beatIn(folder);
    fs.writeFileSync(file, JSON.stringify({ host: 'elsewhere', pid: 1, began: '', note: 'epoch 1' }));
    expect(takeLease(folder)).toBeNull();
    const long = (Date.now() - DEAD_MS - 5000) / 1000;
    fs.utimesSync(file, long, long);
    const mine = takeLease(folder)!;
    expect(mine.beat('')).toBe(true);
    expect(theirs.beat('')).toBe(false);
    theirs.release();
    expect(mine.beat('')).toBe(true);
  });

  it('goes to one of many that ask at once', async () => {
    const folder = folderWithLease();
    const lease = new URL('../../../src-main/tasks/lease.ts', import.meta.url).href;
    const code = `import(${JSON.stringify(lease)}).then(({ takeLease }) => { process.stdout.write(takeLease(${JSON.stringify(folder)}) ? 'mine' : 'no'); setTimeout(() => {}, 3000); })`;
    const { spawn } = await import('node:child_process');
    const said = await Promise.all(
      Array.from({ length: 6 }, () => {
        const child = spawn(process.execPath, ['-e', code]);
        return new Promise<string>((resolve) =>
          child.stdout.once('data', (bytes: Buffer) => {
            resolve(bytes.toString());
            setTimeout(() => child.kill('SIGKILL'), 1500);
          }),
        );
      }),
    );
    expect(said.filter((one) => one === 'mine')).toHaveLength(1);
  }, 60_000);
});
