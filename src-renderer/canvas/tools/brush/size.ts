// The size of the brush, which brush and eraser share and a picture change keeps.

const SMALLEST = 1;
const LARGEST = 1000;
/** What a press of a key or a notch of the wheel makes of it. */
const STEP = 1.2;

export interface BrushSize {
  /** Diameter in pixels of the picture. */
  px: number;
}

/** A step larger for 1, smaller for -1; always by a pixel at least. */
export function stepped(px: number, steps: number): number {
  const scaled = Math.round(px * STEP ** steps);
  const changed = scaled === px ? px + Math.sign(steps) : scaled;
  return Math.min(LARGEST, Math.max(SMALLEST, changed));
}
