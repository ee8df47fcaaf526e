#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden values of the similarity of two maps, made with scipy and scikit-image.

  python3 -m venv venv && venv/bin/pip install numpy==2.4.6 scipy==1.17.1 scikit-image==0.26.0    (the tests need none of them)
  venv/bin/python make_similarity.py                             writes similarity.json beside this file

Maps are multiples of 1/64 with many zeros and ties, so ranks are exact. The headline is scikit-image's SSIM with
gaussian_weights=True, sigma=1.5, use_sample_covariance=False and data_range=255 on the drawn maps. It returns the mean over all
windows that lie fully inside. Places where a library's convention differs: scipy's cosine and correlation are distances; its
Wasserstein distance of a marginal takes the shares as weights of the places 0, 1, ...
"""
import importlib.metadata
import json
import pathlib

import numpy as np
from scipy import stats
from scipy.spatial import distance
from skimage.metrics import structural_similarity

SHAPES = [(11, 11), (12, 17), (14, 13), (20, 11)]  # height, width


def map_of(seed, height, width):
    """Multiples of 1/64 in [-1, 1], about a third of them 0, from a linear congruence."""
    state = seed
    cells = np.empty(height * width)
    for i in range(cells.size):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        value = (state >> 40) % 193 - 96
        cells[i] = 0 if abs(value) < 32 else (value - np.sign(value) * 32) / 64
    return cells.reshape(height, width)


def drawn(a):
    most = np.abs(a).max()
    return np.trunc(255 * (a + most) / (2 * most)).astype(np.uint8)


def shares(a):
    return np.abs(a) / np.abs(a).sum()


def top(a, k):
    return set(np.argsort(-np.abs(a), kind="stable")[:k])


def on(suffix, a, b):
    k = a.size // 10
    return {
        "pearson" + suffix: 1 - distance.correlation(a, b), "cosine" + suffix: 1 - distance.cosine(a, b),
        "spearman" + suffix: stats.spearmanr(a, b).statistic, "spearman_abs" + suffix: stats.spearmanr(abs(a), abs(b)).statistic,
        "kendall" + suffix: stats.kendalltau(a, b).statistic, "topk" + suffix: len(top(a, k) & top(b, k)) / k,
    }


def spatial(a, b):
    p, q = shares(a), shares(b)
    centers = [[(s.sum(axis) * np.arange(s.shape[1 - axis])).sum() for axis in (1, 0)] for s in (p, q)]
    marginals = [stats.wasserstein_distance(np.arange(a.shape[1 - axis]), np.arange(a.shape[1 - axis]), p.sum(axis), q.sum(axis))
                 for axis in (1, 0)]
    most = [np.abs(one).max() for one in (a, b)]
    joint = max(a.max(), b.max()) - min(a.min(), b.min())
    return {
        "ssim_drawn": structural_similarity(drawn(a), drawn(b), data_range=255, gaussian_weights=True, sigma=1.5,
                                            use_sample_covariance=False),
        "ssim_uniform": structural_similarity(a / most[0], b / most[1], data_range=2),
        "ssim_abs": structural_similarity(abs(a) / most[0], abs(b) / most[1], data_range=1),
        "ssim_raw": structural_similarity(a, b, data_range=joint),
        "mse": ((p - q) ** 2).mean(), "w1_space": sum(marginals), "center_shift": distance.euclidean(*centers),
        "w1_values": stats.wasserstein_distance((a / most[0]).ravel(), (b / most[1]).ravel()),
    }


def alone(a):
    p = np.sort(shares(a).ravel())
    counts = np.histogram(a, 100)[0]
    return {"entropy": stats.entropy(p), "entropy_100": stats.entropy(counts),
            "gini": abs(p[:, None] - p[None, :]).mean() / (2 * p.mean())}


def cases():
    for number, (height, width) in enumerate(SHAPES):
        a = map_of(2 * number + 1, height, width)
        b = a / 2 + map_of(2 * number + 2, height, width)
        flat = a.ravel(), b.ravel()
        either = (flat[0] != 0) | (flat[1] != 0)
        values = on("", *flat) | on("_support", flat[0][either], flat[1][either]) | spatial(a, b)
        yield {"height": height, "width": width, "a": (flat[0] * 64).astype(int).tolist(), "b": (flat[1] * 128).astype(int).tolist(),
               "similarities": {name: float(value) for name, value in values.items()},
               "of_a": {name: float(value) for name, value in alone(a).items()}}


if __name__ == "__main__":
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "scipy", "scikit-image")}
    head = json.dumps({"made_by": "tests/golden/make_similarity.py", "versions": versions, "a_unit": 1 / 64, "b_unit": 1 / 128})
    lines = ",\n".join("  " + json.dumps(one) for one in cases())
    pathlib.Path(__file__).with_name("similarity.json").write_text(head[:-1] + ', "cases": [\n' + lines + "\n]}\n")
