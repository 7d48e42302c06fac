"""Reference values for the attacks, made with foolbox and torchattacks on two small trained networks.

Run:  python3 attacks.py OUT_FOLDER [SEEDS]      (needs torch, scipy, foolbox and torchattacks)

OUT_FOLDER is fixtures/engine/attacks. Writes networks.json (weights of a network trained plainly and of one trained on
attacked pictures; kept where it is there already), steps.json (pictures of foolbox's FGSM and PGD, of torchattacks' APGD
and Square and of a port of the attacks on explanations, from fixed draws; accuracies under FGSM on normalised values) and
strengths.json (accuracy and distances under the attacks; where chance has a part, for each of SEEDS seeds, 6 if not said;
with `source`, the network that the pictures were made on, `network` only judged them). Rows and seeds that are there already
are kept, so a run that was cut short goes on: delete the file to make all anew. The pictures and the draws are fixed
formulas that test/src-main/engine/attacks/small-networks.ts repeats. torchattacks holds the AutoAttack authors' own code of
APGD, FAB and Square. Takes about five minutes of one core.
"""

import copy
import json
import math
import sys
from pathlib import Path
from unittest.mock import patch

import eagerpy as ep
import foolbox
import numpy as np
import scipy.stats
import torch
import torch.nn.functional as F
import torchattacks

SIDE, CLASSES, COUNT = 10, 5, 200
SEEDS = int(sys.argv[2]) if len(sys.argv) > 2 else 6
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
SHAPES = {
    "conv1.weight": (8, 3, 3, 3), "conv1.bias": (8,), "conv2.weight": (12, 8, 3, 3), "conv2.bias": (12,),
    "conv3.weight": (12, 12, 3, 3), "conv3.bias": (12,), "fc.weight": (CLASSES, 108), "fc.bias": (CLASSES,),
}
torch.set_num_threads(1)


def noise(numbers):
    """A number in [0, 1) for each whole number: the same integer arithmetic everywhere."""
    h = (numbers.astype(np.uint64) + 1) * 2654435761 % 2**32
    h ^= h >> np.uint64(15)
    h = h * 2246822519 % 2**32
    h ^= h >> np.uint64(13)
    return h.astype(np.float64) / 2**32


def pictures(first, count):
    """Gratings whose direction is the class, with a random phase and noise, in whole steps of 1/255."""
    i = np.arange(first, first + count).reshape(-1, 1, 1, 1)
    channel, row, column = np.ix_(range(3), range(SIDE), range(SIDE))
    angle = math.pi * (i % CLASSES) / CLASSES
    phase = 2 * math.pi * noise(i * 7919)
    wave = np.sin(2 * math.pi * (column * np.cos(angle) + row * np.sin(angle)) / 4.5 + phase)
    grain = noise(((i * 3 + channel) * SIDE + row) * SIDE + column)
    values = 0.5 + 0.16 * wave * (1 - 0.2 * channel) + 0.5 * (grain - 0.5)
    x = np.floor(255 * np.clip(values, 0, 1) + 0.5) / 255
    return torch.tensor(x, dtype=torch.float32), torch.tensor(np.arange(first, first + count) % CLASSES)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.conv2 = torch.nn.Conv2d(8, 12, 3, stride=2, padding=1)
        self.conv3 = torch.nn.Conv2d(12, 12, 3, stride=2, padding=1)
        self.fc = torch.nn.Linear(108, CLASSES)

    def forward(self, x):
        x = F.relu(self.conv1((x - MEAN) / DEVIATION))
        x = F.relu(self.conv3(F.relu(self.conv2(x))))
        return self.fc(x.flatten(1))


