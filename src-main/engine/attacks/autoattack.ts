// AutoAttack: four attacks of different kinds, each on what the others could not change. The usual yardstick.

import { z } from 'zod';
import { checkParams } from '../nn/registry.ts';
import { apgdCe, apgdDlr } from './apgd.ts';
import { attack, type Attack } from './attack.ts';
import { fab } from './fab.ts';
import { normField, stepsField, targetsField } from './fields.ts';
import { withRestarts } from './restarts.ts';
import { square } from './square.ts';

const schema = z.object({
  norm: normField,
  steps: stepsField(100),
  targets: targetsField,
  queries: z.int().min(1).max(1_000_000).default(5000).meta({
    title: 'Queries',
    help: 'Tries of the Square attack.',
  }),
});

/** APGD on cross-entropy, targeted APGD on the logit ratio, targeted FAB, Square: in this order, one attempt each. */
export const autoattack = attack({
  id: 'autoattack',
  title: 'AutoAttack',
  summary:
    'Runs four strong attacks one after the other and counts a picture as safe only if it withstands all.',
  citation: 'Croce & Hein 2020, arXiv 2003.01690, section 6; standard version of the public code',
  schema,
  presets: [
    {
      id: 'standard',
      title: 'Standard',
      source: 'Croce & Hein 2020, public code, version "standard"',
      params: { norm: 'linf', steps: 100, targets: 9, queries: 5000 },
    },
  ],
  aim: 'class',
  norm: ({ norm }) => norm,
  run(target, input, { norm, steps, targets, queries }, random) {
    const members = [
      [apgdCe, { norm, steps }],
      [apgdDlr, { norm, steps, targets }],
      [fab, { norm, steps, targets }],
      [square, { norm, queries }],
    ] as unknown as [Attack, Record<string, unknown>][]; // each is given what its own schema checked
    return withRestarts(target, input, members.length, (part, round) => {
      const [member, params] = members[round];
      const draws = random.fork(member.id);
      return member.run(target, part, checkParams(member, params), draws);
    });
  },
});
