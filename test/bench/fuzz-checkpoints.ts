// Damaged checkpoints: a run is taken up from each, and its best epoch is read from each. How many crashed, were
// called a bug of Fovea's own ("internal") or took longer than two seconds to be refused.
// `npm run bench -- fuzz-checkpoints [--json] [--count N] [--seed N]`

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { architectureOf, readWeights } from '../../src-main/engine/data/index.ts';
import { randomFromSeed } from '../../src-main/engine/nn/random.ts';
import { train } from '../../src-main/engine/training/index.ts';
import { mutated, outcomeOf } from '../src-main/engine/training/mutated-checkpoints.ts';
import { makeToy, toyClasses, toySpec } from '../src-main/engine/training/toy.ts';
import { option, table } from './fovea.ts';

const HANGS_MS = 2000;

export async function bench(args: string[]): Promise<unknown> {
  const count = Number(option(args, 'count', '500'));
  const random = randomFromSeed(Number(option(args, 'seed', '1')));
  const toy = await makeToy(40);
  const found = { checkpoints: 0, accepted: 0, refused: 0, crashes: 0, internal: 0, hangs: 0 };
  const byDamage: Record<string, { accepted: number; refused: number }> = {};
  try {
    const spec = toySpec(toy, 'damaged', { model: 'mlp', epochs: 3 }, { selection: toy.images.slice(30) });
    spec.train = toy.images.slice(0, 30);
    let stepsOfSecond = -1;
    await train(spec, {
      emit: ({ kind }) => (stepsOfSecond += kind === 'epoch' ? 1 : 0),
      control: () => (stepsOfSecond >= 0 && stepsOfSecond++ > 0 ? 'pause' : null),
    });
    const files = ['last.ckpt', 'best.ckpt'].map((name) => path.join(spec.runFolder, name));
    const whole = files.map((file) => readFileSync(file));
    const architecture = architectureOf(spec.config, toyClasses.length);
    for (; found.checkpoints < count; found.checkpoints++) {
      const which = found.checkpoints % 5 === 4 ? 1 : 0;
      const { how, bytes } = mutated(whole[which], random);
      writeFileSync(files[which], bytes);
      const begun = performance.now();
      let steps = 0;
      const outcome = await outcomeOf(() =>
        which === 1
          ? readWeights(files[1], architecture)
          : // What is accepted trains to its end.
            train({ ...spec, resume: true }, { emit() {}, control: () => (steps++ < 100 ? null : 'cancel') }),
      );
      const seen = (byDamage[how] ??= { accepted: 0, refused: 0 });
      const isRefused = outcome !== 'ok';
      found[isRefused ? 'refused' : 'accepted'] += 1;
      seen[isRefused ? 'refused' : 'accepted'] += 1;
      if (isRefused && performance.now() - begun > HANGS_MS) found.hangs += 1;
      if (outcome === 'internal') found.internal += 1;
      if (outcome.startsWith('crash')) {
        found.crashes += 1;
        console.error(`${how}: ${outcome}`);
      }
      for (const [i, file] of files.entries()) writeFileSync(file, whole[i]);
    }
  } finally {
    toy.remove();
  }
  const rows = Object.entries(byDamage).map(([how, seen]) => [
    how,
    String(seen.accepted),
    String(seen.refused),
  ]);
  console.log(table([['damage', 'accepted', 'refused'], ...rows]));
  console.log(found);
  return { ...found, byDamage };
}
