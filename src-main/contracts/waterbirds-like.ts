// What a worker is asked for to make a set of objects on two grounds, as Waterbirds has them.

import type { Split } from './dataset.ts';
import type { Shape } from './geometry.ts';

export interface WaterbirdsSpec {
  folder: string;
  classes: string[];
  objects: {
    file: string;
    widthPx: number;
    heightPx: number;
    classIndex: number;
    regions: Shape[];
    split: Split;
  }[];
  /** Same seed and project, same files. */
  seed: number;
  /** Share of each class's training pictures that stand on the class's own ground, 0..1. */
  correlation: number;
  sizePx: number;
  /** Absolute path of a folder with two folders of pictures; null for drawn grounds. */
  backgrounds: string | null;
}
