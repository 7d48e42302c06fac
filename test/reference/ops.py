"""Values, gradients and second derivatives of operations, made with PyTorch's double backward in float64.

Run:  python3 ops.py > ../fixtures/engine/ops.json     (needs torch)

Operands and the weights of the scalars are fixed formulas that test/src-main/engine/graph/pytorch.test.ts repeats:
operand i is sin(1.7 j + 0.1 + 0.7 i) rounded to float32, the value is weighted by sin(1.7 j + 0.5), the gradient in
operand i by sin(1.7 j + 2 + i). The fixture holds shapes and results only.
"""

import json
import math
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def wave(count, phase):
    return torch.sin(1.7 * torch.arange(count, dtype=torch.float64) + phase)


CASES = {
    "conv in 2 groups, stride 2, padding 2, dilation 2": (
        [(2, 4, 6, 5), (4, 2, 3, 2)],
        lambda x, w: F.conv2d(x, w, stride=2, padding=2, dilation=2, groups=2),
    ),
    "conv, depthwise, padding 1": (
        [(2, 3, 5, 4), (3, 1, 3, 3)],
        lambda x, w: F.conv2d(x, w, padding=1, groups=3),
    ),
    "conv, dilation 3, padding 3": (
        [(1, 2, 5, 5), (3, 2, 3, 3)],
        lambda x, w: F.conv2d(x, w, padding=3, dilation=3),
    ),
    "resizeBilinear, larger": (
        [(1, 2, 3, 4)],
        lambda x: F.interpolate(x, (5, 9), mode="bilinear", align_corners=False) ** 2,
    ),
    "resizeBilinear, smaller": (
        [(1, 2, 7, 6)],
        lambda x: F.interpolate(x, (3, 4), mode="bilinear", align_corners=False) ** 2,
    ),
    "averagePool, window 3, stride 2, padding 1, border counted": (
        [(2, 2, 6, 5)],
        lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=True) ** 2,
    ),
    "maxPool, window 3, stride 2, padding 1": (
        [(2, 2, 6, 5)],
        lambda x: F.max_pool2d(x, 3, 2, 1) ** 2,
    ),
    "gelu": ([(3, 5)], lambda x: F.gelu(3 * x)),
    "softplus, beta 3": ([(3, 5)], lambda x: F.softplus(2 * x, 3)),
    "logSumExp": ([(3, 5)], lambda x: torch.logsumexp(4 * x, -1)),
    "softmax": ([(3, 5)], lambda x: F.softmax(4 * x, -1)),
    "sigmoidCrossEntropy": (
        [(3, 5), (3, 5)],
        lambda z, t: F.binary_cross_entropy_with_logits(5 * z, t.sigmoid(), reduction="none"),
    ),
    "cosineSimilarity": ([(3, 5), (3, 5)], lambda a, b: F.cosine_similarity(a, b, -1)),
    "l2Normalise": ([(3, 5)], lambda x: F.normalize(x, dim=-1)),
    "groupNorm, 2 groups": (
        [(2, 4, 3, 2), (4,), (4,)],
        lambda x, scale, shift: F.group_norm(x, 2, scale, shift, 1e-5),
    ),
    "layerNorm over 2 axes": (
        [(3, 2, 4), (2, 4), (2, 4)],
        lambda x, scale, shift: F.layer_norm(x, (2, 4), scale, shift, 1e-5),
    ),
}


def main():
    lines = []
    for title, (shapes, build) in CASES.items():
        operands = [
            wave(math.prod(shape), 0.1 + 0.7 * i).float().double().reshape(shape).requires_grad_()
            for i, shape in enumerate(shapes)
        ]
        y = build(*operands)
        scalar = (y * wave(y.numel(), 0.5).reshape(y.shape)).sum()
        first = torch.autograd.grad(scalar, operands, create_graph=True)
        scalar = sum((d * wave(d.numel(), 2 + i).reshape(d.shape)).sum() for i, d in enumerate(first))
        second = torch.autograd.grad(scalar, operands, materialize_grads=True)
        rounded = lambda v: [float(f"{number:.8g}") for number in v.detach().flatten().tolist()]
        lines.append(json.dumps({
            "title": title, "shapes": shapes, "value": rounded(y),
            "first": [rounded(d) for d in first], "second": [rounded(d) for d in second],
        }))
    origin = f"test/reference/ops.py, PyTorch {torch.__version__.split('+')[0]}, float64, double backward"
    sys.stdout.write('{"origin": %s, "cases": [\n%s\n]}\n' % (json.dumps(origin), ",\n".join(lines)))


main()
