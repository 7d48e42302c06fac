// Objectives that add up: "group-dro+density" is one objective made of two.

import { z } from 'zod';
import type { Tensor } from '../graph/index.ts';
import { AppError } from '../../contracts/errors.ts';
import { fieldsOf, methodNamed, partName } from '../../contracts/methods.ts';
import type { ForwardPass } from '../nn/model.ts';
import { describe } from '../nn/registry.ts';
import { totalOf, type Objective, type ObjectiveContext, type ObjectiveGraph } from './objective.ts';

/**
 * The class loss of the first part that is not just a reweighting (Group DRO) plus the penalties of all; a reweighting
 * takes the place of the mean in that class loss. Parts see the same passes: pictures that two parts look at in the
 * same way go through the network once. Parameters of the first part keep their names, those of part p are `p.name`,
 * and so are terms, random numbers and states.
 * @throws AppError 'bad-input' where a part comes twice, adds nothing, or is a second reweighting
 */
export function combination(parts: readonly Objective[]): Objective {
  const [first] = parts;
  if (new Set(parts).size < parts.length)
    throw new AppError('bad-input', `${parts.map(({ id }) => id).join('+')} names an objective twice`);
  const [leader, ...rest] = parts.filter(({ reweighting }) => !reweighting);
  const idle = rest.find((part) => !hasPenalty(part));
  if (idle)
    throw new AppError(
      'bad-input',
      `${idle.id} has no penalty to add to ${leader.id}; it can only come first`,
    );
  if (parts.filter(({ reweighting }) => reweighting).length > 1)
    throw new AppError('bad-input', 'only one part of an objective can weigh the pictures');
  const nameOf: NameOf = (part, name) => partName(part === first, part.id, name);
  const shape = Object.fromEntries(
    parts.flatMap((part) =>
      Object.entries(part.schema.shape).map(([name, field]) => [nameOf(part, name), field]),
    ),
  );
  const { id, title, summary, citation } = methodNamed(
    describe(parts),
    parts.map((part) => part.id).join('+'),
  )!;
  return {
    id,
    title,
    summary,
    citation,
    schema: z.object(shape),
    presets: [],
    needs: {
      composites: parts.some(({ needs }) => needs.composites),
      groups: parts.some(({ needs }) => needs.groups),
    },
    build: (context, params) => build(parts, nameOf, context, params),
  };
}

/** A penalty has a weight. */
export const hasPenalty = ({ schema }: Objective): boolean =>
  fieldsOf(schema).some(({ role }) => role === 'penalty-weight');

type NameOf = (part: Objective, name: string) => string;

function build(
  parts: readonly Objective[],
  nameOf: NameOf,
  context: ObjectiveContext,
  params: Record<string, unknown>,
): ObjectiveGraph {
  const shared = sharedPasses(context.forward);
  const contextOf = (part: Objective): ObjectiveContext => ({
    ...context,
    forward: shared(),
    noise: (name, shape, kind) => context.noise(nameOf(part, name), shape, kind),
    state: (spec) => context.state({ ...spec, name: nameOf(part, spec.name) }),
  });
  const paramsOf = (part: Objective): Record<string, unknown> =>
    Object.fromEntries(Object.keys(part.schema.shape).map((name) => [name, params[nameOf(part, name)]]));

  const next: Record<string, Tensor> = {};
  const weigher = parts.find(({ reweighting }) => reweighting);
  const weigh = weigher?.reweighting?.(contextOf(weigher), paramsOf(weigher));
  const builders = parts.filter((part) => part !== weigher);
  const [leader] = builders;
  const terms: Record<string, Tensor> = {};
  const means: NonNullable<ObjectiveGraph['means']> = {};
  let logits: Tensor | undefined;
  for (const part of builders) {
    const own = contextOf(part);
    const graph = part.build(
      weigher && weigh && part === leader
        ? {
            ...own,
            meanLoss(losses) {
              const weighed = weigh(losses);
              for (const [name, value] of Object.entries(weighed.next)) next[nameOf(weigher, name)] = value;
              return weighed.loss;
            },
          }
        : own,
      paramsOf(part),
    );
    logits ??= graph.logits;
    for (const [name, value] of Object.entries(graph.next ?? {})) next[nameOf(part, name)] = value;
    for (const [term, value] of Object.entries(graph.terms)) {
      if (term === 'class' && part !== leader) continue;
      const name = part === leader ? term : `${part.id}.${term}`;
      terms[name] = value;
      const mean = graph.means?.[term];
      if (mean) Object.assign(means, { [name]: mean });
    }
  }
  return { ...totalOf(terms, logits!), next, means };
}

/** Passes of one kind of the same pictures, in the order they were made. */
interface Made {
  /** Those that moved the running statistics. */
  counted: ForwardPass[];
  uncounted?: ForwardPass;
}

/**
 * A `forward` for each part. Of its passes that move the running statistics, the n-th of a kind is the n-th of that
 * kind in every part, so that statistics move as often as in the part that moves them most. One of these also serves
 * where a part would leave them alone, but not the other way round. A pass in eval mode is shared only while the
 * running statistics that it reads are the same.
 */
function sharedPasses(forward: ObjectiveContext['forward']): () => ObjectiveContext['forward'] {
  const made = new Map<Tensor, Map<string, Made>>();
  let moves = 0; // of the running statistics so far
  return () => {
    const taken = new Map<Made, number>(); // of the counted passes, by this part
    return (images, options = {}) => {
      const { mode = 'train', activation, keepStatistics = false } = options;
      const ways = made.get(images) ?? new Map<string, Made>();
      made.set(images, ways);
      const way = JSON.stringify([mode === 'eval' ? moves : mode, activation ?? null]);
      const known: Made = ways.get(way) ?? { counted: [] };
      ways.set(way, known);
      if (mode === 'eval' || keepStatistics)
        return known.counted[0] ?? (known.uncounted ??= forward(images, options));
      const count = taken.get(known) ?? 0;
      taken.set(known, count + 1);
      if (count < known.counted.length) return known.counted[count];
      const pass = forward(images, options);
      moves++;
      known.counted.push(pass);
      return pass;
    };
  };
}
