"""Reference heat maps, made with PyTorch in float64 and, where they have the method, Captum and pytorch-grad-cam.

Run:  python3 saliency.py > ../fixtures/engine/saliency.json     (needs torch, numpy, captum and grad-cam)

The networks, their weights, the pictures and what random methods are fed are fixed formulas that
test/src-main/engine/saliency/saliency-reference.test.ts repeats; the fixture holds results only. What stands behind
each case is its "by": "captum", "pytorch-grad-cam", or "formula" for one written out here: FullGrad after the authors'
code (idiap/fullgrad-saliency), but enlarged between pixel centres; cMWP after TorchRay's rules (Fong et al. 2019), and
checked against torchray, on each of the networks, where that is installed.
"""

import importlib.metadata
import json
import math
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from captum.attr import GuidedBackprop, InputXGradient, IntegratedGradients, Occlusion, Saliency
from captum.attr._core.gradient_shap import InputBaselineXGradient
from pytorch_grad_cam import GradCAM, GradCAMElementWise, GradCAMPlusPlus, HiResCAM, LayerCAM

torch.set_default_dtype(torch.float64)

BATCH, CLASSES, SIZE = 2, 3, 8
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
LOOKS = 3


def wave(count, phase):
    """sin(1.7 i + phase) for i = 0 … count-1, an arbitrary but fixed pattern."""
    return torch.sin(1.7 * torch.arange(count, dtype=torch.float64) + phase)


class Normalise(nn.Module):
    def forward(self, x):
        return (x - MEAN) / DEVIATION


class Sum(nn.Module):
    """A sum of two branches, a module so that it can have a hook."""

    def forward(self, main, side):
        return main + side


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride, activation=nn.ReLU):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu1 = activation()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu2 = activation()
        self.downsample = downsample(inputs, outputs, stride)
        self.sum = Sum()

    def main(self, x):
        return self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))

    def forward(self, x):
        return self.relu2(self.sum(self.main(x), x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    def __init__(self, inputs, outputs, stride, activation=nn.ReLU):
        super().__init__()
        narrow = outputs // 4
        self.conv1 = nn.Conv2d(inputs, narrow, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(narrow)
        self.relu1 = activation()
        self.conv2 = nn.Conv2d(narrow, narrow, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(narrow)
        self.relu3 = activation()
        self.conv3 = nn.Conv2d(narrow, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.relu2 = activation()
        self.downsample = downsample(inputs, outputs, stride)
        self.sum = Sum()

    def main(self, x):
        return self.bn3(self.conv3(self.relu3(self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x))))))))

    forward = Block.forward


