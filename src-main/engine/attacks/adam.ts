// Adam on rows of plain numbers, for attacks that descend freely.

/** Moves x, in place, by one step against the gradient. */
type AdamStep = (x: Float64Array, gradient: ArrayLike<number>) => void;

/** @see Kingma & Ba 2015, algorithm 1, with its constants beta1 0.9, beta2 0.999, epsilon 1e-8 */
export function adam(length: number, stepSize: number): AdamStep {
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
  const mean = new Float64Array(length);
  const square = new Float64Array(length);
  let steps = 0;
  return (x, gradient) => {
    steps += 1;
    const [bias1, bias2] = [1 - beta1 ** steps, 1 - beta2 ** steps];
    for (let i = 0; i < length; i++) {
      mean[i] = beta1 * mean[i] + (1 - beta1) * gradient[i];
      square[i] = beta2 * square[i] + (1 - beta2) * gradient[i] ** 2;
      x[i] -= (stepSize * mean[i]) / bias1 / (Math.sqrt(square[i] / bias2) + epsilon);
    }
  };
}
