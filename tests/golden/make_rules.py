#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden values of the aggregation rules, made with byzfl (and numpy and torch where byzfl has no such rule).

  python3 -m venv venv && venv/bin/pip install byzfl==0.0.11    (it brings numpy, scipy and torch; the tests need none of them)
  venv/bin/python make_rules.py                                 writes <rule>.json beside this file

Inputs are multiples of 1/64, so float and double hold them exactly; on each of them no two distances and no two values of a column
are equal, and mean, median, trimmed mean, Krum and geometric median all differ: a test that confuses two rules fails.
A new rule adds a function to RULES.
"""
import importlib.metadata
import itertools
import json
import pathlib

import byzfl
import numpy as np
import torch

SHAPES = [(5, 3, 1), (7, 4, 1), (8, 5, 2), (9, 4, 3), (10, 6, 2), (11, 5, 3), (12, 3, 3)]  # n, d, f


def rows_of(seed, n, d, f):
    """Benign rows around (1, -1, 1, ...), f malicious ones further away; multiples of 1/64 from a linear congruence."""
    state = seed
    rows = np.empty((n, d))
    for i, j in itertools.product(range(n), range(d)):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        rows[i, j] = (state >> 44) % 257 / 64 - 2 + (-1) ** j + (5 + j if i >= n - f else 0)
    return rows


def is_fit(rows, f):
    n = len(rows)
    distances = [float(((rows[i] - rows[j]) ** 2).sum()) for i in range(n) for j in range(i)]
    answers = [byzfl.Average()(rows.copy()), byzfl.Median()(rows.copy()), byzfl.TrMean(f)(rows.copy()), byzfl.Krum(f)(rows.copy()),
               byzfl.GeometricMedian(nu=0.1, T=50)(rows.copy())]
    return (len(set(distances)) == len(distances) and all(len(set(column)) == n for column in rows.T)
            and all(not np.allclose(a, b, atol=1e-3) for a, b in itertools.combinations(answers, 2)))


def inputs():
    for n, d, f in SHAPES:
        seed = next(seed for seed in itertools.count(1) if is_fit(rows_of(seed, n, d, f), f))
        yield rows_of(seed, n, d, f), f


def case(call, rows, result, f=0, options="", samples=None):
    found = {"call": call, "options": options, "f": f, "rows": rows.tolist(), "result": np.asarray(result, dtype=np.float64).tolist()}
    return found if samples is None else found | {"samples": samples}


def mean():
    for rows, f in inputs():
        yield case("byzfl.Average()", rows, byzfl.Average()(rows.copy()), f)


def weighted_mean():
    for rows, f in inputs():
        samples = [100 + 37 * i * i % 211 for i in range(len(rows))]
        yield case("numpy.average(rows, 0, samples)", rows, np.average(rows, 0, samples), f, samples=samples)


def median():
    for rows, f in inputs():
        yield case("byzfl.Median()", rows, byzfl.Median()(rows.copy()), f)
        yield case("torch.median(rows, 0)", rows, torch.median(torch.tensor(rows), 0).values.numpy(), f, "even = 'lower'")
        yield case("-torch.median(-rows, 0)", rows, -torch.median(torch.tensor(-rows), 0).values.numpy(), f, "even = 'upper'")


def krum():
    for rows, f in inputs():
        yield case(f"byzfl.Krum(f={f})", rows, byzfl.Krum(f)(rows.copy()), f, "compat = 'byzfl'")


def multi_krum():
    for rows, f in inputs():
        yield case(f"byzfl.MultiKrum(f={f})", rows, byzfl.MultiKrum(f)(rows.copy()), f, "compat = 'byzfl'")


RULES = [mean, weighted_mean, median, krum, multi_krum]

if __name__ == "__main__":
    versions = {name: importlib.metadata.version(name) for name in ("byzfl", "numpy", "torch")}
    for rule in RULES:
        golden = {"made_by": "tests/golden/make_rules.py", "versions": versions, "cases": list(rule())}
        path = pathlib.Path(__file__).with_name(f"{rule.__name__}.json")
        cases = ",\n".join("  " + json.dumps(one) for one in golden.pop("cases"))
        path.write_text(json.dumps(golden)[:-1] + ', "cases": [\n' + cases + "\n]}\n")