def train(eps):
    """Adam on the cross-entropy of plain pictures (eps 0) or of 5-step PGD pictures."""
    torch.manual_seed(1)
    net = Net()
    x, y = pictures(1000, 2000)
    optimiser = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(12 if eps == 0 else 25):
        for part in torch.randperm(len(x)).split(64):
            images = x[part]
            if eps > 0:
                reach = eps * min(1, epoch / 10)  # at once at full strength nothing is learnt
                images = torchattacks.PGD(net, eps=reach, alpha=reach / 3, steps=5)(images, y[part])
            optimiser.zero_grad()
            F.cross_entropy(net(images), y[part]).backward()
            optimiser.step()
    # What is stored is what is measured.
    for parameter in net.parameters():
        parameter.data = torch.tensor([float(f"{v:.6g}") for v in parameter.flatten().tolist()]).view(parameter.shape)
        parameter.requires_grad_(False)
    return net.eval()


def steps(net):
    """foolbox's FGSM and PGD on four pictures, PGD after 1, 2, 3 and 10 steps from a fixed start."""
    x, y = pictures(0, 4)
    model = foolbox.PyTorchModel(net, bounds=(0, 1))
    criterion = foolbox.criteria.Misclassification(ep.astensor(y))
    pattern = torch.sin(1.7 * torch.arange(x.numel(), dtype=torch.float64)).float().view(x.shape)
    cases = []

    def case(attack, name, norm, eps, **more):
        images = attack.run(model, x, criterion, epsilon=eps)
        cases.append({"attack": name, "network": "standard", "norm": norm, "eps": eps, **more, "images": images.flatten().tolist()})

    case(foolbox.attacks.LinfFastGradientAttack(), "fgsm", "linf", 0.03)
    cases.append({"attack": "fgsm-normalised", "network": "standard", "norm": "linf", "eps": 0.1,
                  "images": normalised_fgsm(net, x, y, [0.1])[0].flatten().tolist()})
    for norm, eps, kind in (("linf", 0.03, foolbox.attacks.LinfPGD), ("l2", 0.6, foolbox.attacks.L2PGD)):
        size = eps if norm == "linf" else eps / float(pattern[0].norm())

        class Fixed(kind):
            def get_random_start(self, x0, epsilon):
                return x0 + size * ep.astensor(pattern)

        for count in (1, 2, 3, 10):
            case(Fixed(steps=count, abs_stepsize=eps / 4, random_start=True), "pgd", norm, eps, steps=count)
    return cases


def normalised_fgsm(net, x, y, epsilons):
    """The public code of KC & Zhang: foolbox is given normalised pictures, and that they lie in [0, 1]. In pixels again."""

    class OnNormalised(torch.nn.Module):
        def forward(self, u):
            return net(u * DEVIATION + MEAN)

    model = foolbox.PyTorchModel(OnNormalised().eval(), bounds=(0, 1))
    # 3.0.0b1, which that code pins, did not look.
    with patch("foolbox.attacks.base.verify_input_bounds"), patch("foolbox.attacks.gradient_descent_base.verify_input_bounds"):
        _, attacked, _ = foolbox.attacks.LinfFastGradientAttack()(model, (x - MEAN) / DEVIATION, y, epsilons=epsilons)
    return [one * DEVIATION + MEAN for one in attacked]


class Draws:
    """In place of torch's generator: the numbers of `noise` one after the other, cut to what float32 holds."""

    def __init__(self):
        self.used = 0

    def rand(self, *shape):
        shape = list(shape[0]) if isinstance(shape[0], (list, tuple, torch.Size)) else list(shape)
        count = math.prod(shape)
        numbers = np.floor(noise(np.arange(self.used, self.used + count)) * 2**24) / 2**24
        self.used += count
        return torch.tensor(numbers, dtype=torch.float32).view(shape)

    def __enter__(self):
        self.before = torch.rand, torch.randn
        torch.rand = self.rand
        torch.randn = lambda *shape: 2 * self.rand(*shape) - 1
        return self

    def __exit__(self, *_):
        torch.rand, torch.randn = self.before


