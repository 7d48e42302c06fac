import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint, writeCheckpoint } from '../../../../src-main/engine/data/checkpoint.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fovea-checkpoint-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shapes = [
  { name: 'a/weight', shape: [2, 3] },
  { name: 'b', shape: [] },
];
const tensors = new Map([
  ['a/weight', Float32Array.of(1, -2, 3.25, 1e-38, Math.fround(0.1), -0)],
  ['b', Float32Array.of(7)],
]);

describe('checkpoint files', () => {
  it('give back every bit of the tensors and the record', async () => {
    const file = path.join(folder, 'whole.ckpt');
    await writeCheckpoint(file, shapes, tensors, { note: 'grün', seconds: 0.1 + 0.2 });
    const { tensors: read, record } = await readCheckpoint(file);
    expect([...read.keys()]).toEqual(['a/weight', 'b']);
    for (const [name, values] of tensors)
      expect(Buffer.from(read.get(name)!.buffer)).toEqual(Buffer.from(values.buffer));
    expect(record).toEqual({ note: 'grün', seconds: 0.30000000000000004 });
  });

  it('are refused by file and reason after any single damaged byte or a cut', async () => {
    const file = path.join(folder, 'damaged.ckpt');
    await writeCheckpoint(file, shapes, tensors, {});
    const whole = readFileSync(file);
    for (const at of [0, 20, 41, 60, whole.length - 1]) {
      const damaged = Buffer.from(whole);
      damaged[at] ^= 1;
      writeFileSync(file, damaged);
      await expect(readCheckpoint(file)).rejects.toMatchObject({
        code: 'bad-file',
        message: expect.stringContaining('damaged.ckpt is damaged'),
      });
    }
    for (const length of [0, 30, whole.length - 4]) {
      writeFileSync(file, whole.subarray(0, length));
      await expect(readCheckpoint(file)).rejects.toMatchObject({ code: 'bad-file' });
    }
  });

  it('stay as they are when a later write fails', async () => {
    const file = path.join(folder, 'kept.ckpt');
    await writeCheckpoint(file, shapes, tensors, { epoch: 1 });
    const short = new Map([...tensors, ['b', new Float32Array(2)]]);
    await expect(writeCheckpoint(file, shapes, short, { epoch: 2 })).rejects.toThrow(
      'b does not have the shape',
    );
    expect((await readCheckpoint(file)).record).toEqual({ epoch: 1 });
  });

  it('that are missing are said to be missing', async () => {
    await expect(readCheckpoint(path.join(folder, 'none.ckpt'))).rejects.toMatchObject({ code: 'not-found' });
  });
});
