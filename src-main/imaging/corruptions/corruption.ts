// What a corruption is: a named way in which pictures go bad by themselves, at five severities.

export type Severity = 1 | 2 | 3 | 4 | 5;
export const severities: readonly Severity[] = [1, 2, 3, 4, 5];

/** Random numbers of the caller's generator; the same ones give the same picture. */
export interface Chance {
  /** [0, 1) */
  uniform(): number;
  /** Mean 0, standard deviation 1. */
  normal(): number;
}

/** Values in [0, 1], [side, side, 3], row by row. */
type Values = Float64Array;

export interface Corruption {
  readonly id: string;
  readonly title: string;
  /** One sentence in plain words. */
  readonly summary: string;
  readonly group: 'noise' | 'blur' | 'weather' | 'digital';
  /** Whether it is one of the 15 that the corruption error is a mean of; the other four are for tuning on. */
  readonly counted: boolean;
  /** @returns [side, side, 3]; what lies outside [0, 1] is clipped afterwards */
  apply(values: Values, side: number, severity: Severity, chance: Chance): Values | Promise<Values>;
}

/**
 * Constants of one corruption at severities 1 to 5: those published for CIFAR-10-C (32 px), Tiny-ImageNet-C (64 px)
 * and ImageNet-C (224 px). Lengths among them are pixels of those sides.
 */
export interface Table<T> {
  readonly cifar: readonly T[];
  readonly tiny: readonly T[];
  readonly imagenet: readonly T[];
}

type Scale = keyof Table<unknown>;

/** Which set of constants serves a side: the published one that is nearest by ratio. */
export const scaleOf = (side: number): Scale =>
  side < Math.sqrt(32 * 64) ? 'cifar' : side < Math.sqrt(64 * 224) ? 'tiny' : 'imagenet';

export const constantOf = <T>(table: Table<T>, side: number, severity: Severity): T =>
  table[scaleOf(side)][severity - 1];

export const clip01 = (value: number): number => Math.min(1, Math.max(0, value));

/** Multiples of 1/255; round-off does not push a whole byte below itself. */
export const cutToByte = (value: number): number => Math.floor(255 * value + 1e-9) / 255;
export const roundToByte = (value: number): number => Math.round(255 * value) / 255;