class FirstStepCounts:
    """Counts the first step as a rise if it is one. The public code compares its loss with 0, an entry not yet written."""

    first = None
    cross_entropy = False

    def noted(self, loss):
        self.first = loss.detach().numpy().copy() if self.first is None else self.first
        return loss

    def dlr_loss(self, x, y):
        if self.cross_entropy:
            return self.noted(F.cross_entropy(x, y, reduction="none"))
        return self.noted(super().dlr_loss(x, y))

    def dlr_loss_targeted(self, *args):
        return self.noted(super().dlr_loss_targeted(*args))

    def check_oscillation(self, x, j, k, *rest, **more):
        if j < k and self.first is not None:
            x = x.copy()
            x[-1] = self.first
        return super().check_oscillation(x, j, k, *rest, **more)


class Apgd(FirstStepCounts, torchattacks.APGD):
    pass


class ApgdTargeted(FirstStepCounts, torchattacks.APGDT):
    pass


def chance_steps(nets):
    """APGD and Square from fixed draws, picture by picture: their batches share squares and one step size."""
    cases = []
    x, y = pictures(0, 3)
    with Draws() as draws:
        # Large enough that the cross-entropy of the last picture is not below what float32 tells from 0.
        for norm, name, eps in (("linf", "Linf", 0.01), ("l2", "L2", 0.3)):
            for loss in ("cross-entropy", "dlr", "dlr-targeted"):
                draws.used = 0
                images = []
                for i in range(len(x)):
                    common = dict(norm=name, eps=eps, steps=20)
                    if loss == "dlr-targeted":
                        attack = ApgdTargeted(nets["robust"], **common, n_classes=CLASSES)
                        attack.target_class = 2
                    else:
                        attack = Apgd(nets["robust"], **common, loss="dlr")
                        attack.cross_entropy = loss == "cross-entropy"
                    best, right, _, _ = attack.attack_single_run(x[i : i + 1], y[i : i + 1])
                    assert bool(right.all()), "a picture that is fooled is followed no farther by Fovea"
                    images.append(best)
                cases.append({"attack": "apgd", "network": "robust", "norm": norm, "loss": loss, "eps": eps, "steps": 20,
                              "images": torch.cat(images).flatten().tolist()})
        for norm, name, eps in (("linf", "Linf", 0.02), ("l2", "L2", 0.3)):
            draws.used = 0
            attack = torchattacks.Square(nets["robust"], norm=name, eps=eps, n_queries=60)
            attack.init_hyperparam(x)
            _, best = attack.attack_single_run(x[:1], y[:1])
            assert int(nets["robust"](best).argmax()) == int(y[0])
            cases.append({"attack": "square", "network": "robust", "norm": norm, "eps": eps, "queries": 60,
                          "images": best.flatten().tolist()})
    return cases


def heat(net, x, y, kind, score, points, beta):
    """Channel sum of |gradient| or |integrated gradients from black|, middle points, scaled to sum 1; [B, H * W]."""
    bend = F.relu if beta is None else lambda z: F.softplus(z, beta, threshold=1e9)

    def logits(pictures):
        z = bend(net.conv1((pictures - MEAN.double()) / DEVIATION.double()))
        return net.fc(bend(net.conv3(bend(net.conv2(z)))).flatten(1))

    shares = [1.0] if kind == "gradient" else [(k + 0.5) / points for k in range(points)]
    total = 0
    for share in shares:
        scored = logits(share * x)
        scored = scored.softmax(1) if score == "probability" else scored
        total = total + torch.autograd.grad(scored.gather(1, y[:, None]).sum(), x, create_graph=True)[0] / share
    slopes = total / len(shares)
    value = (slopes if kind == "gradient" else slopes * x).abs().sum(1).flatten(1)
    return value / (value.sum(1, keepdim=True) + 1e-12), logits(x)


