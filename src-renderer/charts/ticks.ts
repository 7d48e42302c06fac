// Where the axes of charts begin, end and carry figures.

/** 3 to 6 round values that lie in [min, max], steps of 1, 2, 2.5 or 5 times a power of ten. */
export function linearTicks(min: number, max: number, about = 4): number[] {
  const span = max - min;
  if (!(span > 0)) return [min];
  const rough = span / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough * 0.999)!;
  const ticks: number[] = [];
  for (let index = Math.ceil(min / step - 1e-9); index * step <= max + step * 1e-9; index += 1)
    ticks.push(Number((index * step).toPrecision(12)));
  return ticks;
}

/** Whole epochs from 0 to the last planned one, which always has a tick. */
export function epochTicks(epochs: number): number[] {
  const ticks = linearTicks(0, epochs, 4).filter(Number.isInteger);
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : epochs;
  const clear = ticks.filter((tick) => tick === 0 || epochs - tick > step * 0.45);
  return [...clear, epochs];
}

/** Whole powers of ten in the range; if there are fewer than two, also 2 and 5 times them. */
export function logTicks([min, max]: readonly [number, number]): number[] {
  const within = (factors: number[]) => {
    const ticks: number[] = [];
    for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power += 1)
      for (const factor of factors) {
        const tick = Number((factor * 10 ** power).toPrecision(6));
        if (tick >= min * 0.999 && tick <= max * 1.001) ticks.push(tick);
      }
    return ticks;
  };
  const decades = within([1]);
  return decades.length >= 2 ? decades : within([1, 2, 5]);
}

/** Range of positive values for a logarithmic axis, a little air at both ends; a decade at least. */
export function logRange(values: Iterable<number | null>): [number, number] {
  let min = Infinity;
  let max = 0;
  for (const value of values)
    if (value !== null && value > 0) {
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  if (max === 0) return [0.1, 1];
  const air = 1.3;
  const missing = Math.max(1, Math.sqrt(10 / ((max * air * air) / min)));
  return [min / air / missing, max * air * missing];
}

/** Range of fractions that ends at 1 and begins at the multiple of 0.2 below the smallest; all of 0..1 without any. */
export function fractionRange(values: Iterable<number | null>): [number, number] {
  let min = Infinity;
  for (const value of values) if (value !== null) min = Math.min(min, value, 0.8);
  if (min === Infinity) return [0, 1];
  return [Math.max(0, Math.floor(min * 5 + 1e-9) / 5), 1];
}

/** A loss beside its axis: short enough for it, "1e-4" rather than "0.0001". */
export function lossTick(value: number): string {
  const size = Math.abs(value);
  return value !== 0 && (size < 0.001 || size >= 10_000)
    ? value.toExponential(0)
    : String(Number(value.toPrecision(4)));
}

/** A loss as people read it: three figures, no exponent between 0.001 and 10,000. */
export function lossText(value: number): string {
  if (value === 0) return '0';
  if (Math.abs(value) < 0.001 || Math.abs(value) >= 10_000) return value.toExponential(1).replace('e', ' e');
  return value >= 100
    ? value.toFixed(0)
    : value >= 1
      ? value.toFixed(2)
      : value.toFixed(value >= 0.1 ? 2 : 3);
}
