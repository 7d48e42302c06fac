// Which algorithm of each convolution is the fastest on this machine, found by trying, and the file that remembers it.
//
// An algorithm changes the last bits of a result. So what was once found for a shape stays, also that it was not tried for
// want of time: a program gets the same algorithms whenever it is compiled here.

import { cpus } from 'node:os';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type * as OnnxRuntime from 'onnxruntime-node';
import { z } from 'zod';
import { makeFolder, writeFileWholeSync } from '../../../files/write-file.ts';
import { simplify, sizeOf, topologicalOrder } from '../../graph/index.ts';
import type { Algorithms, Program, Tuning } from '../executor.ts';
import {
  convolutionKey,
  algorithmsOf,
  isConvolution,
  type Convolution,
  type AlgorithmTarget,
} from './algorithms.ts';
import { opset } from './lowering.ts';
import { encodeModel } from './protobuf.ts';
import { OnnxWriter } from './writer.ts';

/** A convolution with less work is not tried, multiplications and additions: it is a fraction of a millisecond. */
const leastFlops = 2e7;
/** Time for the trials of one program, milliseconds; the convolution under trial is finished. */
const budgetMs = 5000;
/** What an algorithm may take of the time of the rule's algorithm to be chosen over it. */
const clearMargin = 0.9;
/** What a first run may take of the time of the rule's algorithm for an algorithm to be tried on. */
const hopeless = 1.5;
/** Comparisons that an algorithm must win one after the other, each by the faster of so many runs in turn. */
const comparisons = 2;
const runs = 2;
/** On a GPU a trial is so many times the same operation, against what it costs to start one. */
const copiesOnGpu = 8;

/** What one run took, milliseconds: by the clock, and of all processors. */
export interface Took {
  readonly elapsed: number;
  readonly processor: number;
}

/** An algorithm ready to run. */
export interface Trial {
  run(): Promise<Took>;
  dispose(): Promise<void>;
}

/** Processor, library and threads: what else than the shape decides which algorithm is the fastest. */
export const machineKey = (provider: string, threads: number, version: string): string =>
  `${provider}, ${cpus()[0]?.model ?? process.arch}, onnxruntime ${version}, ${threads} threads`;

/**
 * What departs from the rules in a program.
 * @param begin  makes an algorithm ready to run
 */
export async function autotune(
  program: Program,
  target: AlgorithmTarget,
  machine: string,
  { file, onProgress }: Tuning,
  begin: (tensor: Convolution, algorithm: string) => Promise<Trial>,
): Promise<Algorithms> {
  const all = convolutionsOf(program);
  const known = readAlgorithms(file)[machine] ?? {};
  const found: Record<string, string> = {};
  const left = all.filter(({ key }) => known[key] === undefined);
  const start = performance.now();
  for (const [index, { key, tensor }] of left.entries()) {
    onProgress?.(index, left.length);
    const algorithms = algorithmsOf(tensor, target);
    const [rule] = algorithms.keys();
    const isLate = performance.now() - start > budgetMs;
    found[key] =
      isLate || algorithms.size === 1 ? rule : await fastestOf(tensor, [...algorithms.keys()], begin);
  }
  const chosen = left.length > 0 ? remember(file, machine, found) : known;
  return Object.fromEntries(
    all.flatMap(({ key, tensor }) => {
      const [rule] = algorithmsOf(tensor, target).keys();
      const algorithm = chosen[key] ?? found[key];
      return algorithm === rule ? [] : [[key, algorithm]];
    }),
  );
}

/** The distinct convolutions that are worth a trial, those first that take most of the program's work. */
function convolutionsOf(program: Program): { key: string; tensor: Convolution; flops: number }[] {
  const all = new Map<string, { key: string; tensor: Convolution; flops: number }>();
  for (const tensor of topologicalOrder(simplify(Object.values(program.outputs)))) {
    if (!isConvolution(tensor)) continue;
    const key = convolutionKey(tensor);
    const flops = flopsOf(tensor);
    if (flops < leastFlops) continue;
    all.set(key, { key, tensor, flops: flops + (all.get(key)?.flops ?? 0) });
  }
  return [...all.values()].sort((a, b) => b.flops - a.flops);
}

/** Multiplications and additions: for each result of the forward convolution one of each for each weight of its filter. */
function flopsOf({ op, inputs, shape }: Convolution): number {
  const [first, second] = inputs.map((operand) => operand.shape);
  const result = { conv: shape, convInputGrad: first, convFilterGrad: second }[op];
  const [, channels, kh, kw] = op === 'convFilterGrad' ? shape : second;
  return 2 * sizeOf(result) * channels * kh * kw;
}

