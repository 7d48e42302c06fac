// Statistics of order: rank correlations of two maps, overlap of their highest values, area under a ROC curve.

/** Ranks from 1, ties sharing their mean. */
function ranksOf(values: ArrayLike<number>): Float64Array {
  const order = sortedPlaces(values);
  const ranks = new Float64Array(values.length);
  for (let first = 0; first < order.length;) {
    let last = first;
    while (last + 1 < order.length && values[order[last + 1]] === values[order[first]]) last += 1;
    for (let i = first; i <= last; i++) ranks[order[i]] = (first + last) / 2 + 1;
    first = last + 1;
  }
  return ranks;
}

const sortedPlaces = (values: ArrayLike<number>): Uint32Array =>
  Uint32Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a] - values[b] || a - b);

/** What is no number has no rank: a sort would put it anywhere. */
function holdsNoNumber(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) return true;
  return false;
}

/**
 * Spearman's rho: correlation of the ranks, ties sharing their mean. Null if either is constant or holds what is no
 * number, as the map of a network whose drawn weights overflow.
 */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  if (holdsNoNumber(a) || holdsNoNumber(b)) return null;
  const [left, right] = [ranksOf(a), ranksOf(b)];
  const mean = (a.length + 1) / 2;
  let product = 0;
  let leftSquares = 0;
  let rightSquares = 0;
  for (let i = 0; i < a.length; i++) {
    product += (left[i] - mean) * (right[i] - mean);
    leftSquares += (left[i] - mean) ** 2;
    rightSquares += (right[i] - mean) ** 2;
  }
  return leftSquares > 0 && rightSquares > 0 ? product / Math.sqrt(leftSquares * rightSquares) : null;
}

/** Kendall's tau-b by counting exchanges of a merge sort (Knight 1966). Null as of `spearman`. */
export function kendall(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  if (holdsNoNumber(a) || holdsNoNumber(b)) return null;
  const count = a.length;
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort((i, j) => a[i] - a[j] || b[i] - b[j]);
  const pairs = (n: number): number => (n * (n - 1)) / 2;
  /** Pairs tied under `same`, which holds of neighbours in the order. */
  const tiedPairs = (places: Uint32Array, same: (i: number, j: number) => boolean): number => {
    let total = 0;
    let run = 1;
    for (let i = 1; i <= count; i++)
      if (i < count && same(places[i - 1], places[i])) run += 1;
      else {
        total += pairs(run);
        run = 1;
      }
    return total;
  };
  const tiedA = tiedPairs(order, (i, j) => a[i] === a[j]);
  const tiedBoth = tiedPairs(order, (i, j) => a[i] === a[j] && b[i] === b[j]);
  const exchanges = mergeSort(order, b);
  const tiedB = tiedPairs(order, (i, j) => b[i] === b[j]);
  const all = pairs(count);
  const scale = Math.sqrt(all - tiedA) * Math.sqrt(all - tiedB);
  return scale > 0 ? (all - tiedA - tiedB + tiedBoth - 2 * exchanges) / scale : null;
}

/** Sorts places by their values, in place, and counts how many pairs stood the wrong way round. */
function mergeSort(order: Uint32Array, values: ArrayLike<number>): number {
  let exchanges = 0;
  let from: Uint32Array = order;
  let to: Uint32Array = new Uint32Array(order.length);
  for (let width = 1; width < order.length; width *= 2) {
    for (let start = 0; start < order.length; start += 2 * width) {
      const middle = Math.min(start + width, order.length);
      const end = Math.min(start + 2 * width, order.length);
      let [left, right] = [start, middle];
      for (let at = start; at < end; at++)
        if (left < middle && (right >= end || values[from[left]] <= values[from[right]]))
          to[at] = from[left++];
        else {
          exchanges += middle - left;
          to[at] = from[right++];
        }
    }
    [from, to] = [to, from];
  }
  if (from !== order) order.set(from);
  return exchanges;
}

/** Whether no value is above another: then nothing comes before anything else. */
export const isFlat = (values: ArrayLike<number>): boolean => {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
};

/** Places of the k highest values; of equal ones the first. */
export const highest = (values: ArrayLike<number>, k: number): Uint32Array =>
  Uint32Array.from({ length: values.length }, (_, i) => i)
    .sort((a, b) => values[b] - values[a] || a - b)
    .subarray(0, k);

/** Share of the k highest places of one map that are among the k highest of the other. */
export function overlapOfHighest(a: ArrayLike<number>, b: ArrayLike<number>, k: number): number {
  const ofA = new Set(highest(a, k));
  return highest(b, k).filter((place) => ofA.has(place)).length / Math.min(k, a.length);
}

/**
 * Area under the ROC curve: how often a positive scores above a negative, ties counting half; with the 95 % interval
 * of DeLong et al. 1988, for which there must be two of each kind.
 */
export function aurocWithInterval(
  positives: ArrayLike<number>,
  negatives: ArrayLike<number>,
): { value: number | null; low: number | null; high: number | null } {
  const [ofPositives, ofNegatives] = [positives.length, negatives.length];
  if (ofPositives === 0 || ofNegatives === 0) return { value: null, low: null, high: null };
  const ranks = ranksOf(Float64Array.from([...Array.from(positives), ...Array.from(negatives)]));
  const among = { positives: ranksOf(positives), negatives: ranksOf(negatives) };
  // How many of the other kind each one beats (or loses to), ties counting half.
  const wins = among.positives.map((rank, i) => (ranks[i] - rank) / ofNegatives);
  const losses = among.negatives.map((rank, i) => 1 - (ranks[ofPositives + i] - rank) / ofPositives);
  const mean = (values: Float64Array): number => values.reduce((sum, one) => sum + one, 0) / values.length;
  const value = mean(wins);
  const variance = (values: Float64Array): number =>
    values.reduce((sum, one) => sum + (one - value) ** 2, 0) / (values.length - 1) / values.length;
  if (Math.min(ofPositives, ofNegatives) < 2) return { value, low: null, high: null };
  const reach = 1.959963984540054 * Math.sqrt(variance(wins) + variance(losses));
  return { value, low: Math.max(0, value - reach), high: Math.min(1, value + reach) };
}
