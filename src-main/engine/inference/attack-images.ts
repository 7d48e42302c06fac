// A trained network as an attack sees it: rows of pictures cut into batches of compiled programs.

import { AppError } from '../../contracts/errors.ts';
import { logitsOf, lowest, put, take, type Attack, type AttackTarget } from '../attacks/index.ts';
import { input, max, reachable, scalar, select, type Tensor } from '../graph/index.ts';
import type { Random } from '../nn/random.ts';
import { checkParams } from '../nn/registry.ts';
import type { BuildRows, RowProgram } from '../nn/row-program.ts';
import type { Program } from '../runtime/index.ts';
import { evaluationBatch, breathe, padTo, throwIfStopped } from '../data/evaluation-program.ts';
import { type Architecture, type Weights } from '../data/architecture.ts';
import { type SessionCache } from '../data/session-cache.ts';

interface TargetOptions {
  architecture: Architecture;
  weights: Weights;
  /** Compiled programs, kept by the caller: `sessionCache(executor, limit)`; an attack asks for up to a dozen. */
  sessions: SessionCache;
  /** Pictures a program holds at most. */
  batch?: number;
  signal?: AbortSignal;
  /**
   * Classes of which each is as right as the others, the label first. The label's logit is then the largest of theirs and
   * the others are out, so that an attack errs only if none of them has the highest score.
   */
  trueClassIndices?: readonly number[];
}

/** @param label  @param trueClassIndices  [B, K], ones and zeros: the label, and all classes that count as it */
function joinAlike(logits: Tensor, label: Tensor, trueClassIndices: Tensor): Tensor {
  const highest = max(select(trueClassIndices, logits, scalar(lowest)), [1], true);
  return select(label, highest, select(trueClassIndices, scalar(lowest), logits));
}

/** Programs of fewer rows cost less for the few pictures that are left at the end of an attack. */
const shares = [1 / 8, 1 / 3, 1];

export function attackTarget({
  architecture,
  weights,
  sessions,
  batch = evaluationBatch(architecture.sizePx),
  signal,
  trueClassIndices = [],
}: TargetOptions): AttackTarget {
  const { model, classes, sizePx, key: modelKey } = architecture;
  const joins = trueClassIndices.length > 1;

  function program(key: string, build: BuildRows, cost = 1): RowProgram {
    const largest = Math.max(1, Math.floor(batch / cost));
    const sizes = [...new Set(shares.map((share) => Math.ceil(largest * share)))];

    const compiled = (size: number) =>
      sessions.get(`${modelKey}/attack${joins ? '/alike' : ''}/${key}/${size}`, (): Program => {
        const weightInputs = new Map(
          [...model.parameters, ...model.buffers].map(({ name, shape }) => [name, input(name, shape)]),
        );
        const declared = new Map<string, Tensor>();
        const rows = (name: string, shape: readonly number[]): Tensor => {
          const values = declared.get(name) ?? input(`rows/${name}`, [size, ...shape]);
          declared.set(name, values);
          return values;
        };
        const outputs = build({
          batch: size,
          classes,
          sizePx,
          rows,
          forward(images, options) {
            const pass = model.forward(images, weightInputs, 'eval', options);
            if (!joins) return pass;
            const masks = ['target', 'trueClassIndices'].map((name) => rows(name, [classes]));
            return { ...pass, logits: joinAlike(pass.logits, masks[0], masks[1]) };
          },
        });
        return {
          inputs: reachable([...declared.values(), ...weightInputs.values()], Object.values(outputs)),
          outputs,
        };
      });

    return async (rows, given) => {
      const masks = {
        target: maskRows(rows, classes, trueClassIndices.slice(0, 1)),
        trueClassIndices: maskRows(rows, classes, trueClassIndices),
      };
      const feeds = joins ? { ...given, ...masks } : given;
      const results: Record<string, Float32Array> = {};
      for (let from = 0; from < rows;) {
        const left = rows - from;
        const size = sizes.find((one) => one >= left) ?? largest;
        const count = Math.min(size, left);
        const session = await compiled(size);
        const padded: Record<string, Float32Array> = { ...weights };
        for (const [name, values] of Object.entries(feeds)) {
          const length = values.length / rows;
          const part = values.subarray(from * length, (from + count) * length);
          padded[`rows/${name}`] = count === size ? part : padTo(part, size * length);
        }
        if (signal) await breathe();
        throwIfStopped(signal, 'the attack');
        const outputs = await session.run(padded);
        for (const [name, values] of Object.entries(outputs)) {
          const length = values.length / size;
          results[name] ??= new Float32Array(rows * length);
          results[name].set(values.subarray(0, count * length), from * length);
        }
        from += count;
      }
      return results;
    };
  }

  return { classes, otherClasses: classes - Math.max(1, trueClassIndices.length), sizePx, program };
}

