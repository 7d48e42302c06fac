// The registry of measures.

import type { MethodInfo } from '../../contracts/methods.ts';
import { describe } from '../nn/registry.ts';
import { accuracy } from './accuracy.ts';
import { boxFromMap } from './box-from-map.ts';
import { confusion } from './confusion.ts';
import { energyInBox } from './energy-in-box.ts';
import { fgsmCurve } from './fgsm-curve.ts';
import { localisationAccuracy } from './localisation-accuracy.ts';
import { meanIou } from './mean-iou.ts';
import type { Measure } from './measure.ts';
import { outsideBlurred, outsideSwapped } from './outside-test.ts';
import { pointingGame } from './pointing-game.ts';
import { saliencyMetric } from './saliency-metric.ts';

export const measures: readonly Measure[] = [
  accuracy,
  confusion,
  energyInBox,
  pointingGame,
  boxFromMap,
  meanIou,
  localisationAccuracy,
  saliencyMetric,
  fgsmCurve,
  outsideBlurred,
  outsideSwapped,
];

export const measureInfos = (): MethodInfo[] => describe(measures);

export { accuracyOf, predictedClass, scoresOf } from './accuracy.ts';
export { boxFromGradient, boxFromHeat, boxOfMask, keptAbove } from './box-from-map.ts';
export { confusionOf } from './confusion.ts';
export { energyInside, squaredGradient } from './energy-in-box.ts';
export { fgsmEpsilons } from './fgsm-curve.ts';
export { foundFrom, localised } from './localisation-accuracy.ts';
export { boxIou } from './mean-iou.ts';
export { meanOf, type Measure } from './measure.ts';
export { pointingHit, pointingMargin } from './pointing-game.ts';
export { leastArea, saliencyOf, stretchCrop } from './saliency-metric.ts';
