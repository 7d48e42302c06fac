// WRN-40-2, form for CIFAR.

import type { Model } from '../model.ts';
import { wideResidual } from '../wide-residual.ts';

export const wrn402: Model = {
  id: 'wrn-40-2',
  title: 'WRN-40-2',
  summary: 'A wide residual network for inputs of 32 px, deep and slender with 2 million weights.',
  citation: 'Zagoruyko & Komodakis 2016, Wide Residual Networks',
  inputSizes: [32, 128],
  build: (options) => wideResidual(options, 40, 2),
};
