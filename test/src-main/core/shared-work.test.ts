// Work that several wait for: done once, ended when the last has left.

import { describe, expect, it } from 'vitest';
import { openSharedWork } from '../../../src-main/core/shared-work.ts';

function begun() {
  const started: { name: string; signal: AbortSignal; finish: (value: string) => void }[] = [];
  const work = openSharedWork<string>();
  const ask = (name: string, signal?: AbortSignal) =>
    work.ask(
      name,
      (unwanted) =>
        new Promise<string>((resolve, reject) => {
          started.push({ name, signal: unwanted, finish: resolve });
          unwanted.addEventListener('abort', () => reject(new Error('ended')));
        }),
      signal,
    );
  return { started, ask };
}

describe('work that several ask for', () => {
  it('is done once, and each has its outcome', async () => {
    const { started, ask } = begun();
    const asked = [ask('a'), ask('a'), ask('b')];
    expect(started.map(({ name }) => name)).toEqual(['a', 'b']);
    started[0].finish('one');
    started[1].finish('two');
    expect(await Promise.all(asked)).toEqual(['one', 'one', 'two']);
    const again = ask('a');
    started[2].finish('three');
    expect(await again).toBe('three');
  });

  it('goes on while one still waits, and ends when the last has left', async () => {
    const { started, ask } = begun();
    const [first, second] = [new AbortController(), new AbortController()];
    const asked = [ask('a', first.signal), ask('a', second.signal)];
    first.abort();
    await expect(asked[0]).rejects.toMatchObject({ code: 'cancelled' });
    expect(started[0].signal.aborted).toBe(false);
    second.abort();
    await expect(asked[1]).rejects.toMatchObject({ code: 'cancelled' });
    expect(started[0].signal.aborted).toBe(true);
  });

  it('is begun anew for who comes after all have left, though it has not ended yet', async () => {
    const { started, ask } = begun();
    const leaving = new AbortController();
    const left = ask('a', leaving.signal);
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: 'cancelled' });
    const asked = ask('a');
    expect(started).toHaveLength(2);
    started[1].finish('fresh');
    expect(await asked).toBe('fresh');
  });

  it('tells each of its failure', async () => {
    const work = openSharedWork<string>();
    const fail = () => Promise.reject(new Error('no'));
    const asked = [work.ask('a', fail), work.ask('a', fail)];
    for (const one of asked) await expect(one).rejects.toThrow('no');
  });
});
