// Calls of the boundary whose inputs are drawn from a seed: right ones after the schema of each call, and the
// same with something of them replaced, removed, added, nested or blown up.

import { z } from 'zod';
import { api, type Method } from '../../../src-main/contracts/api.ts';

type Random = () => number;
interface JsonSchema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  prefixItems?: JsonSchema[];
  minimum?: number;
  maximum?: number;
  minItems?: number;
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
}

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)];

const schemas = new Map(
  (Object.keys(api) as Method[]).map((method) => [
    method,
    z.toJSONSchema(api[method].input, { io: 'input', unrepresentable: 'any' }) as JsonSchema,
  ]),
);

/** @param known  values of the right kind that the host knows, by the name of their field */
export function mutatedCall(
  random: Random,
  methods: readonly Method[],
  known: Record<string, readonly unknown[]>,
): { method: string; input: unknown } {
  const method = pick(random, methods);
  const schema = schemas.get(method)!;
  const right = valueOf(random, schema, schema, '', known, 0);
  const input = random() < 0.2 ? right : mutate(random, right);
  return { method: random() < 0.01 ? String(pick(random, strange)) : method, input };
}

const words = ['cat', 'dog', 'x', 'train', 'a+b', 'standard', 'resnet8', 'grad-cam', 'coco', 'voc', ''];

function valueOf(
  random: Random,
  schema: JsonSchema,
  root: JsonSchema,
  name: string,
  known: Record<string, readonly unknown[]>,
  depth: number,
): unknown {
  const below = (part: JsonSchema, partName: string) =>
    valueOf(random, part, root, partName, known, depth + 1);
  if (known[name] !== undefined && random() < 0.7) return pick(random, known[name]);
  if (schema.$ref !== undefined) {
    const target = schema.$ref === '#' ? root : root.$defs?.[schema.$ref.replace('#/$defs/', '')];
    return depth > 4 || target === undefined ? null : below(target, name);
  }
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return pick(random, schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return below(pick(random, choices), name);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => below(part, name)));
  switch (schema.type) {
    case 'object': {
      const all = Object.entries(schema.properties ?? {});
      const some = all.filter(([key]) => schema.required?.includes(key) === true || random() < 0.5);
      return Object.fromEntries(some.map(([key, part]) => [key, below(part, key)]));
    }
    case 'array':
      if (schema.prefixItems) return schema.prefixItems.map((part) => below(part, name));
      return Array.from({ length: (schema.minItems ?? 0) + Math.floor(random() * 3) }, () =>
        below(schema.items ?? {}, name),
      );
    case 'integer':
    case 'number': {
      const least = Math.max(schema.minimum ?? 0, -1e6);
      const most = Math.min(schema.maximum ?? 100, 1e6);
      const number = least + random() * random() * (most - least);
      return schema.type === 'integer' ? Math.round(number) : number;
    }
    case 'boolean':
      return random() < 0.5;
    case 'null':
      return null;
    default:
      return pick(random, words);
  }
}

const strange: readonly unknown[] = [
  ...[null, true, 0, -1, 1.5, 1e308, -1e308, 2 ** 53, 2 ** 31, 4_294_967_296, 5e-324, '', ' ', '\0', 'NaN'],
  ...['__proto__', 'constructor', 'toString', '../../etc/passwd', '/etc/passwd', '\u001b[2J', '\ud800', '😀'],
  ...['x'.repeat(100_000), 'é'.repeat(5000), '%s%n', "'; DROP TABLE image; --", [], {}, [[]], [null]],
];
/** Stands for what is nested deeper than JSON.stringify can write. */
const ENDLESS = '(nested without end)';
const ENDLESS_LEVELS = 20_000;

/** A call as it goes over the socket. */
export const callText = (call: { id: number; method: string; input: unknown }): string =>
  JSON.stringify(call).replaceAll(
    JSON.stringify(ENDLESS),
    () => '['.repeat(ENDLESS_LEVELS) + ']'.repeat(ENDLESS_LEVELS),
  );

const nested = (random: Random): unknown => {
  let value: unknown = null;
  const depth = pick(random, [20, 200, 0]);
  if (depth === 0) return ENDLESS;
  for (let level = 0; level < depth; level++) value = random() < 0.5 ? [value] : { a: value };
  return value;
};
const any = (random: Random): unknown =>
  random() < 0.05
    ? nested(random)
    : random() < 0.05
      ? Array.from({ length: 20_000 }, (_, index) => index)
      : pick(random, strange);

function mutate(random: Random, value: unknown): unknown {
  if (random() < 0.1) return any(random);
  if (Array.isArray(value)) {
    if (value.length === 0 || random() < 0.2) return [...(value as unknown[]), any(random)];
    const at = Math.floor(random() * value.length);
    return (value as unknown[]).map((one, index) => (index === at ? mutate(random, one) : one));
  }
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value);
    if (keys.length === 0 || random() < 0.15)
      return { ...value, [String(pick(random, ['__proto__', 'x', 'constructor', 'id', '']))]: any(random) };
    const key = pick(random, keys);
    const entries = Object.entries(value);
    if (random() < 0.15) return Object.fromEntries(entries.filter(([other]) => other !== key));
    return Object.fromEntries(
      entries.map(([other, one]) => [other, other === key ? mutate(random, one) : one]),
    );
  }
  return any(random);
}
