// Which field an attribute is edited in. Values are kept as text, as files say them; what they are is seen from those
// that the project has.

type AttributeField = 'yes-no' | 'number' | 'choice' | 'text';

/** Pairs in which yes and no are said. */
const PAIRS = [
  ['yes', 'no'],
  ['true', 'false'],
  ['True', 'False'],
  ['1', '0'],
] as const;
/** More values than this are typed, not chosen. */
const MOST_CHOICES = 30;

/** @param known  values that others have, its own or not */
export function fieldFor(value: string, known: readonly string[]): AttributeField {
  const all = new Set([value, ...known].filter((one) => one !== ''));
  if (all.size === 0) return 'text';
  // One and nought alone may be a count: only both together are taken for yes and no.
  const isPair = PAIRS.some(
    (pair) =>
      [...all].every((one) => (pair as readonly string[]).includes(one)) &&
      (pair[0] !== '1' || all.size === 2),
  );
  if (isPair) return 'yes-no';
  if (value !== '' && [...all].every((one) => Number.isFinite(Number(one)))) return 'number';
  // A value that nothing else has is being thought up: it is typed.
  return known.length > 1 && known.length <= MOST_CHOICES ? 'choice' : 'text';
}

export const isYes = (value: string): boolean => PAIRS.some(([yes]) => yes === value);

/** Yes or no in the words that the attribute is said in. */
export function yesLike(on: boolean, value: string, known: readonly string[]): string {
  const pair = PAIRS.find((words) =>
    [value, ...known].some((one) => (words as readonly string[]).includes(one)),
  );
  const [yes, no] = pair ?? PAIRS[0];
  return on ? yes : no;
}
