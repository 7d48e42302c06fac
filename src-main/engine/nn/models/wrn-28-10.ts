// WRN-28-10, form for CIFAR.

import type { Model } from '../model.ts';
import { wideResidual } from '../wide-residual.ts';

export const wrn2810: Model = {
  id: 'wrn-28-10',
  title: 'WRN-28-10',
  summary:
    'A wide residual network for inputs of 32 px, as robust training uses it, with 36 million weights.',
  citation: 'Zagoruyko & Komodakis 2016, Wide Residual Networks',
  inputSizes: [32, 128],
  build: (options) => wideResidual(options, 28, 10),
};
