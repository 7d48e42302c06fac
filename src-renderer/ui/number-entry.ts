// What a number field accepts. Kept apart from the component so that the rule can be tested.

export interface NumberRange {
  min?: number | undefined;
  max?: number | undefined;
  integer?: boolean | undefined;
}

const plain = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 12, useGrouping: false });

/** The number of a typed text, or the sentence that says what would be accepted. */
export function readNumber(text: string, range: NumberRange): { value: number } | { problem: string } {
  const value = Number(text.trim().replace(',', '.'));
  const { min, max, integer } = range;
  const kind = integer ? 'a whole number' : 'a number';
  if (text.trim() === '' || !Number.isFinite(value) || (integer && !Number.isInteger(value)))
    return { problem: rangeText(range) === '' ? kind : `${kind}, ${rangeText(range)}` };
  if ((min !== undefined && value < min) || (max !== undefined && value > max))
    return { problem: rangeText(range) };
  return { value };
}

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