def explanation_steps(net):
    """Algorithm 1 of Ghorbani et al. 2019 with softplus slopes and Kendall's tau, and Dombrowski et al. 2019 by Adam."""
    net = copy.deepcopy(net).double()
    clean, y = pictures(0, 3)
    clean = clean.double()
    cases = []
    eps, k, steps = 0.03, 20, 4
    for kind in ("gradient", "integrated-gradients"):
        common = dict(kind=kind, score="logit", points=6)
        plain = lambda x: heat(net, x.detach().requires_grad_(), y, **common, beta=None)
        before = plain(clean)[0].detach()
        mask = torch.zeros_like(before).scatter(1, before.topk(k).indices, 1)
        with Draws() as draws:
            x = (clean + eps * (2 * draws.rand(clean.shape).double() - 1)).clamp(0, 1)
        least, kept = [math.inf] * len(x), clean.clone()
        for _ in range(steps):
            x = x.detach().requires_grad_()
            slope = torch.autograd.grad((heat(net, x, y, **common, beta=30)[0] * mask).sum(), x)[0]
            x = (clean + (x - 0.125 * eps * slope.sign() - clean).clamp(-eps, eps)).clamp(0, 1)
            now, logits = plain(x)
            for i in range(len(x)):
                tau = float(scipy.stats.kendalltau(before[i].numpy(), now[i].detach().numpy())[0])
                if int(logits[i].argmax()) == int(y[i]) and tau < least[i]:
                    least[i], kept[i] = tau, x[i].detach()
        cases.append({"attack": "ifia-top-k", "network": "standard", "norm": "linf", "eps": eps, "steps": steps, "k": k,
                      "map": kind, "score": "logit", "points": 6, "beta": 30,
                      "images": kept.flatten().tolist()})
    for kind, score in (("gradient", "logit"), ("integrated-gradients", "probability")):
        common = dict(kind=kind, score=score, points=6)
        plain = lambda x: heat(net, x.detach().requires_grad_(), y, **common, beta=None)
        before, logits = plain(clean)
        goal, scores = before.detach().roll(-1, 0), logits.detach().softmax(1)
        x = clean.clone().requires_grad_()
        adam = torch.optim.Adam([x], lr=2e-4)
        least, kept = torch.full((len(x),), math.inf, dtype=torch.float64), clean.clone()
        for _ in range(4):
            now, logits = heat(net, x, y, **common, beta=30)
            loss = 1e11 * ((now - goal) ** 2).mean(1) + 1e6 * ((logits.softmax(1) - scores) ** 2).mean(1)
            x.grad = torch.autograd.grad(loss.sum(), x)[0]
            adam.step()
            x.data = (clean + (x.data - clean).clamp(-1, 1)).clamp(0, 1)
            now, logits = plain(x)
            apart = ((now.detach() - goal) ** 2).sum(1)
            better = (logits.argmax(1) == y) & (apart < least)
            least[better], kept[better] = apart[better], x.data[better]
        cases.append({"attack": "targeted-explanation", "network": "standard", "norm": "linf", "eps": 1, "steps": 4,
                      "stepSize": 2e-4, "map": kind, "score": score, "points": 6, "beta": 30,
                      "images": kept.flatten().tolist()})
    return cases


class Strengths:
    """Measures row by row into a file; rows that are there already are kept, so a run that was cut short goes on."""

    measured = ("accuracy", "accuracies", "meanDistance", "fooled")

    def __init__(self, file, origin):
        self.file, self.origin = file, origin
        self.rows = json.loads(file.read_text())["strengths"] if file.exists() else []

    def find(self, about):
        said = lambda row: {key: value for key, value in row.items() if key not in Strengths.measured}
        return next((row for row in self.rows if said(row) == about), None)

    def row(self, about, measure):
        if self.find(about) is None:
            self.rows.append({**about, **measure()})
            self.save()

    def by_chance(self, about, accuracy):
        """Accuracy for each of the seeds 0, 1, ... SEEDS - 1."""
        if self.find(about) is None:
            self.rows.append({**about, "accuracies": []})
        made = self.find(about)["accuracies"]
        while len(made) < SEEDS:
            made.append(accuracy(len(made)))
            self.save()

    def save(self):
        write(self.file, {"origin": self.origin, "strengths": self.rows})
        print(self.rows[-1], file=sys.stderr, flush=True)


