// The thread that makes training batches while the step before is computed. It fills arrays that it shares with the
// thread of the training loop; see batches-ahead.ts, which starts it.

import { parentPort } from 'node:worker_threads';
import { toErrorRecord, type ErrorRecord } from '../../contracts/errors.ts';
import type { LabelledImage } from '../../contracts/worker-protocol.ts';
import { ImageCache } from '../../imaging/index.ts';
import { randomFromState, type RandomState } from '../nn/random.ts';
import {
  trainingBatches,
  type BatchFacts,
  type BatchFeeds,
  type BatchPlan,
  type Batches,
  type NoisePlan,
} from './batches.ts';
import { imageSet, type ImageSet } from './image-set.ts';

export interface BatchSource {
  cacheFolder: string;
  sizePx: number;
  images: readonly LabelledImage[];
  plan: BatchPlan;
  random: RandomState;
}

/** To be sent in this order; 'plan' again when the program changes. Only 'read' is answered. */
export type ToBatchThread =
  | { ask: 'open'; source: BatchSource }
  | { ask: 'plan'; noise: NoisePlan; slots: readonly BatchFeeds[] }
  | { ask: 'read'; epoch: number; step: number; slot: number };

export type FromBatchThread = { ok: true; facts: BatchFacts } | { ok: false; error: ErrorRecord };

let opened: { source: BatchSource; set: ImageSet } | undefined;
let batches: Batches | undefined;
let slots: readonly BatchFeeds[] = [];

async function answer(message: ToBatchThread): Promise<void> {
  switch (message.ask) {
    case 'open': {
      const { cacheFolder, sizePx, images } = message.source;
      opened = {
        source: message.source,
        set: imageSet(ImageCache.open(cacheFolder, sizePx), images),
      };
      return;
    }
    case 'plan': {
      const { set, source } = opened!;
      batches = trainingBatches(set, source.plan, randomFromState(source.random), message.noise);
      slots = message.slots;
      return;
    }
    case 'read': {
      const facts = await batches!.read(message.epoch, message.step, slots[message.slot]);
      parentPort!.postMessage({ ok: true, facts } satisfies FromBatchThread);
    }
  }
}

// One after the other: messages depend on those before.
let last = Promise.resolve();
parentPort!.on('message', (message: ToBatchThread) => {
  last = last
    .then(() => answer(message))
    .catch((thrown: unknown) => {
      parentPort!.postMessage({ ok: false, error: toErrorRecord(thrown) } satisfies FromBatchThread);
    });
});
