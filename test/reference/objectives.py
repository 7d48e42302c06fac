"""Reference values for the four objectives, made with PyTorch's double backward in float64.

Run:  python3 objectives.py > ../fixtures/engine/objectives.json     (needs torch and numpy)

The network, its weights, the batch and the way a gradient is condensed into two numbers are fixed formulas that
test/src-main/engine/training/train-step-reference.test.ts repeats; the fixture holds results only.
"""

import json
import math
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

BATCH, CLASSES, SIZE = 4, 3, 8
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
SHAPES = {
    "conv1.weight": (4, 3, 3, 3), "bn1.weight": (4,), "bn1.bias": (4,),
    "layer1.0.conv1.weight": (4, 4, 3, 3), "layer1.0.bn1.weight": (4,), "layer1.0.bn1.bias": (4,),
    "layer1.0.conv2.weight": (4, 4, 3, 3), "layer1.0.bn2.weight": (4,), "layer1.0.bn2.bias": (4,),
    "layer2.0.conv1.weight": (6, 4, 3, 3), "layer2.0.bn1.weight": (6,), "layer2.0.bn1.bias": (6,),
    "layer2.0.conv2.weight": (6, 6, 3, 3), "layer2.0.bn2.weight": (6,), "layer2.0.bn2.bias": (6,),
    "layer2.0.downsample.0.weight": (6, 4, 1, 1),
    "layer2.0.downsample.1.weight": (6,), "layer2.0.downsample.1.bias": (6,),
    "fc.weight": (3, 6), "fc.bias": (3,),
}


def wave(count, phase):
    """sin(1.7 i + phase) for i = 0 … count-1, an arbitrary but fixed pattern."""
    return torch.sin(1.7 * torch.arange(count, dtype=torch.float64) + phase)


def weights():
    made = {}
    for index, (name, shape) in enumerate(SHAPES.items()):
        count = math.prod(shape)
        values = 0.4 * wave(count, index)
        if "bn" in name or "downsample.1" in name:
            values = (1 if name.endswith("weight") else 0) + 0.5 * values
        made[name] = values.reshape(shape).float().double().requires_grad_()
    return made


def batch():
    images = (0.5 + 0.5 * wave(BATCH * 3 * SIZE * SIZE, 0.3)).reshape(BATCH, 3, SIZE, SIZE)
    composites = (0.5 + 0.5 * wave(BATCH * 12 * SIZE * SIZE, 0.9)).reshape(BATCH, 3, 2 * SIZE, 2 * SIZE)
    labels = F.one_hot(torch.arange(BATCH) % CLASSES, CLASSES).double()
    inside = torch.zeros(BATCH, 1, SIZE, SIZE)
    for b in range(BATCH):
        inside[b, 0, b : b + 4, 1 : 4 + b] = 1
    return dict(
        images=images.float().double(), composites=composites.float().double(), labels=labels, inside=inside,
        has_region=torch.tensor([1.0, 0, 1, 1]), weight=torch.tensor([1.0, 1, 1, 0]),
        cell=F.one_hot(torch.arange(BATCH), 4).double(),
    )


