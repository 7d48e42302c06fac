// Training batches made ahead of the step by threads: while one is computed with, the next are written into arrays
// that both sides share. Every batch is drawn from a generator of its own name, so it does not matter who makes it.

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../contracts/errors.ts';
import type { BatchSource, FromBatchThread, ToBatchThread } from './batch-thread.ts';
import { allocateFeeds, feedLengths, type BatchFacts, type BatchFeeds, type NoisePlan } from './batches.ts';

interface PreparedBatch extends BatchFacts {
  /** Of the whole batch; noise of each run in turn. Overwritten after the next read. */
  feeds: BatchFeeds;
}

export interface BatchesAhead {
  /** In one epoch. */
  readonly steps: number;
  /** Waits for the batch of a step, and has those after it made. @param epoch, step  0-based */
  read(epoch: number, step: number): Promise<PreparedBatch>;
  /** What the program wants from now on. To be called before the first read, and when the program changes. */
  plan(noise: NoisePlan): Promise<void>;
  close(): Promise<void>;
}

/** One is enough for most steps; more are begun while steps wait. */
const mostThreads = Math.max(1, Math.min(4, availableParallelism() - 1));
/** Looked at over so many steps: the share of their time that was spent waiting, and what is too much of it. */
const window = 16;
const tooMuchWaiting = 0.03;

/** In a package the thread's program is a bundle beside that of the worker. */
const program = new URL(
  import.meta.url.endsWith('.ts') ? './batch-thread.ts' : './batch-thread.mjs',
  import.meta.url,
);

/**
 * @param source   its cache is to hold all pictures: a thread sees what was cached before it began
 * @param epochs   of the run; nothing is made beyond
 * @param threads  to begin with
 */
export function batchesAhead(source: BatchSource, epochs: number, threads = 1): BatchesAhead {
  const steps = Math.ceil(source.images.length / source.plan.batch);
  let lanes = Array.from({ length: threads }, () => openLane(source));
  let planned: NoisePlan | undefined;
  /** What is being made, by position in the run. */
  const making = new Map<number, Making & { lane: Lane }>();
  let watched = { reads: 0, waitedMs: 0, since: 0 };

  /** Has `lane` make the next batch that nobody makes yet, if the run has one. */
  function goOn(lane: Lane, after: number): void {
    let position = after;
    while (making.has(position)) position += 1;
    if (position < epochs * steps)
      making.set(position, { ...lane.make(Math.floor(position / steps), position % steps), lane });
  }

  async function settle(): Promise<void> {
    await Promise.allSettled([...making.values()].map(({ facts }) => facts)); // they write into the slots
    making.clear();
  }

  /** One more thread where steps wait: theirs is a fast device, or the pictures are large. */
  function watch(waitedMs: number): void {
    watched.reads += 1;
    watched.waitedMs += waitedMs;
    if (watched.reads < window) return;
    const now = performance.now();
    if (watched.waitedMs > tooMuchWaiting * (now - watched.since) && lanes.length < mostThreads) {
      const lane = openLane(source);
      lane.plan(planned!);
      lanes.push(lane);
    }
    watched = { reads: 0, waitedMs: 0, since: now };
  }

  return {
    steps,
    async plan(noise) {
      await settle();
      planned = noise;
      for (const lane of lanes) lane.plan(noise);
    },
    async read(epoch, step) {
      const position = epoch * steps + step;
      if (!making.has(position)) {
        await settle();
        for (const lane of lanes) goOn(lane, position);
        watched = { reads: 0, waitedMs: 0, since: performance.now() };
      }
      const { feeds, facts } = making.get(position)!;
      const asked = performance.now();
      const made = await facts;
      watch(performance.now() - asked);
      making.delete(position);
      const busy = new Set([...making.values()].map(({ lane }) => lane));
      for (const lane of lanes) if (!busy.has(lane)) goOn(lane, position + 1);
      return { feeds, ...made };
    },
    async close() {
      await Promise.all(lanes.map((lane) => lane.close()));
      lanes = [];
    },
  };
}

interface Making {
  feeds: BatchFeeds;
  facts: Promise<BatchFacts>;
}

/** A thread and two sets of arrays, one to be computed with and one to be written. It makes one batch at a time. */
interface Lane {
  plan(noise: NoisePlan): void;
  make(epoch: number, step: number): Making;
  close(): Promise<void>;
}

const shared = (length: number): Float32Array =>
  new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));

function openLane(source: BatchSource): Lane {
  const thread = new Worker(program);
  const tell = (message: ToBatchThread): void => thread.postMessage(message);
  let slots: BatchFeeds[] = [];
  let slot = 0;
  let settle: { resolve(facts: BatchFacts): void; reject(reason: unknown): void } | undefined;
  let broken: unknown;
  const fail = (reason: unknown): void => {
    broken ??= reason;
    settle?.reject(broken);
  };
  thread.on('message', (message: FromBatchThread) => {
    if (message.ok) settle?.resolve(message.facts);
    else fail(AppError.fromRecord(message.error));
  });
  thread.on('error', fail);
  thread.on('exit', () => fail(new AppError('internal', 'the thread that makes training batches ended')));

  tell({ ask: 'open', source });
  return {
    plan(noise) {
      const lengths = feedLengths(source.plan, source.sizePx, noise);
      slots = [allocateFeeds(lengths, shared), allocateFeeds(lengths, shared)];
      tell({ ask: 'plan', noise, slots });
    },
    make(epoch, step) {
      const facts = new Promise<BatchFacts>((resolve, reject) => {
        settle = { resolve, reject };
      });
      facts.catch(() => {}); // whoever reads it is told
      slot = 1 - slot;
      if (broken) settle!.reject(broken);
      else tell({ ask: 'read', epoch, step, slot });
      return { feeds: slots[slot], facts };
    },
    async close() {
      thread.removeAllListeners();
      await thread.terminate();
    },
  };
}
