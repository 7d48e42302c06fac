// The WebSocket transport: answers find their call, lines come back, nothing is sent twice.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SocketTransport, type Socket } from '../../../src-renderer/bridge/socket-transport.ts';
import type { Connection } from '../../../src-renderer/bridge/transport.ts';

/** One line as the host's end sees it. */
class Line implements Socket {
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  readonly sent: { id: number; method: string; cancel?: number }[] = [];

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }
  close(): void {
    this.onclose?.(undefined as never);
  }
  open(): void {
    this.onopen?.(undefined as never);
  }
  answer(id: number, value: unknown): void {
    this.onmessage?.({ data: JSON.stringify({ id, answer: { ok: true, value } }) });
  }
}

function setUp() {
  const lines: Line[] = [];
  const states: Connection[] = [];
  const events: unknown[] = [];
  const transport = new SocketTransport({
    open: () => {
      lines.push(new Line());
      return lines.at(-1)!;
    },
    listener: { event: (name, data) => events.push([name, data]), connection: (state) => states.push(state) },
    firstWaitMs: 100,
    longestWaitMs: 400,
    patienceMs: 1000,
  });
  return { transport, lines, states, events };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('answers reach their own call in any order', async () => {
  const { transport, lines } = setUp();
  lines[0]!.open();
  const first = transport.call('jobs.list', {});
  const second = transport.call('runs.list', {});
  const [one, other] = lines[0]!.sent;
  lines[0]!.answer(other!.id, 'runs');
  lines[0]!.answer(one!.id, 'jobs');
  expect(await first).toEqual({ ok: true, value: 'jobs' });
  expect(await second).toEqual({ ok: true, value: 'runs' });
});

test('a call made before the line is open is sent when it opens', async () => {
  const { transport, lines } = setUp();
  const answer = transport.call('app.info', {});
  expect(lines[0]!.sent).toEqual([]);
  lines[0]!.open();
  lines[0]!.answer(lines[0]!.sent[0]!.id, 'info');
  expect(await answer).toEqual({ ok: true, value: 'info' });
});

test('a call on its way when the line breaks is answered with an error and not sent again', async () => {
  const { transport, lines } = setUp();
  lines[0]!.open();
  const answer = transport.call('annotations.edit', {});
  lines[0]!.close();
  expect(await answer).toMatchObject({ ok: false, error: { code: 'unavailable' } });
  vi.advanceTimersByTime(100);
  lines[1]!.open();
  expect(lines[1]!.sent).toEqual([]);
});

test('a call made while the line is down goes out on the next line', async () => {
  const { transport, lines, states } = setUp();
  lines[0]!.open();
  lines[0]!.close();
  const answer = transport.call('jobs.list', {});
  vi.advanceTimersByTime(100);
  lines[1]!.open();
  lines[1]!.answer(lines[1]!.sent[0]!.id, []);
  expect(await answer).toEqual({ ok: true, value: [] });
  expect(states).toEqual(['open', 'lost', 'open']);
});

test('a call gives up when the line stays down', async () => {
  const { transport, lines } = setUp();
  lines[0]!.open();
  lines[0]!.close();
  const answer = transport.call('jobs.list', {});
  vi.advanceTimersByTime(1000);
  expect(await answer).toMatchObject({ ok: false, error: { code: 'unavailable' } });
  lines.at(-1)!.open();
  expect(lines.at(-1)!.sent).toEqual([]);
});

test('attempts come slower and slower up to a limit, and quickly again after a success', () => {
  const { lines } = setUp();
  const failAndWait = (ms: number) => {
    const before = lines.length;
    lines.at(-1)!.close();
    vi.advanceTimersByTime(ms - 1);
    expect(lines.length).toBe(before);
    vi.advanceTimersByTime(1);
    expect(lines.length).toBe(before + 1);
  };
  failAndWait(100);
  failAndWait(200);
  failAndWait(400);
  failAndWait(400);
  lines.at(-1)!.open();
  failAndWait(100);
});

test('events are told apart from answers', () => {
  const { lines, events } = setUp();
  lines[0]!.open();
  lines[0]!.onmessage?.({ data: JSON.stringify({ event: 'saved', data: { at: 5 } }) });
  expect(events).toEqual([['saved', { at: 5 }]]);
});

test('a closed transport does not come back', () => {
  const { transport, lines } = setUp();
  lines[0]!.open();
  transport.close();
  vi.advanceTimersByTime(10_000);
  expect(lines).toHaveLength(1);
});

test('a call that nobody waits for any more is answered at once, and the core is told', async () => {
  const { transport, lines } = setUp();
  lines[0]!.open();
  const leaving = new AbortController();
  const left = transport.call('explanations.map', {}, leaving.signal);
  const kept = transport.call('jobs.list', {});
  const [one, other] = lines[0]!.sent;
  leaving.abort();
  expect(await left).toMatchObject({ ok: false, error: { code: 'cancelled' } });
  expect(lines[0]!.sent[2]).toEqual({ cancel: one!.id });
  lines[0]!.answer(one!.id, 'too late');
  lines[0]!.answer(other!.id, 'jobs');
  expect(await kept).toEqual({ ok: true, value: 'jobs' });
});

test('a call that was cancelled before the line opened, or after its answer, is not sent or cancelled', async () => {
  const { transport, lines } = setUp();
  const [early, late] = [new AbortController(), new AbortController()];
  const unsent = transport.call('explanations.map', {}, early.signal);
  early.abort();
  expect(await unsent).toMatchObject({ ok: false, error: { code: 'cancelled' } });
  lines[0]!.open();
  expect(lines[0]!.sent).toEqual([]);
  const answered = transport.call('jobs.list', {}, late.signal);
  lines[0]!.answer(lines[0]!.sent[0]!.id, 'jobs');
  expect(await answered).toEqual({ ok: true, value: 'jobs' });
  late.abort();
  expect(lines[0]!.sent).toHaveLength(1);
});

test('a call that is made when the line comes up is sent once', () => {
  const line = new Line();
  const transport: SocketTransport = new SocketTransport({
    open: () => line,
    listener: {
      event: () => {},
      connection: (state) => {
        if (state === 'open') void transport.call('app.info', {});
      },
    },
  });
  line.open();
  expect(line.sent.map(({ method }) => method)).toEqual(['app.info']);
  transport.close();
});
