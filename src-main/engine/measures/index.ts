// The registry of measures. A new one is a new file and a line here.

import type { MeasureInfo } from '../../contracts/methods.ts';
import { describe, findById } from '../nn/registry.ts';
import { accuracy } from './accuracy.ts';
import { kendallUnderAttack, spearmanUnderAttack, topKIntersection } from './attribution-robustness.ts';
import { calibrationError } from './calibration-error.ts';
import { confusion } from './confusion.ts';
import { contentHeatMap, energyInBox } from './energy-in-box.ts';
import { corruptionError } from './corruption-error.ts';
import { f1 } from './f1.ts';
import { featureLeakage } from './feature-leakage.ts';
import { fgsmCurve } from './fgsm-curve.ts';
import { deletion, insertion } from './insertion-deletion.ts';
import { gtKnownLocalisation, localisationAccuracy, meanIou, topOneLocalisation } from './localisation.ts';
import { maxBoxAccuracy } from './max-box-accuracy.ts';
import { keyOf, type Measure } from './measure.ts';
import { negativeQuadrantHeat } from './negative-quadrant-heat.ts';
import { densityRobustness, gradientRobustness } from './noise-robustness.ts';
import { oodAuroc } from './ood-auroc.ts';
import { outsideBlurred, outsideSwapped } from './background-robustness.ts';
import { pgdAccuracy } from './pgd-accuracy.ts';
import { pixelPerturbation } from './pixel-perturbation.ts';
import { pointingGame, stochasticPointingGame } from './pointing-game.ts';
import { saliencyMetric } from './saliency-metric.ts';
import { topOneSegmentation } from './segmentation.ts';
import { topK } from './top-k.ts';
import { weightRandomisation } from './weight-randomisation.ts';
import { worstGroupAccuracy } from './worst-group-accuracy.ts';

export const measures: readonly Measure[] = [
  accuracy,
  topK,
  f1,
  calibrationError,
  confusion,
  worstGroupAccuracy,
  energyInBox,
  contentHeatMap,
  pointingGame,
  stochasticPointingGame,
  negativeQuadrantHeat,
  meanIou,
  localisationAccuracy,
  gtKnownLocalisation,
  topOneLocalisation,
  maxBoxAccuracy,
  topOneSegmentation,
  saliencyMetric,
  featureLeakage,
  insertion,
  deletion,
  pixelPerturbation,
  weightRandomisation,
  fgsmCurve,
  pgdAccuracy,
  corruptionError,
  topKIntersection,
  kendallUnderAttack,
  spearmanUnderAttack,
  gradientRobustness,
  densityRobustness,
  oodAuroc,
  outsideBlurred,
  outsideSwapped,
];

export const measureById = (id: string): Measure => findById('measure', measures, id);

export const measureInfos = (): MeasureInfo[] =>
  describe(measures).map((info, i) => {
    const { direction, range, unit, imageUnit, partUnit, curve, cost, needs, isUsual } = measures[i];
    return {
      ...info,
      key: keyOf(info.id),
      direction,
      range,
      unit,
      cost,
      needs,
      usual: isUsual === true,
      ...(imageUnit !== undefined && { imageUnit }),
      ...(partUnit !== undefined && { partUnit }),
      ...(curve !== undefined && { curve }),
    };
  });

export { predictedClass, scoresFor } from './accuracy.ts';
export { boxFromGradient, boxFromHeat, boxOfMask } from './box-from-map.ts';
export { confusionOf } from './confusion.ts';
export { areaShareOf, energyInside, squaredGradient } from './energy-in-box.ts';
export { meanOf } from './metric-values.ts';
export { boxIou } from './localisation.ts';
export { keyOf, type BatchView, type MeasureContext } from './measure.ts';
export { checkMeasureParams, mapAskedFor, pointingMargin } from './params.ts';
export { pointingHit } from './pointing-game.ts';
