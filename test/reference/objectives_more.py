"""Reference values for the objectives, made with PyTorch's autograd in float64.

Run:  python3 objectives_more.py > ../fixtures/engine/objectives-more.json     (needs torch, numpy and node)

Each function is written from the paper or its public code, not from Fovea: loops over pictures where Fovea has masks,
PyTorch's own losses where there are some. Network, weights and batch are those of objectives.py; random numbers are
fixed formulas of their names (`noise`), repeated by test/src-main/engine/objectives/reference.test.ts.

Beside the cases written down here there is one for each preset, which Fovea is asked for: the same functions with its
values. A penalty that would be too small to see gets its weight multiplied by a power of ten.
"""

import json
import math
import subprocess
from pathlib import Path

import torch
import torch.nn.functional as F

from objectives import BATCH, CLASSES, DEVIATION, MEAN, Net, SIZE, batch, box_aware, condense, wave, weights, write

RAMP = 0.6
LABELS = torch.arange(BATCH) % CLASSES
REAL = [0, 1, 2]  # picture 3 is padding
GROUPS = [0, 1, 0, 1]
SHARES = torch.tensor([0.3, 0.7])
MULTI = torch.tensor([[1.0, 1, 0], [0, 1, 0], [1, 0, 1], [1, 1, 1]])
EXPLAINED = torch.tensor([1, 1, 2, 0])
task = "single"


def noise(name, shape, kind):
    values = wave(math.prod(shape), len(name)).reshape(shape)
    values = 0.5 + 0.49 * values if kind == "uniform" else 1.3 * values
    return values.float().double()


class Model:
    """The network on pixels, with logits only unless `maps`."""

    def __init__(self, pool):
        self.w, self.d = weights(), batch()
        self.net = Net(self.w, pool)

    def __call__(self, pixels, maps=False, **how):
        logits, features = self.net((pixels - MEAN) / DEVIATION, **how)
        return (logits, features) if maps else logits


def per_picture(values):
    return values.reshape(len(values), -1)


def mean_real(values):
    return values[REAL].mean()


def gradient(scores, x, units="pixels"):
    """d(sum of the real pictures' scores)/dx. Twins or paths repeat the batch, padding with it."""
    rows = [i for i in range(len(scores)) if i % BATCH in REAL]
    (g,) = torch.autograd.grad(scores[rows].sum(), x, create_graph=True, retain_graph=True)
    return g * DEVIATION if units == "normalised" else g


def leaf(x):
    return x.detach().clone().requires_grad_()


def looked_at():
    return EXPLAINED if task == "multi" else LABELS


def true_logit(logits, labels=None):
    return logits.gather(1, (looked_at() if labels is None else labels)[:, None])[:, 0]


def losses(logits, labels=LABELS):
    if task == "multi":
        return CLASSES * F.binary_cross_entropy_with_logits(logits, MULTI, reduction="none").mean(1)
    return F.cross_entropy(logits, labels, reduction="none")


def scaled(p, value):
    return RAMP * p["lambda"] * value


def norm(g, p, power):
    return torch.linalg.vector_norm(g, ord=float(p)) ** power


def reduce_gradient(scores_to_gradient, scores, p, power, reduction):
    if reduction == "per-image":
        g = scores_to_gradient(scores)
        return torch.stack([norm(g[b], p, power) for b in REAL]).mean()
    g = scores_to_gradient(scores / len(REAL))
    return norm(g[REAL], p, power)


def input_grad(m, p):
    x = leaf(m.d["images"])
    logits = m(x)
    scores = {
        "loss": lambda: losses(logits),
        "logit": lambda: true_logit(logits),
        "log-probability": lambda: F.log_softmax(logits, 1).sum(1),
    }[p["of"]]()
    value = reduce_gradient(lambda s: gradient(s, x, p["units"]), scores, "2", p["power"], p["reduction"])
    return logits, {"class": mean_real(losses(logits)), "gradient": scaled(p, value)}


