// Contrastive excitation backpropagation (contrastive marginal winning probability, cMWP): the probability that a
// feature is the one that excited the class, handed down from layer to layer, less the same for everything else.

import { z } from 'zod';
import {
  add,
  broadcastTo,
  conv,
  convInputGrad,
  div,
  gradient,
  identity,
  matmul,
  mul,
  neg,
  relu,
  scalar,
  stopGradient,
  sub,
  sum,
  topologicalOrder,
  type GradientOptions,
  type Tensor,
} from '../graph/index.ts';
import { saliencyMethod } from './saliency.ts';
import { stageField, stageOf } from './stage.ts';

const schema = z.object({
  contrast: z.boolean().default(true).meta({
    title: 'Contrast',
    help: 'Whether what excites everything but the class is taken off; without it, maps of all classes look alike.',
    main: true,
  }),
  stagesBack: stageField(1),
});

/** Keeps 0 / 0 at 0, as in TorchRay. */
const least = 1e-20;

/**
 * With P the probability that arrives at a layer y = W x, P_in = x * W+^T (P / W+ x) with W+ = relu(W), for
 * convolutions, dense layers and sums (pooling); a sum of two branches shares P by their values, a factor or an
 * addition that no picture changes (batch-norm) hands P on, all else is as in the gradient. The contrast is the same
 * from the head with its weights negated, taken off before the pooled features. The map is relu(sum over channels) at
 * the chosen stage.
 *
 * Read maps of wide ResNets with care. Where a ReLU follows a sum of branches, what arrives there has the sum as a
 * factor, so that the shares main / (main + side) stay bounded. In a wide ResNet batch-norm comes in between: where the
 * branches differ in sign and nearly cancel, a share is as large as it likes. The rules have no better one for it.
 * @see Zhang et al. 2016, eq. 4 and section 3.3; TorchRay's code, which has no published formula for batch-norm
 */
export const cmwp = saliencyMethod({
  id: 'cmwp',
  title: 'Contrastive excitation backprop',
  summary: 'Hands the class down through excitatory weights and takes off what excites all else (cMWP).',
  citation: 'Zhang et al. 2016, arXiv 1608.00507',
  schema,
  presets: [
    {
      id: 'torchray',
      title: 'As in TorchRay',
      source:
        'Fong et al. 2019, code, for residual nets: contrast at the pooling, map one stage before the last',
      params: { contrast: true, stagesBack: 1 },
    },
  ],
  build({ images, target, forward }, { contrast, stagesBack }) {
    const pass = forward(images);
    const maps = stageOf(pass, stagesBack);
    const own = excitation(pass.logits, pass.pooled, target, 1);
    const seed = contrast ? sub(own, excitation(pass.logits, pass.pooled, target, -1)) : own;
    return relu(sum(excitation(pass.pooled, maps, seed, 1), [1]));
  },
});

/**
 * What arrives at `from` when `probability` is handed down from `y`.
 * @param probability  shape of y; it enters linearly, so it may be a difference
 * @param weightSign   -1 negates the weights of all layers on the way
 * @returns            shape of `from`
 */
function excitation(y: Tensor, from: Tensor, probability: Tensor, weightSign: 1 | -1): Tensor {
  // gradient() starts from a scalar, so the probability enters as the gradient of this one.
  const product = mul(identity(y), stopGradient(probability));
  const total = sum(product);
  const changing = dependants(total, from);
  const isStart = (node: Tensor): boolean => node === product || node.inputs[0] === product;
  const shareOf = (p: Tensor, whole: Tensor): Tensor => div(p, add(whole, scalar(least)));
  const exciting = (w: Tensor): Tensor => relu(weightSign === 1 ? w : neg(w));

  const rules: GradientOptions['rules'] = {
    conv(node, p) {
      const [x, w] = node.inputs;
      const up = exciting(w);
      const share = shareOf(p, conv(x, up, node.attributes));
      return [mul(x, convInputGrad(share, up, x.shape, node.attributes)), undefined]; // eq. 4
    },
    matmul(node, p) {
      const [x, w] = node.inputs;
      const { transposeB } = node.attributes;
      const up = exciting(w);
      const share = shareOf(p, matmul(x, up, { transposeB }));
      return [mul(x, matmul(share, up, { transposeB: !transposeB })), undefined]; // eq. 4
    },
    sum(node, p, usual) {
      if (isStart(node)) return usual();
      const [x] = node.inputs;
      return [mul(x, broadcastTo(shareOf(p, node), x.shape))];
    },
    add(node, p, usual) {
      if (!node.inputs.every((branch) => changing.has(branch))) return usual();
      return node.inputs.map((branch) => mul(branch, shareOf(p, node)));
    },
    mul(node, p, usual) {
      if (isStart(node)) return usual();
      const handed = node.inputs.map((factor) => (changing.has(factor) ? p : undefined));
      return handed.includes(undefined) ? handed : usual();
    },
  };
  return gradient(total, [from], { rules })[0];
}

/** `from` and all nodes on the way from it to `y`. */
function dependants(y: Tensor, from: Tensor): Set<Tensor> {
  const found = new Set([from]);
  for (const node of topologicalOrder([y]))
    if (node.inputs.some((source) => found.has(source))) found.add(node);
  return found;
}
