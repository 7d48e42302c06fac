"""Reference values for whole training steps: PyTorch's own optimisers, clipping, averages and schedules, in float64.

Run:  python3 optimisers.py > ../fixtures/engine/optimisers.json     (needs torch and numpy)

The network, its weights and the batch are those of objectives.py. Every case takes a few steps on the same batch;
test/src-main/engine/training/optimisers-reference.test.ts takes the same with the training step's program.
"""

import torch
import torch.nn.functional as F
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from objectives import DEVIATION, MEAN, Net, batch, condense, weights, write

RATES = [0.03, 0.1, 0.08, 0.05, 0.01]
ADAM_RATES = [0.003, 0.01, 0.008, 0.005, 0.001]

CASES = [
    {"momentum": 0, "weightDecay": 0},
    {"momentum": 0.9, "weightDecay": 0.01},
    {"momentum": 0.9, "weightDecay": 0.01, "nesterov": True},
    {"optimiser": "adam", "weightDecay": 0.01},
    {"optimiser": "adam", "weightDecay": 0, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3},
    {"optimiser": "adamw", "weightDecay": 0.1},
    {"momentum": 0.9, "weightDecay": 0.01, "clipNorm": 0.5},
    {"momentum": 0.9, "weightDecay": 0.01, "averageDecay": 0.7},
    {"momentum": 0.9, "weightDecay": 0, "headRate": 10},
    {"momentum": 0.9, "weightDecay": 0.01, "freeze": "backbone"},
    {"momentum": 0.9, "weightDecay": 0.01, "labelSmoothing": 0.2},
    {"optimiser": "adamw", "weightDecay": 0.05, "epsilon": 1e-4, "clipNorm": 1, "headRate": 3, "averageDecay": 0.9,
     "labelSmoothing": 0.1},
    {"momentum": 0.9, "weightDecay": 0.1, "decay": "all"},
    {"optimiser": "adamw", "weightDecay": 0.5, "decay": "all"},
    *[{"momentum": 0.9, "weightDecay": 0.01, **more, "schedule": "one-cycle", "cycleMomentum": True}
      for more in ({}, {"nesterov": True}, {"optimiser": "adam"}, {"optimiser": "adamw"})],
]


class Holder(torch.nn.Module):
    """Gives PyTorch's averaging the parameters and running statistics under names that a module may have."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        for name, value in net.w.items():
            net.w[name] = torch.nn.Parameter(value.detach())
            self.register_parameter(name.replace(".", "/"), net.w[name])
        for name, value in net.running.items():
            self.register_buffer(name.replace(".", "/"), value)


def decays(name, settings):
    return settings.get("decay") == "all" or name.endswith("weight") and "bn" not in name and "downsample.1" not in name


def descend(settings):
    net, d = Net(weights(), "average"), batch()
    holder = Holder(net)
    head = {"fc.weight", "fc.bias"}
    frozen = settings.get("freeze") == "backbone"
    groups = []
    for name, value in net.w.items():
        if frozen and name not in head:
            continue
        scale = settings.get("headRate", 1) if name in head else 1
        groups.append({"params": [value], "weight_decay": settings["weightDecay"] if decays(name, settings) else 0, "scale": scale})
    kind = settings.get("optimiser", "sgd")
    if kind == "sgd":
        optimiser = torch.optim.SGD(groups, lr=1, momentum=settings["momentum"], nesterov=settings.get("nesterov", False))
    else:
        made = torch.optim.Adam if kind == "adam" else torch.optim.AdamW
        optimiser = made(groups, lr=1, betas=(settings.get("beta1", 0.9), settings.get("beta2", 0.999)),
                         eps=settings.get("epsilon", 1e-8))
    average = None
    if settings.get("averageDecay", 0) > 0:
        average = AveragedModel(holder, multi_avg_fn=get_ema_multi_avg_fn(settings["averageDecay"]), use_buffers=True)
    norms = []
    truth = d["labels"].argmax(1)
    rates = RATES if kind == "sgd" else ADAM_RATES
    cycle = OneCycleLR(optimiser, max_lr=max(rates), total_steps=len(rates)) if "cycleMomentum" in settings else None
    momenta, cycled = [], []
    for rate in rates:
        for group in optimiser.param_groups:
            if cycle is None:
                group["lr"] = rate * group["scale"]
        if cycle:
            group = optimiser.param_groups[0]
            cycled.append(group["lr"])
            momenta.append(group["momentum"] if kind == "sgd" else group["betas"][0])
        optimiser.zero_grad()
        logits, _ = net((d["images"] - MEAN) / DEVIATION, training=not frozen)
        losses = F.cross_entropy(logits, truth, reduction="none", label_smoothing=settings.get("labelSmoothing", 0))
        ((losses * d["weight"]).sum() / d["weight"].sum()).backward()
        trained = [p for group in optimiser.param_groups for p in group["params"]]
        clip = settings.get("clipNorm", 0) or float("inf")
        norms.append(float(torch.nn.utils.clip_grad_norm_(trained, clip)))
        optimiser.step()
        if cycle and len(cycled) < len(rates):
            cycle.step()
        if average:
            average.update_parameters(holder)
    start = weights()
    shown = {n.removeprefix("module.").replace("/", "."): v for n, v in (average or holder).state_dict().items()}
    told = {
        "settings": {"momentum": 0, **settings},
        "gradientNorms": norms,
        # Of weights: how far they have come.
        "moved": {n: condense(net.w[n] - start[n]) for n in start},
        "running": {n: condense(v) for n, v in net.running.items()},
    }
    if cycle:
        told |= {"rates": cycled, "momenta": momenta}
    if average:
        told["average"] = {n: condense(shown[n] - start[n] if n in start else shown[n]) for n in shown if n != "n_averaged"}
    return told


def one_cycle(steps):
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1, momentum=0.9)
    schedule = OneCycleLR(optimiser, max_lr=0.4, total_steps=steps)
    rates, momenta = [], []
    for _ in range(steps):
        rates.append(schedule.get_last_lr()[0])
        momenta.append(optimiser.param_groups[0]["momentum"])
        optimiser.step()
        if len(rates) < steps:
            schedule.step()
    return {"oneCycle": rates, "momenta": momenta}


if __name__ == "__main__":
    write("optimisers.py", [descend(case) for case in CASES] + [one_cycle(20), one_cycle(63)])