def strengths(net, name, norm, into):
    x, y = pictures(0, COUNT)
    model = foolbox.PyTorchModel(net, bounds=(0, 1))
    criterion = foolbox.criteria.Misclassification(ep.astensor(y))
    right = lambda images: round(int((net(images).argmax(1) == y).sum()) / COUNT, 6)

    def by_chance(attack, eps, make, **more):
        into.by_chance({"network": name, "attack": attack, "eps": eps, **more}, lambda seed: right(make(seed)(x, y)))

    def record(attack, eps, make, **more):
        into.row({"network": name, "attack": attack, "eps": eps, **more}, lambda: {"accuracy": right(make())})

    name_, eps = {"linf": ("Linf", 0.05), "l2": ("L2", 0.6)}[norm]
    common = dict(norm=name_, eps=eps)

    def smallest(attack):
        images = attack.run(model, x, criterion)
        away = (images - x).flatten(1).norm(dim=1, p=math.inf if norm == "linf" else 2)
        fooled = (net(x).argmax(1) == y) & (net(images).argmax(1) != y)
        within = torch.where(((away <= eps) & fooled).view(-1, 1, 1, 1), images, x)
        return {"accuracy": right(within), "meanDistance": float(away[fooled].mean()), "fooled": int(fooled.sum())}

    by_chance("square", eps, lambda seed: torchattacks.Square(net, **common, n_queries=300, seed=seed),
              norm=norm, queries=300)
    by_chance("apgd-dlr", eps, lambda seed: torchattacks.APGD(
        net, **common, steps=100, loss="dlr", n_restarts=5, seed=seed), norm=norm, restarts=5, targets=0)
    by_chance("apgd-ce", eps, lambda seed: torchattacks.APGD(
        net, **common, steps=100, loss="ce", n_restarts=5, seed=seed), norm=norm, restarts=5)
    by_chance("apgd-dlr", eps, lambda seed: torchattacks.APGDT(
        net, **common, steps=100, n_classes=CLASSES, seed=seed), norm=norm, restarts=1, targets=9)
    # Weak enough that their strength shows in little time.
    by_chance("apgd-ce", eps, lambda seed: torchattacks.APGD(
        net, **common, steps=20, loss="ce", n_restarts=1, seed=seed), norm=norm, restarts=1, steps=20)
    by_chance("apgd-dlr", eps, lambda seed: torchattacks.APGD(
        net, **common, steps=20, loss="dlr", n_restarts=1, seed=seed), norm=norm, restarts=1, targets=0, steps=20)
    by_chance("apgd-dlr", eps, lambda seed: torchattacks.APGDT(
        net, **common, steps=20, n_classes=CLASSES, seed=seed), norm=norm, restarts=1, targets=9, steps=20)
    # From the picture itself, without chance.
    record("fab", eps, lambda: torchattacks.FAB(net, **common, steps=30, n_classes=CLASSES)(x, y),
           norm=norm, restarts=1, targets=0)
    record("fab", eps, lambda: torchattacks.FAB(
        net, **common, steps=30, n_classes=CLASSES, multi_targeted=True)(x, y), norm=norm, restarts=1, targets=9)
    members = [
        torchattacks.APGD(net, **common, steps=10, loss="ce"),
        torchattacks.APGDT(net, **common, steps=10, n_classes=CLASSES),
        torchattacks.FAB(net, **common, steps=10, n_classes=CLASSES, multi_targeted=True),
        torchattacks.Square(net, **common, n_queries=50),
    ]

    def together(seed):
        for member in members:
            member.seed = seed
        return torchattacks.MultiAttack(members)

    by_chance("autoattack", eps, together, norm=norm, queries=50)
    for attack, kind, more in (
        ("deepfool", {"linf": foolbox.attacks.LinfDeepFoolAttack, "l2": foolbox.attacks.L2DeepFoolAttack}[norm],
         dict(steps=50, candidates=10, overshoot=0.02)),
        ("cw-l2", foolbox.attacks.L2CarliniWagnerAttack,
         dict(binary_search_steps=4, steps=50, stepsize=0.02, initial_const=0.1, abort_early=False)),
    ):
        if attack == "deepfool" or norm == "l2":
            into.row({"network": name, "attack": attack, "eps": eps, "norm": norm}, lambda: smallest(kind(**more)))
    if norm == "linf":
        record("mim", eps, lambda: torchattacks.MIFGSM(net, eps=eps, alpha=eps / 4, steps=10)(x, y))
        # foolbox shifts by (SIDE - 1) / SIDE of the pixels it is told.
        spatial = foolbox.attacks.SpatialAttack(max_translation=0.05 * SIDE * SIDE / (SIDE - 1), max_rotation=6,
                                                num_translations=3, num_rotations=3)
        record("spatial", 0, lambda: spatial(model, x, criterion)[0], shift=0.05, turn=6, shifts=3, turns=3)
        few = slice(0, 40)

        def spsa(seed):
            torch.manual_seed(seed)
            images = torchattacks.SPSA(net, eps=eps, delta=0.01, lr=0.02, nb_iter=10, nb_sample=64)(x[few], y[few])
            return round(int((net(images).argmax(1) == y[few]).sum()) / 40, 6)

        into.by_chance({"network": name, "attack": "spsa", "eps": eps, "norm": norm, "count": 40}, spsa)