def downsample(inputs, outputs, stride):
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class Net(nn.Module):
    """The small network of most cases."""

    block, blocks, widths = Block, 1, (4, 6)

    def __init__(self, pool, task="single", softplus=None):
        super().__init__()
        self.pool, self.task = pool, task
        # PyTorch's own softplus is linear from 20 on, which in float64 shows.
        self.activation = nn.ReLU if softplus is None else lambda: nn.Softplus(softplus, threshold=500)
        self.normalise = Normalise()
        self.make()
        self.fc = nn.Linear(self.widths[-1], CLASSES)
        self.average = nn.AdaptiveAvgPool2d(1)
        for index, (name, value) in enumerate(self.named_parameters()):
            value.data = self.value_of(name, value.numel(), index).reshape(value.shape)
        buffers = [(name, value) for name, value in self.named_buffers() if "running" in name]
        for index, (name, value) in enumerate(buffers):
            pattern = wave(value.numel(), index + 0.7)
            value.copy_((0.3 * pattern if name.endswith("mean") else 1 + 0.5 * pattern).float().double())
        self.eval()

    def make(self):
        self.conv1 = nn.Conv2d(3, 4, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.relu = self.activation()
        self.layer1 = self.stage(4, self.widths[0], 1)
        self.layer2 = self.stage(*self.widths, 2)

    def stage(self, inputs, outputs, stride):
        first = self.block(inputs, outputs, stride, self.activation)
        return nn.Sequential(first, *(self.block(outputs, outputs, 1, self.activation) for _ in range(self.blocks - 1)))

    def value_of(self, name, count, index):
        values = 0.4 * wave(count, index)
        if "bn" in name or "downsample.1" in name:
            values = (1 if name.endswith("weight") else 0) + 0.5 * values
        return values.float().double()

    def stem(self, x):
        return self.relu(self.bn1(self.conv1(self.normalise(x))))

    def stages(self, x):
        first = self.layer1(self.stem(x))
        return [first, self.layer2(first)]

    def features(self, x):
        return self.stages(x)[-1]

    def pooled(self, x):
        return self.pool_maps(self.features(x))

    def pool_maps(self, maps):
        return maps.amax((2, 3)) if self.pool == "max" else self.average(maps)[:, :, 0, 0]

    def forward(self, x):
        return self.fc(self.pooled(x))


class Deep(Net):
    """Two blocks a stage, so that skips are identities, too."""

    blocks = 2


class Bottlenecks(Net):
    block, blocks, widths = Bottleneck, 2, (8, 12)


class Plain(Net):
    """Convolutions with biases and maximum pooling between two stages."""

    def make(self):
        relu = self.activation
        conv = lambda inputs, outputs: nn.Sequential(nn.Conv2d(inputs, outputs, 3, 1, 1), relu())
        self.layer1 = nn.Sequential(conv(3, 4), conv(4, 4))
        self.between = nn.MaxPool2d(2)
        self.layer2 = nn.Sequential(conv(4, 6), conv(6, 6))

    def stages(self, x):
        first = self.layer1(self.normalise(x))
        return [first, self.layer2(self.between(first))]


NETS = {"tiny": Net, "deep": Deep, "bottleneck": Bottlenecks, "plain": Plain}


class Scored(nn.Module):
    """score(x) [B] of weights of the classes; net.task says whether pictures have one class or several."""

    def __init__(self, net, target, score):
        super().__init__()
        self.net, self.target, self.score = net, target, score

    def forward(self, x):
        logits = self.net(x)
        target = self.target.repeat(len(x) // BATCH, 1)
        if self.net.task == "multi" and self.score == "loss":
            return several_loss(logits, target, LABELS.repeat(len(x) // BATCH, 1))
        values = {
            "logit": lambda: logits,
            "probability": lambda: F.softmax(logits, 1) if self.net.task == "single" else torch.sigmoid(logits),
            "loss": lambda: -F.log_softmax(logits, 1),
        }[self.score]()
        return (values * target).sum(1)


def several_loss(logits, target, labels):
    """Sum of the binary cross-entropies with the explained class among the labels; of two classes, the loss with the
    first and without the second, less the reverse."""
    loss = lambda truth: F.binary_cross_entropy_with_logits(logits, truth, reduction="none").sum(1)
    others = labels * (target == 0)
    first = loss(others + (target > 0))
    return first - loss(others + (target < 0)) if (target < 0).any() else first


IMAGES = (0.5 + 0.5 * wave(BATCH * 3 * SIZE * SIZE, 0.3)).reshape(BATCH, 3, SIZE, SIZE).float().double()
TARGETS = {
    "one": torch.tensor([[0.0, 0, 1], [1, 0, 0]]),
    "two": torch.tensor([[-1.0, 0, 1], [1, -1, 0]]),
}
# Classes of each picture where it has several; the second is explained by one it does not have.
LABELS = torch.tensor([[0.0, 1, 1], [0, 1, 0]])
COLOURS = {"black": torch.zeros(1, 3, 1, 1), "mean": MEAN, "grey": torch.full((1, 3, 1, 1), 0.5)}
PICTURE = 3 * SIZE * SIZE
GREY = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)

# What look i of a random method is fed.
NOISE = [wave(PICTURE, i + 0.1).reshape(1, 3, SIZE, SIZE).float().double() for i in range(LOOKS)]
FROM = [(0.5 + 0.5 * wave(PICTURE, i + 2)).reshape(1, 3, SIZE, SIZE).float().double() for i in range(LOOKS)]
MASK = [(0.5 + 0.5 * wave(SIZE * SIZE, i + 4)).reshape(1, 1, SIZE, SIZE).float().double() for i in range(LOOKS)]
PLACE = [(i + 0.5) / LOOKS for i in range(LOOKS)]


def reduce_channels(values, reduction):
    return {
        "absolute-sum": lambda: values.abs().sum(1),
        "absolute-max": lambda: values.abs().amax(1),
        "absolute-grey": lambda: (values.abs() * GREY).sum(1),
        "squared": lambda: (values**2).sum(1),
        "sum-absolute": lambda: values.sum(1).abs(),
        "sum-positive": lambda: values.sum(1).clamp(min=0),
        "sum-negative": lambda: (-values.sum(1)).clamp(min=0),
    }[reduction]()


def input_gradient(net, target, score="logit", reduction="absolute-sum"):
    raw = Saliency(Scored(net, target, score)).attribute(IMAGES.clone(), abs=False)
    return reduce_channels(raw, reduction)


def gradient_x_input(net, target, score="logit", reduction="sum-absolute"):
    return reduce_channels(InputXGradient(Scored(net, target, score)).attribute(IMAGES.clone()), reduction)


def integrated_gradients(net, target, score="logit", reduction="sum-absolute", baseline="black", steps=50, rule="midpoint"):
    method = IntegratedGradients(Scored(net, target, score), multiply_by_inputs=True)
    rules = {"midpoint": ["middle"], "trapezoid": ["left", "right"], "left": ["left"], "right": ["right"]}[rule]
    start = COLOURS[baseline].expand_as(IMAGES)
    # Captum's own trapezoids leave out a part of the way; both ends of each interval make them whole.
    raw = [method.attribute(IMAGES.clone(), start, n_steps=steps, method=f"riemann_{one}") for one in rules]
    return reduce_channels(torch.stack(raw).mean(0), reduction)


def smoothgrad(net, target, score="logit", reduction="absolute-sum", noise=0.15, average="gradient"):
    spread = IMAGES.amax((1, 2, 3), True) - IMAGES.amin((1, 2, 3), True)
    method = Saliency(Scored(net, target, score))
    raw = torch.stack([method.attribute(IMAGES + noise * spread * n, abs=False) for n in NOISE])
    raw = {"gradient": lambda: raw, "magnitude": raw.abs, "square": raw.square}[average]()
    return reduce_channels(raw.mean(0), reduction)


def gradshap(net, target, score="logit", reduction="sum-absolute", noise=0.09, starts=FROM):
    method = InputBaselineXGradient(Scored(net, target, score))
    uniform = np.random.uniform
    raw = []
    try:
        for n, start, place in zip(NOISE, starts, PLACE):
            np.random.uniform = lambda low, high, count, place=place: np.full(count, place)
            raw.append(method.attribute(IMAGES + noise * n, start.expand_as(IMAGES)))
    finally:
        np.random.uniform = uniform
    return reduce_channels(torch.stack(raw).mean(0), reduction)


def expected_gradients(net, target, score="logit", reduction="sum-absolute"):
    return gradshap(net, target, score, reduction, noise=0)


def cam_of(method, net, target, layer):
    cam = method(model=net, target_layers=[layer])
    logits = cam.activations_and_grads(IMAGES.clone().requires_grad_())
    (logits * target).sum().backward()
    maps = cam.activations_and_grads.activations[0].numpy()
    slopes = cam.activations_and_grads.gradients[0].numpy()
    raw = cam.get_cam_image(IMAGES, layer, None, maps, slopes, False)
    cam.activations_and_grads.release()
    return torch.from_numpy(np.maximum(raw, 0))


class SteepPlusPlus(GradCAMPlusPlus):
    """The library's own weights without its epsilon of 1e-6: steeper slopes of smaller maps give the same otherwise."""

    def get_cam_weights(self, images, layers, targets, maps, slopes, by=1e5):
        return super().get_cam_weights(images, layers, targets, maps / by, slopes * by) / by


def layer_of(net, back):
    return [net.layer2, net.layer1][back]


def grad_cam(net, target, form="standard", stagesBack=0):
    # pytorch-grad-cam's own element-wise form cuts negative products before it sums them; HiResCAM does not.
    method = HiResCAM if form == "elementwise" else GradCAM
    return cam_of(method, net, target, layer_of(net, stagesBack))


def cam(net, target, sign="above-minimum"):
    raw = torch.einsum("bk,kc,bchw->bhw", target, net.fc.weight, net.features(IMAGES))
    return {"positive": lambda: raw.clamp(min=0), "above-minimum": lambda: raw - raw.amin((1, 2), True)}[sign]()


def biased_layers(net):
    return [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]


def bias_of(norm):
    return norm.bias - norm.running_mean * norm.weight / torch.sqrt(norm.running_var + norm.eps)


def full_gradient(net, target):
    outputs = []
    hooks = [layer.register_forward_hook(lambda _m, _i, out: outputs.append((_m, out))) for layer in biased_layers(net)]
    normalised = net.normalise(IMAGES).requires_grad_()
    rest = net.normalise
    net.normalise = nn.Identity()
    score = (net(normalised) * target).sum()
    net.normalise = rest
    for hook in hooks:
        hook.remove()
    slopes = torch.autograd.grad(score, [normalised, *(out for _, out in outputs)])
    pixels = normalised * slopes[0]
    parts = [bias_of(norm).view(1, -1, 1, 1) * g for (norm, _), g in zip(outputs, slopes[1:])]
    whole = pixels.sum() + sum(part.sum() for part in parts) + (net.fc.bias * target).sum()
    assert abs(whole - score) < 1e-9
    return pixels, parts


def fullgrad(net, target, scaling="min-max"):
    def psi(part):
        part = part.abs()
        if scaling == "none":
            return part
        part = part - part.amin((1, 2, 3), True)
        return part / (part.amax((1, 2, 3), True) + 1e-6)

    pixels, parts = full_gradient(net, target)
    heat = psi(pixels).sum(1)
    for part in parts:
        heat = heat + F.interpolate(psi(part), (SIZE, SIZE), mode="bilinear", align_corners=False).sum(1)
    return heat


def cmwp(net, target, contrast=True, stagesBack=1):
    """Excitation backprop of any network of modules: hooks replace what each hands back by TorchRay's rule for it."""
    handles, sign = [], 1

    def shared(x, apply, p):
        """x * (way back of a layer that is linear in x, of P over what the layer gives)."""
        x = x.detach().requires_grad_()
        with torch.enable_grad():
            y = apply(x)
            return x.detach() * torch.autograd.grad(y, x, p / (y.detach() + 1e-20))[0]

    def up(weight):
        return (sign * weight.detach()).clamp(min=0)

    rules = {
        nn.Conv2d: lambda m, x, p: (shared(*x, lambda a: F.conv2d(a, up(m.weight), None, m.stride, m.padding), p),),
        nn.Linear: lambda m, x, p: (shared(*x, lambda a: F.linear(a, up(m.weight)), p),),
        nn.AdaptiveAvgPool2d: lambda m, x, p: (shared(*x, lambda a: a.mean((2, 3), True), p),),
        nn.BatchNorm2d: lambda m, x, p: (p,),
        Sum: lambda m, x, p: tuple(part.detach() / (x[0] + x[1]).detach() * p for part in x),
    }

    def attach(module, rule):
        seen = []
        handles.append(module.register_forward_hook(lambda _m, x, _y: seen.append(x)))
        handles.append(module.register_full_backward_hook(lambda m, _g, p: rule(m, seen[-1], p[0])))

    for module in net.modules():
        if type(module) in rules:
            attach(module, rules[type(module)])
    stages = net.stages(IMAGES.clone().requires_grad_())
    pooled = net.pool_maps(stages[-1])
    logits = net.fc(pooled)
    back = lambda y, x, p: torch.autograd.grad(y, x, p, retain_graph=True)[0]
    p = back(logits, pooled, target)
    if contrast:
        sign = -1
        p = p - back(logits, pooled, target)
        sign = 1
    p = back(pooled, stages[-1 - stagesBack], p)
    for handle in handles:
        handle.remove()
    return p.sum(1).clamp(min=0)


def cmwp_by_hand(net, target, contrast=True, stagesBack=1):
    """The same, written layer by layer as the way back through the small network."""

    def linear(x, w, p, apply):
        x = x.detach().requires_grad_()
        y = apply(x, w.detach().clamp(min=0))
        return x.detach() * torch.autograd.grad(y, x, p / (y.detach() + 1e-20))[0]

    def convolution(conv, x, p):
        return linear(x, conv.weight, p, lambda a, w: F.conv2d(a, w, None, conv.stride, conv.padding))

    def block_back(block, x, p):
        main1 = block.bn1(block.conv1(x))
        inner = F.relu(main1)
        main = block.bn2(block.conv2(inner))
        side = x if block.downsample is None else block.downsample(x)
        p = p * (main + side > 0)
        to_main, to_side = main / (main + side) * p, side / (main + side) * p
        to_main = convolution(block.conv2, inner, to_main) * (main1 > 0)
        to_main = convolution(block.conv1, x, to_main)
        return to_main + (to_side if block.downsample is None else convolution(block.downsample[0], x, to_side))

    with torch.no_grad():
        maps = net.features(IMAGES)
        pooled = net.pooled(IMAGES)
    head = lambda sign: linear(pooled, sign * net.fc.weight, target, lambda a, w: a @ w.T)
    p = head(1) - head(-1) if contrast else head(1)
    if net.pool == "max":
        p = p[:, :, None, None] * (maps == maps.amax((2, 3), True))
    else:
        p = linear(maps, torch.ones(1), p, lambda a, _: a.mean((2, 3)))
    if stagesBack == 1:
        with torch.no_grad():
            x = net.layer1(net.stem(IMAGES))
        p = block_back(net.layer2[0], x, p)
    return p.sum(1).clamp(min=0)


def check_cmwp():
    """@returns  what to say of it in the fixture's origin"""
    for target in TARGETS.values():
        for pool in ("average", "max"):
            for back in (0, 1):
                one, other = (run(Net(pool), target, stagesBack=back) for run in (cmwp, cmwp_by_hand))
                assert torch.allclose(one, other, rtol=1e-9, atol=0)
    try:
        from torchray.attribution import excitation_backprop as ebp
    except ImportError:
        return ""

    forward = Sum.forward
    Sum.forward = lambda _self, main, side: ebp.eltwise_sum(main, side)
    try:
        for target in TARGETS.values():
            for make in NETS.values():
                for back, layer in enumerate(("layer2", "layer1")):
                    net = make("average")
                    theirs = ebp.contrastive_excitation_backprop(net, IMAGES.clone(), target, layer, "average")
                    Sum.forward, patched = forward, Sum.forward
                    assert torch.allclose(theirs[:, 0], cmwp(make("average"), target, stagesBack=back), rtol=1e-9, atol=0)
                    Sum.forward = patched
    finally:
        Sum.forward = forward
    return f", torchray {importlib.metadata.version('torchray')}"


def guided_backprop(net, target, reduction="absolute-sum"):
    return reduce_channels(GuidedBackprop(Scored(net, target, "logit")).attribute(IMAGES.clone()), reduction)


def signed(raw, sign):
    return {
        "positive": lambda: raw.clamp(min=0),
        "negative": lambda: (-raw).clamp(min=0),
        "magnitude": raw.abs,
        "above-minimum": lambda: raw - raw.amin((1, 2), True),
    }[sign]()


def occlusion(net, target, score="probability", sign="positive", window=0.2, stride=0.5, fill="grey"):
    side = max(1, math.floor(window * SIZE + 0.5))
    step = max(1, math.floor(stride * side + 0.5))
    method = Occlusion(Scored(net, target, score))
    raw = method.attribute(IMAGES, (3, side, side), (3, step, step), COLOURS[fill].expand_as(IMAGES))
    assert torch.allclose(raw[:, 0], raw[:, 2])  # a patch covers all channels
    return signed(raw[:, 0], sign)


def rise(net, target, score="probability", sign="above-minimum", fill="mean"):
    f = Scored(net, target, score)
    colour = COLOURS[fill]
    looks = [f(IMAGES * m + colour * (1 - m)).view(-1, 1, 1) * m[0] for m in MASK]
    return signed(torch.stack(looks).mean(0) / 0.5, sign)


METHODS = {
    "input-gradient": (input_gradient, "captum"),
    "gradient-x-input": (gradient_x_input, "captum"),
    "integrated-gradients": (integrated_gradients, "captum"),
    "smoothgrad": (smoothgrad, "captum"),
    "grad-cam": (grad_cam, "pytorch-grad-cam"),
    "grad-cam++": (
        lambda net, t, stagesBack=0: cam_of(SteepPlusPlus, net, t, layer_of(net, stagesBack)),
        "pytorch-grad-cam on maps scaled so that its 1e-6 plays no part",
    ),
    "hirescam": (lambda net, t, stagesBack=0: cam_of(HiResCAM, net, t, layer_of(net, stagesBack)), "pytorch-grad-cam"),
    "layercam": (lambda net, t, stagesBack=0: cam_of(LayerCAM, net, t, layer_of(net, stagesBack)), "pytorch-grad-cam"),
    "cam": (cam, "formula"),
    "gradshap": (gradshap, "captum"),
    "expected-gradients": (expected_gradients, "captum"),
    "fullgrad": (fullgrad, "formula"),
    "cmwp": (cmwp, "formula"),
    "guided-backprop": (guided_backprop, "captum"),
    "occlusion": (occlusion, "captum"),
    "rise": (rise, "formula"),
}

CASES = [
    ("input-gradient", "average", "one", {}),
    ("input-gradient", "average", "two", {"reduction": "absolute-max"}),
    ("input-gradient", "max", "one", {"score": "loss", "reduction": "squared"}),
    ("input-gradient", "average", "two", {"score": "probability", "reduction": "absolute-grey"}),
    ("gradient-x-input", "average", "one", {}),
    ("gradient-x-input", "average", "two", {"score": "loss", "reduction": "sum-negative"}),
    ("integrated-gradients", "average", "one", {"steps": 5}),
    ("integrated-gradients", "average", "two", {"steps": 4, "rule": "right", "reduction": "sum-positive"}),
    ("integrated-gradients", "max", "one", {"steps": 3, "rule": "left", "baseline": "mean", "score": "probability"}),
    ("integrated-gradients", "average", "one",
     {"steps": 6, "rule": "trapezoid", "score": "loss", "reduction": "absolute-sum"}),
    ("smoothgrad", "average", "one", {}),
    ("smoothgrad", "average", "two", {"average": "magnitude", "noise": 0.3, "reduction": "absolute-max"}),
    ("smoothgrad", "max", "one", {"average": "square", "score": "loss"}),
    ("grad-cam", "average", "one", {"form": "standard"}),
    ("grad-cam", "max", "one", {}),
    ("grad-cam", "max", "two", {"form": "standard", "stagesBack": 1}),
    ("grad-cam", "max", "one", {"form": "elementwise"}),
    ("grad-cam++", "average", "one", {}),
    ("grad-cam++", "max", "one", {}),
    ("grad-cam++", "average", "two", {"stagesBack": 1}),
    ("hirescam", "average", "one", {"stagesBack": 1}),
    ("layercam", "average", "two", {}),
    ("layercam", "max", "one", {"stagesBack": 1}),
    ("cam", "average", "one", {}),
    ("cam", "max", "two", {"sign": "positive"}),
    ("gradshap", "average", "one", {}),
    ("gradshap", "average", "two", {"score": "probability", "noise": 0.2, "reduction": "sum-positive"}),
    ("expected-gradients", "average", "one", {}),
    ("fullgrad", "average", "one", {}),
    ("fullgrad", "max", "two", {"scaling": "none"}),
    ("cmwp", "average", "one", {}),
    ("cmwp", "average", "one", {"stagesBack": 0}),
    ("cmwp", "average", "two", {}),
    ("cmwp", "max", "one", {"contrast": False}),
    ("guided-backprop", "average", "one", {}),
    ("guided-backprop", "max", "two", {"reduction": "sum-positive"}),
    ("occlusion", "average", "one", {"window": 0.4}),
    ("occlusion", "average", "two", {"score": "logit", "sign": "magnitude", "window": 0.5, "stride": 0.25, "fill": "black"}),
    ("rise", "average", "one", {"masks": 3}),
    ("rise", "average", "two", {"masks": 3, "score": "logit", "sign": "positive", "fill": "black"}),
]


# Of networks of several classes a picture.
CASES += [(*case, {"task": "multi"}) for case in [
    ("input-gradient", "average", "one", {"score": "loss", "reduction": "squared"}),
    ("input-gradient", "max", "two", {"score": "loss"}),
    ("input-gradient", "average", "two", {"score": "probability"}),
    ("gradient-x-input", "max", "one", {"score": "loss"}),
    ("integrated-gradients", "average", "one", {"steps": 3, "score": "loss"}),
    ("smoothgrad", "average", "one", {"score": "probability"}),
    ("gradshap", "average", "one", {"score": "loss"}),
    ("occlusion", "average", "one", {"window": 0.4}),
    ("occlusion", "average", "one", {"score": "loss", "sign": "negative", "window": 0.4}),
    ("rise", "average", "two", {"masks": 3}),
]]

# Of identity skips, bottlenecks, and convolutions with biases and pooling between.
CASES += [
    ("cmwp", "average", target, {"stagesBack": back}, {"net": net})
    for net, target, back in [
        ("deep", "one", 1), ("deep", "two", 1), ("bottleneck", "one", 0), ("bottleneck", "one", 1), ("plain", "one", 1)
    ]
]
CASES += [("cmwp", "max", "one", {}, {"net": "deep"}), ("cmwp", "max", "two", {}, {"net": "plain"})]

# Of a softplus of this beta in place of ReLU.
CASES += [
    ("input-gradient", "average", "one", {}, {"softplus": 10}),
    ("integrated-gradients", "max", "two", {"steps": 5}, {"softplus": 3}),
]


def main():
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "captum", "grad-cam"))
    versions += check_cmwp()
    cases = []
    for method, pool, target, params, *more in CASES:
        network = {"net": "tiny", "pool": pool, "task": "single", **(more[0] if more else {})}
        run, by = METHODS[method]
        used = {name: value for name, value in params.items() if name != "masks"}
        options = {name: value for name, value in network.items() if name != "net"}
        maps = run(NETS[network["net"]](**options), TARGETS[target], **used).detach()
        values = [float(f"{value:.7g}") for value in maps.flatten().tolist()]
        cases.append(dict(method=method, by=by, network=network, target=target, params=params, maps=values))
    json.dump(dict(origin=f"test/reference/saliency.py with {versions}", cases=cases), sys.stdout)
    print()


main()
