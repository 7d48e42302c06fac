"""Optima of logistic regression by scikit-learn, for test/fixtures/engine/logistic.json.

    python3 -m pip install scikit-learn==1.5.2
    python3 test/reference/logistic.py > test/fixtures/engine/logistic.json
"""

import json

import numpy as np
from sklearn.linear_model import LogisticRegression

N, C, K = 60, 8, 3


def wave(count, phase):
    return np.sin(1.7 * np.arange(count) + phase)


features = wave(N * C, 0.3).reshape(N, C) * np.arange(1, C + 1) + 0.5 * np.arange(C)
features = features.astype(np.float32).astype(np.float64)
classes = (np.abs(np.floor(7 * wave(N, 1.1))) % K).astype(int)
weights = 1 + np.arange(N) % 3

mean = np.average(features, axis=0, weights=weights)
deviation = np.sqrt(np.average((features - mean) ** 2, axis=0, weights=weights))
standard = (features - mean) / deviation

solved = []
for l2 in (1, 0.01, 0.0001):
    # scikit-learn sums the weighted losses; here they are averaged.
    model = LogisticRegression(C=1 / (l2 * weights.sum()), tol=1e-10, max_iter=10000)
    model.fit(standard, classes, sample_weight=weights)
    weight = model.coef_ / deviation
    bias = model.intercept_ - weight @ mean
    logits = features @ weight.T + bias
    solved.append({"l2": l2, "logits": (logits - logits.mean(axis=1, keepdims=True)).round(7).tolist()})

print(json.dumps({"classes": classes.tolist(), "weights": weights.tolist(), "solved": solved}))
