// Calls of a client: each cancelled by its id, all when the client goes.

import { describe, expect, it } from 'vitest';
import { openClientCalls, type Handle } from '../../../src-main/delivery/client-calls.ts';

/** A core whose calls answer with their method, or 'cancelled' as soon as they are. */
const untilCancelled: Handle = (_method, _input, signal) =>
  new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve({ ok: true, value: 'cancelled' }), { once: true }),
  );

describe('calls in flight', () => {
  it('are cancelled by their id, the others go on', async () => {
    const calls = openClientCalls(untilCancelled);
    const answered: number[] = [];
    const both = [1, 2].map((id) => calls.answer(id, 'explanations.map', {}).then(() => answered.push(id)));
    calls.cancel(2);
    await both[1];
    expect(answered).toEqual([2]);
    calls.cancel(2);
    calls.cancel(7);
    calls.cancel(1);
    await both[0];
    expect(answered).toEqual([2, 1]);
  });

  it('are all cancelled when the client goes, and its ids are free for the next page', async () => {
    const calls = openClientCalls(untilCancelled);
    const old = [calls.answer(1, 'a', {}), calls.answer(2, 'b', {})];
    calls.cancelAll();
    const fresh = calls.answer(1, 'c', {});
    for (const answer of old) expect(await answer).toEqual({ ok: true, value: 'cancelled' });
    calls.cancel(1);
    expect(await fresh).toEqual({ ok: true, value: 'cancelled' });
  });

  it('may not share an id', async () => {
    const calls = openClientCalls(untilCancelled);
    void calls.answer(1, 'a', {});
    expect(await calls.answer(1, 'b', {})).toMatchObject({ ok: false, error: { code: 'bad-input' } });
  });
});
