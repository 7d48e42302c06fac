// What a number field accepts. Kept apart from the component so that the rule can be tested.

interface NumberRange {
  min?: number | undefined;
  max?: number | undefined;
  integer?: boolean | undefined;
}

const plain = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 12, useGrouping: false });

/** The number of a typed text, which may be a fraction (8/255), or the sentence that says what would be accepted. */
export function readNumber(text: string, range: NumberRange): { value: number } | { problem: string } {
  const [above, below = 1, ...more] = text.split('/').map(decimal);
  const value = more.length > 0 ? NaN : above / below;
  const { min, max, integer } = range;
  const kind = integer ? 'a whole number' : 'a number';
  if (!Number.isFinite(value) || (integer && !Number.isInteger(value)))
    return { problem: rangeText(range) === '' ? kind : `${kind}, ${rangeText(range)}` };
  if ((min !== undefined && value < min) || (max !== undefined && value > max))
    return { problem: rangeText(range) };
  return { value };
}

const decimal = (text: string): number => (text.trim() === '' ? NaN : Number(text.trim().replace(',', '.')));

export function rangeText({ min, max }: NumberRange): string {
  if (min !== undefined && max !== undefined) return `${plain.format(min)} to ${plain.format(max)}`;
  if (min !== undefined) return `${plain.format(min)} or more`;
  if (max !== undefined) return `${plain.format(max)} or less`;
  return '';
}

/** Without the dust of binary fractions: 0.1 + 0.2 steps to 0.3. */
export function stepNumber(
  value: number,
  by: number,
  { min = -Infinity, max = Infinity }: NumberRange,
): number {
  return Math.min(max, Math.max(min, Number((value + by).toPrecision(12))));
}

export function writeNumber(value: number): string {
  return plain.format(value);
}