class Net:
    def __init__(self, w, pool):
        self.w, self.pool = w, pool
        self.activation, self.training, self.counting = F.relu, True, True
        self.running = {}
        for name, value in w.items():
            stem = name.rsplit(".", 1)[0]
            if name.endswith("bias") and stem != "fc":
                self.running[stem + ".running_mean"] = torch.zeros_like(value).detach()
                self.running[stem + ".running_var"] = torch.ones_like(value).detach()

    def norm(self, x, name):
        # Written out: the third derivative of torch.batch_norm takes its saved statistics for constants.
        mean, variance = self.running[name + ".running_mean"], self.running[name + ".running_var"]
        if self.training:
            own_mean, own_variance = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
            if self.counting:
                mean.lerp_(own_mean.detach(), 0.1)
                variance.lerp_(x.detach().var((0, 2, 3), unbiased=True), 0.1)
            mean, variance = own_mean, own_variance
        wide = lambda v: v[None, :, None, None]
        normed = (x - wide(mean)) / (wide(variance) + 1e-5).sqrt()
        return normed * wide(self.w[name + ".weight"]) + wide(self.w[name + ".bias"])

    def conv(self, x, name, stride):
        w = self.w[name + ".weight"]
        return F.conv2d(x, w, stride=stride, padding=w.shape[2] // 2)

    def block(self, x, name, stride):
        inner = self.activation(self.norm(self.conv(x, name + ".conv1", stride), name + ".bn1"))
        outer = self.norm(self.conv(inner, name + ".conv2", 1), name + ".bn2")
        if name + ".downsample.0.weight" in self.w:
            x = self.norm(self.conv(x, name + ".downsample.0", stride), name + ".downsample.1")
        return self.activation(outer + x)

    def __call__(self, normalised, beta=None, training=True, counting=True):
        """Logits and last features. beta: softplus of this sharpness for ReLU; counting: moves running statistics."""
        self.activation = F.relu if beta is None else (lambda x: F.softplus(x, beta, threshold=1e9))
        self.training, self.counting = training, counting and training
        x = self.activation(self.norm(self.conv(normalised, "conv1", 1), "bn1"))
        features = self.block(self.block(x, "layer1.0", 1), "layer2.0", 2)
        pooled = features.amax((2, 3)) if self.pool == "max" else features.mean((2, 3))
        return pooled @ self.w["fc.weight"].T + self.w["fc.bias"], features


def box_aware(net, d, ramp, inside=0.0, outside=0.0, of="loss", reduction="per-image"):
    x = ((d["images"] - MEAN) / DEVIATION).requires_grad_()  # the paper differentiates by the normalised pictures
    logits, _ = net(x)
    log_p = F.log_softmax(logits, 1)
    losses = -(log_p * d["labels"]).sum(1)
    terms = {"class": (losses * d["weight"]).sum() / d["weight"].sum()}
    scored = losses if of == "loss" else log_p.sum(1)
    score = (scored * d["weight"]).sum()
    if reduction == "paper":
        score = score / d["weight"].sum()
    (g,) = torch.autograd.grad(score, x, create_graph=True)
    counted = d["has_region"] * d["weight"]
    for name, mask, factor in (("inside", d["inside"], inside), ("outside", 1 - d["inside"], outside)):
        if factor > 0:
            norms = ((g * mask) ** 2).sum((1, 2, 3)) * counted
            if reduction == "share":
                norms = norms / ((g**2).sum((1, 2, 3)) + 1e-12)
            terms[name] = ramp * factor * (norms.sum() if reduction == "paper" else norms.sum() / counted.sum())
    return logits, terms


def consistency(net, d, ramp, factor):
    def share(images):
        logits, features = net((images - MEAN) / DEVIATION)
        (g,) = torch.autograd.grad((logits * d["labels"]).sum(), features, create_graph=True)
        e = F.relu((g * features).sum(1))
        return logits, e / (e.sum((1, 2), keepdim=True) + 1e-8)

    logits, plain = share(d["images"])
    _, tiled = share(d["composites"])
    h = plain.shape[1]
    target = torch.zeros_like(tiled)
    for b in range(BATCH):
        row, column = divmod(int(d["cell"][b].argmax()), 2)
        target[b, row * h : (row + 1) * h, column * h : (column + 1) * h] = plain[b]
    losses = -(F.log_softmax(logits, 1) * d["labels"]).sum(1)
    difference = (tiled - target).abs().mean((1, 2))
    mean = lambda v: (v * d["weight"]).sum() / d["weight"].sum()
    return logits, {"class": mean(losses), "consistency": ramp * factor * mean(difference)}


CASES = [
    ("standard", "average", {}),
    ("box-aware", "average", {"lambdaInside": 0.7, "lambdaOutside": 1.3, "of": "loss", "reduction": "per-image"}),
    ("box-aware", "average", {"lambdaInside": 0.7, "lambdaOutside": 1.3, "of": "loss", "reduction": "paper"}),
    ("box-aware", "max", {"lambdaInside": 0, "lambdaOutside": 1.3, "of": "log-probability", "reduction": "per-image"}),
    ("box-aware", "average", {"lambdaInside": 0.7, "lambdaOutside": 1.3, "of": "log-probability", "reduction": "share"}),
    ("gradcam-consistency", "average", {"lambda": 25}),
    ("gradcam-consistency", "max", {"lambda": 25}),
]


def condense(value):
    """Two numbers that any change of a gradient changes: its norm and its product with a fixed pattern."""
    flat = value.detach().flatten()
    return [float(flat.norm()), float(flat @ wave(flat.numel(), 0.5))]


def main():
    cases = []
    for name, pool, params in CASES:
        w, d = weights(), batch()
        net = Net(w, pool)
        if name == "gradcam-consistency":
            logits, terms = consistency(net, d, 0.6, params["lambda"])
        else:
            logits, terms = box_aware(net, d, 0.6, params.get("lambdaInside", 0), params.get("lambdaOutside", 0),
                                      params.get("of", "loss"), params.get("reduction", "per-image"))
        gradients = torch.autograd.grad(sum(terms.values()), list(w.values()))
        cases.append({
            "objective": name, "pool": pool, "params": params, "ramp": 0.6,
            "logits": logits.flatten().tolist(),
            "terms": {k: float(v) for k, v in terms.items()},
            "gradients": {n: condense(g) for n, g in zip(w, gradients)},
            "running": {n: condense(v) for n, v in net.running.items()},
        })
    write("objectives.py", cases)


def write(script, cases):
    origin = f"test/reference/{script}, PyTorch {torch.__version__.split('+')[0]}, float64, double backward"
    rounded = json.loads(json.dumps({"origin": origin, "cases": cases}), parse_float=lambda s: float(f"{float(s):.9g}"))
    for case, given in zip(rounded["cases"], cases):
        if "params" in given:
            case["params"] = given["params"]  # 8/255 stays what it is
    json.dump(rounded, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
