// What an attack on the explanation leaves of the heat that it was aimed at.

import { isFlat, kendall, overlapOfHighest } from '../nn/rank-correlation.ts';
import type { Attack, AttackTarget } from './attack.ts';
import { judge, topField, type ExplanationParams } from './explanation.ts';
import { rowOf } from './rows.ts';

/** Which heat is compared, and how many of its hottest pixels. */
interface ComparedHeat {
  map: string;
  score: string;
  topPixels: number;
}

/** The heat that an attack on the explanation is aimed at; null for others. @param params checked */
export function heatAimedAt(
  { aim }: Attack,
  params: Readonly<Record<string, unknown>>,
  sizePx: number,
): ComparedHeat | null {
  if (aim !== 'explanation') return null;
  const {
    map,
    score,
    k = topField.parse(undefined),
  } = params as unknown as ExplanationParams & { k?: number };
  return { map, score, topPixels: Math.min(k, sizePx ** 2) };
}

/** Share of the hottest pixels that stay the hottest, and Kendall's tau-b over all of them. */
interface AttributionSimilarity {
  overlap: number;
  tau: number;
}

/**
 * Of heat that became flat nothing is left, as the attacks count it; null where it was flat before.
 * @param before, after  [N, 3, S, S]
 * @param params         of the attack, checked
 */
export async function attributionSimilarity(
  target: AttackTarget,
  before: Float32Array,
  after: Float32Array,
  labels: Int32Array,
  params: Readonly<Record<string, unknown>>,
  { topPixels }: ComparedHeat,
): Promise<(AttributionSimilarity | null)[]> {
  const side = target.sizePx ** 2;
  const mapParams = params as unknown as ExplanationParams;
  const [old, now] = [
    await judge(target, before, labels, mapParams),
    await judge(target, after, labels, mapParams),
  ];
  return Array.from(labels, (_, i) => {
    const [first, second] = [rowOf(old.heat, i, side), rowOf(now.heat, i, side)];
    if (isFlat(first)) return null;
    if (isFlat(second)) return { overlap: 0, tau: 0 };
    return { overlap: overlapOfHighest(first, second, topPixels), tau: kendall(first, second) ?? 0 };
  });
}
