"""Reference values of measures, from SciPy, scikit-learn, pycocotools, OpenCV and matplotlib.

Run:  python3 measures.py > ../fixtures/engine/measures.json
      (needs numpy, scipy, scikit-learn, pycocotools, opencv-python and matplotlib)

Inputs are fixed formulas that test/src-main/engine/measures/references.test.ts repeats; the fixture holds results
only.
"""

import json
import sys
from importlib.metadata import version

import cv2
import matplotlib
import numpy as np
import pycocotools.mask as coco
import scipy
import sklearn
from scipy import ndimage, stats
from sklearn import metrics


def wave(count, phase, pace=1.7):
    """sin(pace i + phase), i = 0 … count-1."""
    return np.sin(pace * np.arange(count) + phase)


def steps(values, levels):
    """Values in -1 … 1 on a grid, so that there are ties."""
    return np.floor(levels * (values + 1) / 2) / levels


def pairs():
    made = {"free": (wave(200, 0.3), wave(200, 1.1, 2.3))}
    made["alike"] = (wave(200, 0.3), wave(200, 0.3) + 0.5 * wave(200, 2.0, 3.1))
    made["ties"] = (steps(wave(200, 0.3), 7), steps(wave(200, 0.5), 4))
    made["opposed"] = (wave(50, 0.0), -wave(50, 0.0))
    return made


def ranks():
    return {
        name: {
            "kendall": float(stats.kendalltau(a, b).statistic),
            "spearman": float(stats.spearmanr(a, b).statistic),
        }
        for name, (a, b) in pairs().items()
    }


def auroc():
    own, others = wave(60, 0.2) + 0.4, wave(45, 1.3, 2.1)
    truth = np.r_[np.ones(60), np.zeros(45)]
    return {
        "free": float(metrics.roc_auc_score(truth, np.r_[own, others])),
        "ties": float(metrics.roc_auc_score(truth, np.r_[steps(own, 3), steps(others, 3)])),
    }


def delong():
    """Interval of the area under the ROC curve, from all pairs one by one: DeLong et al. 1988, eq. 4 to 6."""
    own, others = wave(60, 0.2) + 0.4, wave(45, 1.3, 2.1)
    ends = {}
    for name, levels in (("free", None), ("ties", 3)):
        a, b = (own, others) if levels is None else (steps(own, levels), steps(others, levels))
        wins = (a[:, None] > b[None, :]) + 0.5 * (a[:, None] == b[None, :])
        error = np.sqrt(wins.mean(1).var(ddof=1) / len(a) + wins.mean(0).var(ddof=1) / len(b))
        reach = stats.norm.ppf(0.975) * error
        ends[name] = [float(wins.mean() - reach), float(wins.mean() + reach)]
    return ends


def classification():
    truth = np.arange(90) % 4
    # Class 3 is never said, class 4 never true.
    said = np.where(wave(90, 0.7) > -0.2, truth, (truth + 1) % 5)
    said = np.where(said == 3, 0, said)
    scores = np.stack([wave(90, phase, 1.3) for phase in (0.1, 1.2, 2.9, 4.0)], axis=1)
    labels = [0, 1, 2, 3, 4]
    return {
        "f1": [float(x) for x in metrics.f1_score(truth, said, labels=labels, average=None, zero_division=0)],
        "macro": float(metrics.f1_score(truth, said, average="macro")),
        "micro": float(metrics.f1_score(truth, said, average="micro")),
        "top2": float(metrics.top_k_accuracy_score(truth, scores, k=2)),
        "confusion": metrics.confusion_matrix(truth, said, labels=labels).tolist(),
    }


def intervals():
    return {
        f"{hits}/{count}": [
            float(end)
            for end in stats.binomtest(hits, count).proportion_ci(method="wilson")
        ]
        for hits, count in ((0, 10), (3, 10), (41, 50), (50, 50), (700, 1000))
    }


def boxes():
    found = np.array([[0, 0, 10, 4], [3.5, 2, 7, 9], [20, 20, 5, 5]], dtype=np.float64)
    true = np.array([[5, 0, 10, 4], [3, 3, 8, 8], [0, 0, 2, 2]], dtype=np.float64)
    return coco.iou(found, true, [0, 0, 0]).tolist()


def masks():
    a = (wave(15 * 20, 0.4, 0.37) > 0.1).astype(np.uint8).reshape(15, 20)
    b = (wave(15 * 20, 1.0, 0.37) > -0.2).astype(np.uint8).reshape(15, 20)
    encode = lambda mask: coco.encode(np.asfortranarray(mask))
    return float(coco.iou([encode(a)], [encode(b)], [0])[0][0])


def art(side):
    """METHODS 2.5, localisation on CUB, with min-max per picture and sigma 3 px at a side of 224."""
    y, x = np.mgrid[0:side, 0:side]
    heat = np.exp(-((x - 0.3 * side) ** 2 + (y - 0.4 * side) ** 2) / (0.02 * side * side))
    heat += 0.8 * np.exp(-((x - 0.8 * side) ** 2 + (y - 0.8 * side) ** 2) / (0.004 * side * side))
    heat = heat + 0.15 * (wave(side * side, 0.5).reshape(side, side) + 1)
    heat = heat.astype(np.float32).astype(np.float64)
    values = (heat - heat.mean()) / heat.std()
    values = np.clip(values, np.percentile(values, 2), np.percentile(values, 98))
    values = (values - values.min()) / (values.max() - values.min())
    values = ndimage.uniform_filter(values, 3, mode="reflect")
    values = ndimage.gaussian_filter(values, 3 * side / 224, mode="reflect")
    values = (values - values.min()) / (values.max() - values.min())
    colours = matplotlib.colormaps["cubehelix"](values, bytes=True)[..., :3]
    gray = cv2.cvtColor(np.ascontiguousarray(colours), cv2.COLOR_RGB2GRAY)
    parts, count = ndimage.label(gray > 0.2 * gray.max(), structure=np.ones((3, 3)))
    sizes = ndimage.sum(np.ones_like(parts), parts, range(1, count + 1))
    rows, columns = ndimage.find_objects((parts == 1 + int(np.argmax(sizes))).astype(int))[0]
    return {
        "gray": gray[:: side // 16, :: side // 16].tolist(),
        "parts": int(count),
        "box": [columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start],
    }


def calibration():
    """Guo et al. 2017, eq. 3, by numpy alone: bins are (low, high]."""
    scores = 0.5 + 0.5 * wave(120, 0.9, 2.7) ** 2
    hits = (wave(120, 0.1, 1.9) < scores).astype(float)
    edges = np.linspace(0, 1, 16)
    total = 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (scores > low) & (scores <= high)
        if inside.any():
            total += inside.mean() * abs(scores[inside].mean() - hits[inside].mean())
    return float(total)


json.dump(
    {
        "origin": f"test/reference/measures.py with numpy {np.__version__}, scipy {scipy.__version__}, "
        f"scikit-learn {sklearn.__version__}, pycocotools {version('pycocotools')}, opencv {cv2.__version__}, "
        f"matplotlib {matplotlib.__version__}",
        "ranks": ranks(),
        "auroc": auroc(),
        "delong": delong(),
        "classification": classification(),
        "intervals": intervals(),
        "boxes": boxes(),
        "masks": masks(),
        "art": {str(side): art(side) for side in (64, 224)},
        "calibration": calibration(),
        "area": float(metrics.auc(np.linspace(0, 1, 12), wave(12, 0.4) ** 2)),
    },
    sys.stdout,
    indent=1,
)
print()