def density(m, p):
    x = leaf(m.d["images"])
    logits = m(x)
    if p["computation"] == "log-sum-exp":
        value = reduce_gradient(lambda s: gradient(s, x, p["units"]), torch.logsumexp(logits, 1),
                                p["p"], p["power"], p["reduction"])
    else:
        k = noise("class", (BATCH, CLASSES), "uniform").argmax(1)
        f, log_pi = true_logit(logits, k), true_logit(F.log_softmax(logits, 1), k)
        both = torch.stack([f, log_pi])
        value = reduce_gradient(lambda s: gradient(s[0], x, p["units"]) - gradient(s[1], x, p["units"]), both,
                                p["p"], p["power"], p["reduction"])
    return logits, {"class": mean_real(losses(logits)), "density": scaled(p, value)}


def hessian(m, p):
    logits = m(m.d["images"])
    x = leaf(m.d["images"])
    seen = m(x, beta=p["beta"] or None, counting=False)
    score = losses(seen) if p["of"] == "loss" else true_logit(seen)
    g = gradient(score, x, p["units"])
    total = 0
    for i in range(p["directions"]):
        v = noise(f"direction/{i}", x.shape, "normal")
        (hv,) = torch.autograd.grad((g * v).sum(), x, create_graph=True, retain_graph=True)
        if p["units"] == "normalised":
            hv = hv * DEVIATION
        total = total + mean_real((hv ** 2).sum((1, 2, 3))) / p["directions"]
    return logits, {"class": mean_real(losses(logits)), "curvature": scaled(p, total)}


def score_matching(m, p):
    x = leaf(m.d["images"])
    logits = m(x)
    step = DEVIATION if p["units"] == "normalised" else 1
    g = gradient(true_logit(logits), x, p["units"])
    t = 0
    for i in range(p["samples"]):
        v = p["sigma"] * noise(f"noise/{i}", x.shape, "normal")
        noisy = m(m.d["images"] + v * step, counting=p["statistics"] == "batch-counted")
        t = t + 2 / p["sigma"] ** 2 * true_logit(noisy - logits) / p["samples"]
    value = mean_real(t) + 0.5 * (g[REAL] ** 2).sum() / len(REAL) + p["stability"] * mean_real(t ** 2)
    return logits, {"class": mean_real(losses(logits)), "score": scaled(p, value)}


def cure(m, p, logits=None):
    logits = m(m.d["images"]) if logits is None else logits
    how = dict(training=p["statistics"] == "batch", counting=False)
    x = leaf(m.d["images"])
    here = gradient(losses(m(x, **how)), x, p["units"])
    z = here.detach().sign()
    lengths = torch.linalg.vector_norm(per_picture(z), dim=1).clamp(min=1e-6)[:, None, None, None]
    z = p["reach"] * z / lengths * (DEVIATION if p["units"] == "normalised" else 1)
    moved = leaf(m.d["images"] + z)
    there = gradient(losses(m(moved, **how)), moved, p["units"])
    change = torch.stack([norm(there[b] - here[b], 2, p["power"]) for b in REAL]).mean()
    return logits, {"class": mean_real(losses(logits)), "curvature": scaled(p, change)}


def search_how(p):
    return {
        "running": dict(training=False, counting=False),
        "batch": dict(counting=False),
        "batch-counted": dict(counting=True),
    }[p["statistics"]]


def single(value):
    """As a program holds its constants: a search that comes near a kink goes either way by less than their rounding."""
    return torch.tensor(value, dtype=torch.float32).double().item()


def start_in_ball(x, p):
    eps = single(p["eps"])
    kept = (lambda y: y.clamp(0, 1)) if p.get("clipStart", True) else (lambda y: y)
    if p.get("norm", "linf") == "linf":
        return kept(x + eps * (2 * noise("start", x.shape, "uniform") - 1))
    n = noise("start", x.shape, "normal")
    n = n / torch.linalg.vector_norm(per_picture(n), dim=1)[:, None, None, None]
    r = eps * noise("start/radius", (BATCH, 1, 1, 1), "uniform") ** (1 / (3 * SIZE * SIZE))
    return kept(x + r * n)