/** [rows, K]: ones at the same classes in every row. */
function maskRows(rows: number, classes: number, chosen: readonly number[]): Float32Array {
  return Float32Array.from({ length: rows * classes }, (_, i) => Number(chosen.includes(i % classes)));
}

interface AttackRequest {
  attack: Attack;
  /** Checked here; defaults are filled in. */
  params: Readonly<Record<string, unknown>>;
  /** Size of the largest change in the attack's norm; the pixel range is 1. */
  eps: number;
  /** [N, 3, S, S] in [0, 1] */
  images: Float32Array;
  /** [N], true classes */
  labels: Int32Array;
  /** [N], all true classes of each picture, for attacks on the class: it errs if none of them has the highest score. */
  trueClasses?: readonly (readonly number[])[];
  random: Random;
}

export interface Attacked {
  /** [N, 3, S, S] */
  images: Float32Array;
  /** [N, K], of the attacked pictures */
  logits: Float32Array;
  /** [N]: whether the attack changed the picture at all; attacks on the explanation skip what is wrong from the start */
  changed: boolean[];
}

/**
 * Attacks pictures of any number. With `source` the pictures are made against another network of the same picture
 * size and classes and only judged by this one: a transfer attack.
 * @throws AppError 'cancelled', or 'bad-input' for parameters the attack does not know and a source that does not fit
 */
export async function attackImages(
  request: AttackRequest & TargetOptions & { source?: Source },
): Promise<Attacked> {
  const { attack, params, eps, images, labels, trueClasses, random, source } = request;
  const target = attackTarget(request);
  const victim = source === undefined ? target : attackTarget({ ...request, ...source });
  if (victim.classes !== target.classes || victim.sizePx !== target.sizePx)
    throw new AppError(
      'bad-input',
      'the run attacked and the run the pictures are made with differ in classes or picture size',
    );
  const checked = checkParams(attack, params);
  const length = images.length / labels.length;
  const attacked = images.slice();
  for (const rows of attack.aim === 'class' && trueClasses
    ? alikeRows(labels, trueClasses)
    : [indicesOf(labels)]) {
    const label = labels[rows[0]];
    const trueClassIndices =
      trueClasses?.[rows[0]].toSorted((a, b) => Number(b === label) - Number(a === label)) ?? [];
    if (trueClassIndices.length === target.classes) continue; // nothing that is said of it would be wrong
    const moved = await attack.run(
      trueClassIndices.length > 1 ? attackTarget({ ...request, ...source, trueClassIndices }) : victim,
      {
        images: take(images, rows, length),
        labels: Int32Array.from(rows, (row) => labels[row]),
        eps,
        transfer: source !== undefined,
      },
      checked,
      trueClassIndices.length > 1 ? random.fork(`alike/${trueClassIndices.join()}`) : random,
    );
    put(attacked, rows, moved, length);
  }
  const changed = Array.from(labels, (_, row) => {
    for (let i = row * length; i < (row + 1) * length; i++) if (attacked[i] !== images[i]) return true;
    return false;
  });
  return { images: attacked, logits: await logitsOf(target, attacked), changed };
}

const indicesOf = (values: ArrayLike<unknown>): number[] =>
  Array.from({ length: values.length }, (_, i) => i);

/** Pictures of one class together, of several those that share label and classes. */
function alikeRows(labels: Int32Array, trueClasses: readonly (readonly number[])[]): number[][] {
  const groups = Map.groupBy(indicesOf(labels), (row) =>
    trueClasses[row].length > 1 ? `${labels[row]} of ${trueClasses[row].toSorted().join()}` : '',
  );
  return [...groups.values()];
}

type Source = Pick<TargetOptions, 'architecture' | 'weights'>;