def transfers(nets, source, judge, into):
    """Pictures made on one network, which the other judges: plain attacks, that go on to their last step."""
    x, y = pictures(0, COUNT)
    right = lambda images: round(int((nets[judge](images).argmax(1) == y).sum()) / COUNT, 6)
    eps = 0.08
    common = dict(eps=eps, alpha=eps / 4, steps=10)
    about = {"network": judge, "source": source, "eps": eps, "norm": "linf"}
    into.row({**about, "attack": "mim"}, lambda: {"accuracy": right(torchattacks.MIFGSM(nets[source], **common)(x, y))})

    def pgd(seed):
        torch.manual_seed(seed)
        return right(torchattacks.PGD(nets[source], **common)(x, y))

    into.by_chance({**about, "attack": "pgd"}, pgd)


def rounded(value):
    return json.loads(json.dumps(value), parse_float=lambda s: float(f"{float(s):.7g}"))


def load(stored):
    net = Net()
    net.load_state_dict({k: torch.tensor(v).view(SHAPES[k]) for k, v in stored.items()})
    return net.requires_grad_(False).eval()


def main(folder):
    origin = "test/reference/attacks.py, " + ", ".join(
        f"{m.__name__} {m.__version__.split('+')[0]}" for m in (torch, scipy, foolbox, torchattacks))
    file = folder / "networks.json"
    if not file.exists():
        trained = {"standard": train(0), "robust": train(0.03)}
        weights = {n: {k: v.flatten().tolist() for k, v in net.state_dict().items()} for n, net in trained.items()}
        file.write_text(json.dumps(rounded({"origin": origin, "shapes": SHAPES, "weights": weights})))
    networks = {name: load(stored) for name, stored in json.loads(file.read_text())["weights"].items()}
    cases = steps(networks["standard"]) + chance_steps(networks) + explanation_steps(networks["standard"])
    logits = networks["standard"](pictures(0, 4)[0]).flatten().tolist()
    x, y = pictures(0, COUNT)
    epsilons = [i / 45 for i in range(1, 10)]  # up to 0.2
    curve = [round(int((networks["standard"](images).argmax(1) == y).sum()) / COUNT, 6)
             for images in normalised_fgsm(networks["standard"], x, y, epsilons)]
    write(folder / "steps.json", {"origin": origin, "logits": logits, "steps": cases, "normalisedCurve": curve})
    into = Strengths(folder / "strengths.json", origin)
    for name, norm in (("robust", "linf"), ("standard", "l2"), ("robust", "l2"), ("standard", "linf")):
        strengths(networks[name], name, norm, into)
    for source, judge in (("standard", "robust"), ("robust", "standard")):
        transfers(networks, source, judge, into)


def write(file, value):
    file.write_text(json.dumps(rounded(value), indent=0) + "\n")


main(Path(sys.argv[1]))