def climb(x, start, p, score):
    eps, size = single(p["eps"]), single(p["stepSize"] * p["eps"])
    y = start.detach()
    for _ in range(p["steps"]):
        y = leaf(y)
        (g,) = torch.autograd.grad(score(y), y)
        if p.get("norm", "linf") == "linf":
            y = y.detach() + size * g.sign()
            y = torch.min(torch.max(y, x - eps), x + eps)
        else:
            length = torch.linalg.vector_norm(per_picture(g), dim=1).clamp(min=1e-12)[:, None, None, None]
            y = y.detach() + size * g / length
            change = y - x
            length = torch.linalg.vector_norm(per_picture(change), dim=1)[:, None, None, None]
            y = x + change * (eps / length).clamp(max=1)
        y = y.clamp(0, 1)
    return y.detach()


def adversarial(m, p):
    x, how = m.d["images"], search_how(p)
    p = {"steps": 1, **p}
    start = start_in_ball(x, p) if p["randomStart"] else x
    moved = climb(x, start, p, lambda y: losses(m(y, **how))[REAL].sum())
    logits = m(moved)
    mixed = (1 - p["cleanShare"]) * losses(logits)
    if p["cleanShare"] > 0:
        mixed = mixed + p["cleanShare"] * losses(m(x))
    return logits, {"class": mean_real(mixed)}


def divergence(a, b):
    return F.kl_div(F.log_softmax(b, 1), F.softmax(a, 1), reduction="none").sum(1)


def trades_l2(x, start, p, score):
    """The L2 branch of the public code's trades_loss: SGD without momentum on the change, range before ball."""
    delta = leaf(start - x)
    optimiser = torch.optim.SGD([delta], lr=p["stepSize"] * p["eps"])
    for _ in range(p["steps"]):
        optimiser.zero_grad()
        (-score(x + delta)).backward()
        lengths = delta.grad.view(len(x), -1).norm(p=2, dim=1).clamp(min=1e-12)
        delta.grad.div_(lengths.view(-1, 1, 1, 1))
        optimiser.step()
        delta.data.add_(x)
        delta.data.clamp_(0, 1).sub_(x)
        # renorm_ of the code, without the 1e-7 that it adds to a length.
        delta.data.mul_((p["eps"] / delta.data.view(len(x), -1).norm(p=2, dim=1)).clamp(max=1).view(-1, 1, 1, 1))
    return (x + delta.data).clamp(0, 1)


def trades(m, p):
    x, how = m.d["images"], search_how(p)
    plain = m(x, **how).detach()
    start = x + 0.001 * noise("start", x.shape, "normal")
    search = trades_l2 if p["norm"] == "l2" else climb
    moved = search(x, start, p, lambda y: divergence(plain, m(y, **how))[REAL].sum())
    logits = m(x)
    of_moved = m(moved)
    robust = mean_real(divergence(m(x) if p["plainPasses"] == 2 else logits, of_moved))
    return logits, {"class": mean_real(losses(logits)), "robust": scaled(p, robust)}


def trades_and_cure(m, p):
    """Both see one training pass of the plain images; CURE's passes read the statistics that TRADES left."""
    inner = {name.split(".")[1]: value for name, value in p.items() if name.startswith("cure.")}
    logits, terms = trades(m, p)
    _, more = cure(m, inner, logits)
    return logits, {**terms, "curvature": more["curvature"]}


def ig_norm(m, p, moved_class):
    x, how = m.d["images"], search_how(p)

    def attributions(y, points, how):
        shares = [(k + 1) / points for k in range(points)]
        path = torch.cat([x + s * (y - x) for s in shares])
        if not path.requires_grad:
            path.requires_grad_()
        g = gradient(losses(m(path, **how), LABELS.repeat(points)), path)
        ig = (y - x) * g.reshape(points, *x.shape).sum(0) / points
        return ig.abs().sum((1, 2, 3))

    def score(y):
        value = attributions(y, p["searchPoints"], how)
        if moved_class:
            value = losses(m(y, **how)) + scaled(p, value)
        return value[REAL].sum()

    moved = climb(x, start_in_ball(x, p), p, score)
    logits = m(moved if moved_class else x)
    factor = len(REAL) if p["reduction"] == "sum" else 1
    norms = attributions(moved, p["points"], dict(counting=False))
    return logits, {"class": factor * mean_real(losses(logits)),
                    "attribution": scaled(p, factor * mean_real(norms))}


