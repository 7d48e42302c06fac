"""The training steps of `npm run bench -- train-step` in PyTorch, eager, on the processor: the same network, batch,
objective and number of threads, SGD with momentum and weight decay. 'box-aware' is cross-entropy and the squared
gradient of the loss in the pixels outside a region, differentiated twice.

    python3 pytorch_step.py --model resnet18 --batch 32 --size 64 --threads 2 --steps 4     (needs torch)

Prints JSON: name, version, and for each objective the seconds of the fastest step and the least processor time, of all
threads, that one took.
"""

import argparse
import json
import resource
import time

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    """A basic block, or a bottleneck that puts out four times its channels."""

    def __init__(self, inputs, channels, stride, bottleneck):
        super().__init__()
        outputs = 4 * channels if bottleneck else channels
        # window, channels and stride of each convolution; torchvision's bottleneck strides in its 3x3.
        plan = (
            [(1, channels, 1), (3, channels, stride), (1, outputs, 1)]
            if bottleneck
            else [(3, channels, stride), (3, channels, 1)]
        )
        parts, width = [], inputs
        for window, filters, step in plan:
            parts += [convolution(width, filters, window, step), nn.BatchNorm2d(filters), nn.ReLU(inplace=True)]
            width = filters
        self.body = nn.Sequential(*parts[:-1])
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
        self.outputs = outputs

    def forward(self, x):
        return F.relu(self.body(x) + self.shortcut(x))


def convolution(inputs, filters, window, stride):
    return nn.Conv2d(inputs, filters, window, stride, padding=window // 2, bias=False)


def network(name, size, classes=10):
    """The residual networks of Fovea; from 96 px on those for ImageNet have the 7x7 stem with pooling."""
    bottleneck = name == "resnet50"
    if name == "resnet8":
        stem, stages = [convolution(3, 16, 3, 2), nn.BatchNorm2d(16), nn.ReLU(inplace=True)], [(32, 1, 2), (64, 1, 2), (64, 1, 1)]
        width = 16
    else:
        blocks = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3), "resnet50": (3, 4, 6, 3)}[name]
        stages = [(64 * 2**s, count, 1 if s == 0 else 2) for s, count in enumerate(blocks)]
        width = 64
        first = convolution(3, 64, 7, 2) if size >= 96 else convolution(3, 64, 3, 1)
        stem = [first, nn.BatchNorm2d(64), nn.ReLU(inplace=True)]
        if size >= 96:
            stem.append(nn.MaxPool2d(3, 2, padding=1))
    layers = stem
    for channels, count, stride in stages:
        for index in range(count):
            block = Block(width, channels, stride if index == 0 else 1, bottleneck)
            layers.append(block)
            width = block.outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(objective, options):
    torch.manual_seed(0)
    batch, size = options.batch, options.size
    model = network(options.model, size).train()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.002, momentum=0.9, weight_decay=5e-4)
    images = torch.rand(batch, 3, size, size)
    labels = torch.arange(batch) % 10
    outside = (torch.rand(batch, 1, size, size) < 0.5).float()
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)

    def step():
        pixels = ((images - mean) / deviation).requires_grad_(objective == "box-aware")
        loss = F.cross_entropy(model(pixels), labels)
        if objective == "box-aware":
            (slope,) = torch.autograd.grad(loss * batch, pixels, create_graph=True)
            loss = loss + 2 * ((slope * outside) ** 2).sum() / batch
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    step()  # not counted: it allocates
    seconds, cpu = [], []
    for _ in range(options.steps):
        begun, used = time.perf_counter(), processor_seconds()
        step()
        seconds.append(time.perf_counter() - begun)
        cpu.append(processor_seconds() - used)
    return {"seconds": min(seconds), "cpuSeconds": min(cpu)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--objectives", default="standard,box-aware")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    result = {"name": "PyTorch", "version": torch.__version__}
    for objective in options.objectives.split(","):
        result[objective] = measure(objective, options)
    print(json.dumps(result))


main()
