"""Reference values for the models: logits and weight gradients of torchvision's networks, and of the wide residual
networks as their usual PyTorch version defines them, in float64.

Run:  python3 models.py > ../fixtures/engine/models.json     (needs torch, torchvision and numpy)

Weights, pictures and the way a gradient is condensed into two numbers are fixed formulas that
test/src-main/engine/nn/models-reference.test.ts repeats; the fixture holds results only.
"""

import json
import math
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision

torch.set_num_threads(2)
CLASSES = 10
MEAN = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64).view(1, 3, 1, 1)


def noise(count, phase):
    """Fixed numbers in [-1, 1) that look random: a 32-bit mix of (index, phase)."""
    h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32((phase * 0x85EBCA77) & 0xFFFFFFFF)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x2C1B3C6D)
    h ^= h >> np.uint32(12)
    h *= np.uint32(0x297A2D39)
    h ^= h >> np.uint32(15)
    return (h >> np.uint32(8)).astype(np.float64) / 2**23 - 1


def fill(model):
    """Weights by their place among the parameters, running statistics by theirs among the buffers; float32 values."""
    for place, (name, value) in enumerate(model.named_parameters()):
        u = noise(value.numel(), place)
        if value.dim() > 1:
            made = u * math.sqrt(6 / value[0].numel())  # variance 2 / fan-in
        else:
            # Deep bottlenecks at full strength are chaotic: float32 then differs from float64 by percents, in PyTorch too.
            made = 0.2 + 0.04 * u if name.endswith("bn3.weight") else 1 + 0.2 * u if name.endswith("weight") else 0.1 * u
        with torch.no_grad():
            value.copy_(torch.from_numpy(made.astype(np.float32)).reshape(value.shape))
    buffers = [(n, b) for n, b in model.named_buffers() if not n.endswith("num_batches_tracked")]
    for place, (name, value) in enumerate(buffers):
        u = noise(value.numel(), 1000 + place)
        made = 1 + 0.4 * u if name.endswith("running_var") else 0.1 * u
        value.copy_(torch.from_numpy(made.astype(np.float32)).reshape(value.shape))


def condense(value):
    """Two numbers that any change of a gradient changes: its norm and its product with a fixed pattern."""
    flat = value.detach().flatten().numpy()
    return [float(np.linalg.norm(flat)), float(flat @ noise(flat.size, 77))]


class WideBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.same = inputs == outputs
        self.convShortcut = None if self.same else nn.Conv2d(inputs, outputs, 1, stride, 0, bias=False)

    def forward(self, x):
        before = F.relu(self.bn1(x))
        out = self.conv2(F.relu(self.bn2(self.conv1(before))))
        return out + (x if self.same else self.convShortcut(before))


class WideGroup(nn.Module):
    def __init__(self, count, inputs, outputs, stride):
        super().__init__()
        self.layer = nn.Sequential(
            *(WideBlock(inputs if i == 0 else outputs, outputs, stride if i == 0 else 1) for i in range(count)))

    def forward(self, x):
        return self.layer(x)


class WideResNet(nn.Module):
    """Zagoruyko & Komodakis 2016, form for CIFAR."""

    def __init__(self, depth, widen):
        super().__init__()
        count = (depth - 4) // 6
        widths = [16, 16 * widen, 32 * widen, 64 * widen]
        self.conv1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        self.block1 = WideGroup(count, widths[0], widths[1], 1)
        self.block2 = WideGroup(count, widths[1], widths[2], 2)
        self.block3 = WideGroup(count, widths[2], widths[3], 2)
        self.bn1 = nn.BatchNorm2d(widths[3])
        self.fc = nn.Linear(widths[3], CLASSES)

    def forward(self, x):
        x = self.block3(self.block2(self.block1(self.conv1(x))))
        return self.fc(F.relu(self.bn1(x)).mean((2, 3)))


tv = lambda name: lambda: getattr(torchvision.models, name)(num_classes=CLASSES)
# Id, made by, side of the pictures, batch, activation with which gradients are taken, phase of the pictures. Where a
# value lies so near ReLU's kink that rounding decides on its side, a gradient moves by 1e-3: the phases are those at
# which no change of the weights by 1e-6 does that. In a net as deep as ResNet-50 some value always lies there:
# softplus has no kink.
CASES = [
    ("resnet18", tv("resnet18"), 64, 2, "relu", 503),
    ("resnet34", tv("resnet34"), 64, 1, None, 500),
    ("resnet50", tv("resnet50"), 96, 2, "softplus", 500),
    ("vgg11", tv("vgg11"), 96, 1, "relu", 500),
    ("alexnet", tv("alexnet"), 128, 1, "relu", 500),
    ("wrn-40-2", lambda: WideResNet(40, 2), 8, 2, "relu", 504),
    ("wrn-28-10", lambda: WideResNet(28, 10), 16, 1, None, 500),
]
BETA = 10


def with_softplus(module):
    for name, child in module.named_children():
        if isinstance(child, nn.ReLU):
            setattr(module, name, nn.Softplus(BETA, threshold=1e9))
        with_softplus(child)

cases = []
for id, make, side, batch, activation, phase in CASES:
    model = make().double()
    fill(model)
    pixels = (0.5 + 0.5 * noise(batch * 3 * side * side, phase)).astype(np.float32).astype(np.float64)
    images = torch.from_numpy(pixels).reshape(batch, 3, side, side)
    x = (images - MEAN) / DEVIATION
    parameters = dict(model.named_parameters())
    model.eval()
    case = {"model": id, "sizePx": side, "batch": batch, "phase": phase, "parameters": sum(p.numel() for p in parameters.values())}
    with torch.no_grad():
        case["logits"] = model(x).flatten().tolist()
    if activation:
        if activation == "softplus":
            with_softplus(model)
        case["activation"] = {"kind": "softplus", "beta": BETA} if activation == "softplus" else {"kind": "relu"}
        # Where there is batch-norm, with the batch's statistics; where there is none, without dropout.
        has_norm = any(True for _ in model.buffers())
        model.train(has_norm)
        case["mode"] = "train" if has_norm else "eval"
        logits = model(x)
        score = (logits.flatten() * torch.from_numpy(noise(logits.numel(), 600))).sum()
        slopes = torch.autograd.grad(score, list(parameters.values()))
        case["gradients"] = {name: condense(g) for name, g in zip(parameters, slopes)}
        case["statistics"] = {n: condense(b) for n, b in model.named_buffers() if not n.endswith("num_batches_tracked")}
    cases.append(case)
    print(id, file=sys.stderr)

rounded = lambda v: (
    {k: rounded(x) for k, x in v.items()} if isinstance(v, dict)
    else [rounded(x) for x in v] if isinstance(v, list)
    else float(f"{v:.7g}") if isinstance(v, float) else v)
origin = f"test/reference/models.py with torch {torch.__version__.split('+')[0]}, torchvision {torchvision.__version__.split('+')[0]}, float64"
json.dump({"origin": origin, "cases": rounded(cases)}, sys.stdout, indent=None, separators=(",", ":"))
print()