def art(m, p):
    x, how = m.d["images"], search_how(p)
    soft = dict(how, beta=p["beta"])

    def arrange(values):
        if p["channels"] == "mean":
            values = values.mean(1)
        if p["channels"] == "mean-magnitude":
            values = values.abs().mean(1)
        return per_picture(values)

    def in_space(pixels):
        return pixels if p["space"] == "pixels" else (pixels - MEAN) / DEVIATION

    def slopes(logits, classes, y, by):
        return gradient(true_logit(logits, classes), y, by)

    def wrong_class(logits, labels):
        hidden = logits.detach().clone()
        sign = 1 if p["negative"] == "strongest" else -1
        hidden = sign * hidden
        if task == "multi":
            hidden[MULTI.repeat(len(labels) // BATCH, 1) * (MULTI.sum(1) < CLASSES).repeat(len(labels) // BATCH)[:, None] == 1] = -math.inf
        hidden[torch.arange(len(labels)), labels] = -math.inf
        return hidden.argmax(1)

    def distance(a, b):
        if p["distance"] == "cosine":
            return 1 - F.cosine_similarity(a, b, dim=0, eps=1e-12)
        return torch.linalg.vector_norm(a - b)

    def term(y, labels, how, kept=None, by=p["space"]):
        """L_attr of each picture; with twins b and b + BATCH."""
        logits = m(y, **how)
        pick = (lambda rows: rows) if kept is None else (lambda rows: rows * kept)
        own = pick(arrange(slopes(logits, labels, y, by)))
        if p["distance"] == "change":
            plain = leaf(x)
            first = pick(arrange(slopes(m(plain, **how), labels, plain, by)))
            return torch.stack([torch.linalg.vector_norm(own[b] - first[b]) for b in range(BATCH)])
        shown = pick(arrange(in_space(y)))
        other = None
        if p["negative"] != "none":
            other = pick(arrange(slopes(logits, wrong_class(logits, labels), y, by)))
        values = []
        for a in range(len(y)):
            family = [i for i in range(len(y)) if i % BATCH == a % BATCH]
            positive = torch.stack([distance(own[i], shown[a]) for i in family]).max()
            if other is None:
                values.append(torch.log(1 + torch.exp(positive)))
            else:
                negative = torch.stack([distance(other[i], shown[a]) for i in family]).min()
                values.append(F.soft_margin_loss(negative - positive, torch.ones(())))
        return torch.stack(values)

    start = start_in_ball(x, p)
    kept = None
    if p["searchShare"] < 1:
        y = leaf(start)
        rows = arrange(gradient(true_logit(m(y, **how)), y)).abs()
        k = round(p["searchShare"] * rows.shape[1])
        kept = torch.zeros_like(rows).scatter(1, rows.topk(k, 1).indices, 1)

    by = "pixels" if p["searchSpace"] == "pixel-gradients" else p["space"]

    def score(y):
        value = term(y, looked_at(), soft, kept, by)[REAL].sum()
        if p["searchFor"] == "attribution-and-class":
            value = value + losses(m(y, **how))[REAL].sum()
        return value

    moved = climb(x, start, p, score)
    final = dict(soft, training=True)
    if p["pairs"] == "twins" and p["distance"] != "change":
        values = term(leaf(torch.cat([x, moved])), looked_at().repeat(2), final)
        value = values[[i for i in range(2 * BATCH) if i % BATCH in REAL]].mean()
    else:
        value = mean_real(term(leaf(moved), looked_at(), final))
    logits = m(moved)
    return logits, {"class": mean_real(losses(logits)), "attribution": scaled(p, value)}


def group_losses(values):
    return torch.stack([
        torch.stack([values[b] for b in REAL if GROUPS[b] == g]).mean() for g in range(len(SHARES))])


def group_weighted(values, step):
    means = group_losses(values)
    q = SHARES * torch.exp(step * means.detach())
    q = q / q.sum()
    return (q * means).sum(), q


def group_dro(m, p):
    logits = m(m.d["images"])
    loss, q = group_weighted(losses(logits), p["groupStep"])
    return logits, {"class": loss}, {"groupShares": q.tolist()}


def group_dro_and_density(m, p):
    inner = {name.split(".")[1]: value for name, value in p.items() if name.startswith("density.")}
    logits, terms = density(m, inner)
    loss, q = group_weighted(losses(logits), p["groupStep"])
    return logits, {"class": loss, "density": terms["density"]}, {"groupShares": q.tolist()}


def consistency(m, p):
    labels = looked_at()

    def share(pixels):
        logits, features = m(pixels, maps=True)
        (g,) = torch.autograd.grad(true_logit(logits, labels).sum(), features, create_graph=True)
        if p["form"] == "standard":
            g = g.mean((2, 3), keepdim=True)
        e = F.relu((g * features).sum(1))
        e = e / (e.sum((1, 2), keepdim=True) + 1e-8)
        if p["upsample"]:
            e = F.interpolate(e[:, None], pixels.shape[2:], mode="bilinear", align_corners=False)[:, 0]
        return logits, e

    logits, plain = share(m.d["images"])
    _, tiled = share(m.d["composites"])
    if p["detach"]:
        plain = plain.detach()
    h = plain.shape[1]
    values = []
    for b in range(BATCH):
        row, column = divmod(b, 2)
        target = F.pad(plain[b], (column * h, (1 - column) * h, row * h, (1 - row) * h))
        difference = (tiled[b] - target).abs()
        values.append(difference.mean() if p["reduction"] == "mean" else difference.sum())
    return logits, {"class": mean_real(losses(logits)), "consistency": scaled(p, mean_real(torch.stack(values)))}


def blackout(m, p):
    # What lies outside the box is black as a pixel; the picture without a box is whole.
    seen = torch.stack([x * inside if told else x
                        for x, inside, told in zip(m.d["images"], m.d["inside"], m.d["has_region"])])
    logits = m(seen)
    return logits, {"class": mean_real(losses(logits))}


def boxes(m, p):
    return box_aware(m.net, m.d, RAMP, p["lambdaInside"], p["lambdaOutside"], p["of"], p["reduction"])


def mask_energy(m, p):
    x = leaf(m.d["images"])
    logits, features = m(x, maps=True)
    inside = m.d["inside"][:, 0]
    if p["heat"] == "input-gradient":
        heat = (gradient(losses(logits), x, "normalised") ** 2).sum(1)
    else:
        (g,) = torch.autograd.grad(true_logit(logits).sum(), features, create_graph=True)
        if p["heat"] == "grad-cam":
            g = g.mean((2, 3), keepdim=True)
        heat = F.relu((g * features).sum(1))
        inside = F.adaptive_avg_pool2d(inside[:, None], heat.shape[1:])[:, 0]
    shares = [(heat[b] * inside[b]).sum() / (heat[b].sum() + 1e-8) for b in (0, 2)]  # with region and real
    return logits, {"class": mean_real(losses(logits)), "outside": scaled(p, 1 - torch.stack(shares).mean())}


DENSITY = {"lambda": 3, "p": "2", "power": 1, "reduction": "per-image", "computation": "log-sum-exp", "units": "pixels"}
INPUT = {"lambda": 1.3, "of": "loss", "power": 2, "units": "normalised", "reduction": "per-image"}
CURE = {"lambda": 1, "reach": 0.5, "power": 1, "statistics": "running", "units": "pixels"}
PGD = {"norm": "linf", "eps": 0.1, "steps": 3, "stepSize": 0.4, "randomStart": True, "cleanShare": 0,
       "statistics": "batch"}
TRADES = {"lambda": 6, "norm": "linf", "eps": 0.1, "steps": 2, "stepSize": 0.6, "statistics": "running",
          "plainPasses": 1}
IG = {"lambda": 1, "norm": "linf", "eps": 0.1, "steps": 2, "stepSize": 0.6, "points": 4, "searchPoints": 2,
      "clipStart": True, "reduction": "mean", "statistics": "batch"}
ART = {"lambda": 2, "eps": 0.1, "steps": 2, "stepSize": 0.6, "beta": 5, "distance": "cosine", "negative": "strongest",
       "pairs": "moved", "space": "pixels", "channels": "kept", "searchShare": 1, "searchSpace": "same",
       "searchFor": "attribution", "statistics": "batch"}
GC = {"lambda": 25, "form": "elementwise", "reduction": "mean", "upsample": False, "detach": False}

SCORE = {"lambda": 0.1, "sigma": 0.05, "samples": 1, "stability": 0.01, "statistics": "batch", "units": "pixels"}
# Of pictures with several classes.
SEVERAL = [
    ("gradcam-consistency", consistency, {**GC, "lambda": 4}),
    ("input-grad", input_grad, {**INPUT, "of": "logit"}),
    ("input-grad", input_grad, INPUT),
    ("hessian", hessian, {"lambda": 0.01, "of": "logit", "directions": 1, "beta": 5, "units": "pixels"}),
    ("score-matching", score_matching, SCORE),
    ("art", art, ART),
    ("pgd-training", adversarial, PGD),
]
CASES = [
    *[("input-grad", input_grad, {**INPUT, **more}) for more in (
        {}, {"of": "logit", "power": 1, "units": "pixels"}, {"of": "log-probability", "reduction": "batch"})],
    *[("density", density, {**DENSITY, **more}) for more in (
        {}, {"computation": "stable", "power": 2, "reduction": "batch"}, {"computation": "efficient", "p": "1"},
        {"p": "inf", "units": "normalised", "reduction": "batch"})],
    ("hessian", hessian, {"lambda": 0.01, "of": "logit", "directions": 2, "beta": 5, "units": "pixels"}),
    ("hessian", hessian, {"lambda": 0.1, "of": "loss", "directions": 1, "beta": 0, "units": "normalised"}),
    ("score-matching", score_matching,
     {"lambda": 0.1, "sigma": 0.05, "samples": 2, "stability": 0.01, "statistics": "batch-counted",
      "units": "normalised"}),
    ("score-matching", score_matching,
     {"lambda": 0.01, "sigma": 0.01, "samples": 1, "stability": 1e-3, "statistics": "batch", "units": "pixels"}),
    ("cure", cure, CURE),
    ("cure", cure, {**CURE, "power": 2, "statistics": "batch", "units": "normalised"}),
    ("fgsm-training", adversarial,
     {"norm": "linf", "eps": 0.1, "stepSize": 1, "randomStart": False, "cleanShare": 0.5, "statistics": "batch"}),
    ("fgsm-training", adversarial,
     {"norm": "l2", "eps": 1.5, "stepSize": 1, "randomStart": False, "cleanShare": 0, "statistics": "batch"}),
    ("fgsm-training", adversarial,
     {"norm": "linf", "eps": 0.1, "stepSize": 1.25, "randomStart": True, "cleanShare": 0, "statistics": "running"}),
    ("pgd-training", adversarial, {**PGD, "statistics": "batch-counted"}),
    ("pgd-training", adversarial, {**PGD, "norm": "l2", "eps": 1.5}),
    ("trades", trades, TRADES),
    ("trades", trades, {**TRADES, "norm": "l2", "eps": 1.5, "statistics": "batch"}),
    ("trades", trades, {**TRADES, "statistics": "batch-counted", "plainPasses": 2}),
    ("trades+cure", trades_and_cure, {**TRADES, **{"cure." + name: value for name, value in CURE.items()}}),
    ("trades+cure", trades_and_cure,
     {**TRADES, "plainPasses": 2, **{"cure." + name: value for name, value in CURE.items()}}),
    ("ig-norm", lambda m, p: ig_norm(m, p, False), IG),
    ("ig-norm", lambda m, p: ig_norm(m, p, False), {**IG, "reduction": "sum", "statistics": "batch-counted"}),
    ("ig-sum-norm", lambda m, p: ig_norm(m, p, True), IG),
    ("ig-norm", lambda m, p: ig_norm(m, p, False), {**IG, "steps": 1, "clipStart": False}),
    ("ig-norm", lambda m, p: ig_norm(m, p, False), {**IG, "norm": "l2", "eps": 1.5, "steps": 1, "clipStart": False}),
    ("ig-sum-norm", lambda m, p: ig_norm(m, p, True), {**IG, "norm": "l2", "eps": 1.5, "reduction": "sum"}),
    *[("art", art, {**ART, **more}) for more in (
        {}, {"pairs": "twins", "space": "normalised", "searchShare": 0.3255, "statistics": "batch-counted"},
        {"pairs": "twins", "space": "normalised", "searchShare": 0.3255, "searchSpace": "pixel-gradients",
         "statistics": "batch-counted"},
        {"pairs": "twins", "space": "normalised", "channels": "mean-magnitude", "searchShare": 0.3, "beta": 1},
        {"channels": "mean", "searchFor": "attribution-and-class", "statistics": "running"},
        {"negative": "weakest"}, {"negative": "none"}, {"distance": "euclidean"}, {"distance": "change"})],
    ("group-dro", group_dro, {"groupStep": 0.5}),
    ("group-dro+density", group_dro_and_density,
     {"groupStep": 0.5, **{"density." + name: value for name, value in DENSITY.items()}}),
    *[("gradcam-consistency", consistency, {**GC, **more}) for more in (
        {"form": "standard", "reduction": "sum", "lambda": 1}, {"detach": True}, {"upsample": True})],
    ("blackout", blackout, {}),
    *[("mask-energy", mask_energy, {"lambda": 2, "heat": heat})
      for heat in ("input-gradient", "grad-cam", "elementwise-grad-cam")],
]


BY_ID = {
    **{name: build for name, build, _ in CASES},
    "box-aware": boxes,
}


def presets():
    """(objective, preset, parameters) of Fovea as it stands."""
    command = Path(__file__).parents[2] / "src-main" / "cli" / "fovea.mjs"
    told = json.loads(subprocess.run(["node", command, "methods", "--json"], capture_output=True, check=True).stdout)
    return [(one["id"], preset["id"], preset["params"]) for one in told["objectives"] for preset in one["presets"]]


def solve(name, build, params, preset=None):
    # The element-wise and the standard Grad-CAM differ under max pooling only.
    pool = "max" if "grad-cam" in str(params.get("heat")) or params.get("form") == "standard" else "average"
    m = Model(pool)
    logits, terms, *rest = build(m, params)
    penalties = [value for term, value in terms.items() if term != "class"]
    if preset and penalties and abs(penalties[0].detach()) < 0.03:
        more = 10.0 ** round(-math.log10(abs(penalties[0].detach())))
        grown = {name: value * more for name, value in params.items() if name.startswith("lambda")}
        return solve(name, build, {**params, **grown}, preset)
    gradients = torch.autograd.grad(sum(terms.values()), list(m.w.values()))
    return {
        "objective": name, **({"preset": preset} if preset else {}), "pool": pool, "task": task, "params": params,
        "ramp": RAMP, "logits": logits.flatten().tolist(),
        "terms": {k: float(v.detach()) for k, v in terms.items()},
        "gradients": {n: condense(g) for n, g in zip(m.w, gradients)},
        "running": {n: condense(v) for n, v in m.net.running.items()},
        "next": rest[0] if rest else {},
    }


def main():
    global task
    cases = [solve(*case) for case in CASES]
    cases += [solve(name, BY_ID[name], params, preset) for name, preset, params in presets()]
    task = "multi"
    cases += [solve(*case) for case in SEVERAL]
    write("objectives_more.py", cases)


main()
