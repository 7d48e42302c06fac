// What is said when training diverges.

import { AppError } from '../../contracts/errors.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { BrokenStep } from './step-runner.ts';
import type { TrainStep } from './train-step.ts';

/**
 * What is said of a step whose loss or gradient is not finite: the term of the loss at fault and the layer.
 * @param before  losses of the step before: once the weights are lost every term is, and only these tell which grew
 */
export function divergence(
  step: TrainStep,
  { loss, gradientNorm }: BrokenStep,
  before: Readonly<Record<string, number>> | null,
  found: Diagnosis | null,
  place: string,
): AppError {
  const bad = step.terms.filter((term) => !Number.isFinite(loss[term]));
  const largest = (values: Readonly<Record<string, number>>): string =>
    step.terms.reduce((worst, term) => (values[term] > values[worst] ? term : worst));
  const blamed =
    found?.term ??
    (bad.length === 0
      ? largest(loss)
      : bad.length === step.terms.length && before
        ? largest(before)
        : bad[0]);
  const lost =
    bad.length > 0 ? `${blamed} is ${loss[blamed]}` : `${blamed} has a gradient of ${gradientNorm}`;
  const after = before ? `, after ${before[blamed].toPrecision(3)}` : '';
  const layer = found?.layer ? `, first in the ${found.what} of ${found.layer}` : '';
  const reason = `${lost}${after}${layer}`;
  return new AppError(
    'bad-input',
    `training diverged in ${place}: the loss term ${reason}; lower the learning rate or the weight of the penalty`,
    { place, reason },
  );
}

/** A step with a finite loss can still leave weights that are not: those must never replace a good checkpoint. */
export function checkFinite(step: TrainStep, state: ReadonlyMap<string, Float32Array>): void {
  for (const { name } of step.state) {
    const bad = state.get(name)!.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new AppError(
        'bad-input',
        `training diverged: ${name} is no longer finite; lower the learning rate or the weight of the penalty`,
        { place: name, reason: `value ${bad} is ${state.get(name)![bad]}` },
      );
  }
}
