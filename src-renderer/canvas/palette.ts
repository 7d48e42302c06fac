// Colours of the design tokens, resolved once for drawing: a canvas knows no CSS variables.

const read = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export interface Palette {
  /** By place in the class list, coming round after ten. */
  classes: string[];
  none: string;
  dark: string;
  scrim: string;
  onScrim: string;
  crosshair: string;
  font: string;
}

export function readPalette(): Palette {
  return {
    classes: Array.from({ length: 10 }, (_, index) => read(`--class-${index + 1}`)),
    none: read('--casing-light'),
    dark: read('--casing-dark'),
    scrim: read('--scrim'),
    onScrim: read('--on-scrim'),
    crosshair: read('--crosshair'),
    font: read('--font-ui'),
  };
}

export function classColourOf(palette: Palette, position: number | null): string {
  return position === null ? palette.none : palette.classes[(position - 1) % palette.classes.length]!;
}

/** "#rrggbb" as a little-endian RGBA word with the given opacity, for writing into ImageData. */
export function rgbaWord(colour: string, opacity: number): number {
  const value = Number.parseInt(colour.slice(1), 16);
  const [red, green, blue] = [(value >> 16) & 255, (value >> 8) & 255, value & 255];
  return ((Math.round(opacity * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