async function fastestOf(
  tensor: Convolution,
  [rule, ...others]: readonly string[],
  begin: (tensor: Convolution, algorithm: string) => Promise<Trial>,
): Promise<string> {
  let best = { name: rule, share: 1 };
  // What cannot even be tried, for want of memory say, stays with the rules; the run itself knows what to do about it.
  const reference = await begin(tensor, rule).catch(() => undefined);
  if (!reference) return rule;
  try {
    await reference.run(); // the first run allocates
    const usual = await reference.run();
    for (const name of others) {
      const other = await begin(tensor, name).catch(() => undefined); // not on this device
      if (!other) continue;
      try {
        if ((await other.run()).elapsed > hopeless * usual.elapsed) continue;
        const share = await shareOf(reference, other);
        if (share < best.share) best = { name, share };
      } catch {
        // An algorithm that fails here is no algorithm to choose.
      } finally {
        await other.dispose();
      }
    }
  } catch {
    return rule;
  } finally {
    await reference.dispose();
  }
  return best.name;
}

/**
 * What an algorithm takes of the rule's time if it is clearly faster, each time; else 1. By the clock, and not by more work
 * of the processors: by the clock alone, another program that ran meanwhile would decide.
 */
async function shareOf(reference: Trial, other: Trial): Promise<number> {
  let share = 0;
  for (let comparison = 0; comparison < comparisons; comparison++) {
    const usual = { elapsed: Infinity, processor: Infinity };
    const own = { ...usual };
    for (let run = 0; run < runs; run++)
      for (const [trial, best] of [
        [reference, usual],
        [other, own],
      ] as const) {
        const { elapsed, processor } = await trial.run();
        best.elapsed = Math.min(best.elapsed, elapsed);
        best.processor = Math.min(best.processor, processor);
      }
    if (own.elapsed > clearMargin * usual.elapsed || own.processor > usual.processor) return 1;
    share = Math.max(share, own.elapsed / usual.elapsed);
  }
  return share;
}

/** One algorithm as a program of its own, on values that are all alike: how long it takes does not depend on them. */
export const trialIn =
  (
    runtime: typeof OnnxRuntime,
    target: AlgorithmTarget,
    options: OnnxRuntime.InferenceSession.SessionOptions,
  ) =>
  async (tensor: Convolution, algorithm: string): Promise<Trial> => {
    const lower = algorithmsOf(tensor, target).get(algorithm)!;
    const onGpu = target.provider !== 'cpu';
    const writer = new OnnxWriter();
    const operands = tensor.inputs.map(({ shape }, index) => ({
      // What is fed to a GPU would have to be copied there each time.
      name: onGpu ? writer.filled(0.01, shape) : `x${index}`,
      shape,
    }));
    const results = Array.from({ length: onGpu ? copiesOnGpu : 1 }, () => {
      const result = writer.reshape(lower(writer, operands[0], operands[1]), [-1]);
      return writer.slice(result, [0], [1], [0]); // a single value is handed out
    });
    writer.nodes.push({ type: 'Concat', inputs: results, outputs: ['y'], attributes: { axis: 0 } });
    const model = encodeModel({
      nodes: writer.nodes,
      constants: writer.constants,
      inputs: onGpu ? [] : operands,
      outputs: [{ name: 'y', shape: [results.length] }],
      opset,
    });
    const feeds = onGpu
      ? {}
      : Object.fromEntries(
          operands.map(({ name, shape }) => [
            name,
            new runtime.Tensor('float32', new Float32Array(sizeOf(shape)).fill(0.01), shape),
          ]),
        );
    const session = await runtime.InferenceSession.create(model, options);
    return {
      async run() {
        const before = process.cpuUsage();
        const start = performance.now();
        await session.run(feeds);
        const elapsed = performance.now() - start;
        const { user, system } = process.cpuUsage(before);
        return { elapsed, processor: onGpu ? 0 : (user + system) / 1e3 };
      },
      dispose: () => session.release(),
    };
  };

const fileSchema = z.record(z.string(), z.record(z.string(), z.string()));

/** Algorithm by shape, by machine; empty if the file is absent or damaged. */
function readAlgorithms(file: string): z.infer<typeof fileSchema> {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}

/** Adds to the file, where what another process found meanwhile stands. A file that cannot be written changes nothing. */
function remember(file: string, machine: string, found: Readonly<Record<string, string>>): Algorithms {
  const all = readAlgorithms(file);
  const together = { ...found, ...all[machine] };
  try {
    makeFolder(path.dirname(file));
    writeFileWholeSync(file, JSON.stringify({ ...all, [machine]: together }, null, 1));
  } catch {
    // A run keeps its algorithms in its checkpoints.
  }
  return together;
}
