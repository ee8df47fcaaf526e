#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden values of the attacks that train: each method of Bhagoji et al. (arXiv:1811.12470) line by line on softmax regression in double.

  python3 -m venv venv && venv/bin/pip install numpy && venv/bin/python make_attacks.py     writes attacks.json beside this file

Nothing is shared with Tocsin but the definition of its random streams (streams.py has them again), from which the order of the batches
comes. One client, one round; what it sends is compared.
"""
import contextlib
import io
import json
import pathlib

import numpy as np

with contextlib.redirect_stdout(io.StringIO()):
    from streams import Stream, permutation

FEATURES, CLASSES = 4, 3
CLIENT = Stream.root(3).at("client")
ATTACK = Stream.root(3).at("attack")
RHO = 1e-2


def numbers(seed, count):
    """Multiples of 1/64 in [-2, 2) from a linear congruence: exact in float too."""
    state, values = seed, []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        values.append((state >> 44) % 256 / 64 - 2)
    return values


TRAIN_X = np.array(numbers(1, 30 * FEATURES)).reshape(30, FEATURES)
TRAIN_Y = np.array([(3 * i + i // 7) % CLASSES for i in range(30)])
TRAIN_X[np.arange(30), TRAIN_Y] += 1.5
TEST_X = np.array(numbers(2, 6 * FEATURES)).reshape(6, FEATURES)
TEST_Y = np.array([0, 1, 2, 0, 1, 2])
SHARD = [4, 9, 2, 17, 25, 11, 6, 29, 0, 13, 20]
TARGETS = [(3, 0, 1), (5, 2, 0)]  # test sample, its label, the label wanted
GLOBAL = np.array(numbers(3, CLASSES * FEATURES + CLASSES)) / 4
WEIGHT, SERVER_RATE, BATCH, EPOCHS, ROUND = 0.2, 0.5, 4, 2, 5
LAMBDA = 1 / (WEIGHT * SERVER_RATE)
PREVIOUS = {"round": 2, "share": WEIGHT * SERVER_RATE, "global": (GLOBAL - np.array(numbers(4, len(GLOBAL))) / 8).tolist(),
            "sent": (np.array(numbers(5, len(GLOBAL))) / 4).tolist()}
# What the others moved the model by, a round: the change since then, less what this client contributed itself.
OTHERS = (GLOBAL - np.array(PREVIOUS["global"]) - PREVIOUS["share"] * np.array(PREVIOUS["sent"])) / (ROUND - PREVIOUS["round"])
TARGET_X = TEST_X[[t[0] for t in TARGETS]]
TARGET_Y = np.array([t[2] for t in TARGETS])
IS_WEIGHT = np.arange(len(GLOBAL)) < CLASSES * FEATURES


def loss_gradient(w, x, y):
    scores = x @ w[IS_WEIGHT].reshape(CLASSES, FEATURES).T + w[~IS_WEIGHT]
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    loss = -np.log(p[np.arange(len(y)), y]).mean()
    p[np.arange(len(y)), y] -= 1
    p /= len(y)
    return loss, np.concatenate([(p.T @ x).ravel(), p.sum(0)])


class Sgd:
    def __init__(self, rate):
        self.rate = rate

    def step(self, g):
        return -self.rate * g


class Adam:
    def __init__(self, rate):
        self.rate, self.t, self.m, self.v = rate, 0, 0, 0

    def step(self, g):
        self.t += 1
        self.m = 0.9 * self.m + 0.1 * g
        self.v = 0.999 * self.v + 0.001 * g * g
        return -self.rate * (self.m / (1 - 0.9**self.t)) / (np.sqrt(self.v / (1 - 0.999**self.t)) + 1e-8)


def optimizer(kind):
    return Sgd(0.25) if kind == "sgd" else Adam(0.05)


def batches(x, y, epochs, stream=CLIENT, size=BATCH):
    for epoch in range(epochs):
        order = permutation(stream.at("shuffle").at(epoch), len(y))
        for first in range(0, len(y), size):
            chosen = order[first:first + size]
            yield x[chosen], y[chosen]


def published_batches(x, y, epochs):
    for k in range(epochs * (len(y) // BATCH)):
        offset = k * BATCH % (len(y) - BATCH)
        yield x[offset:offset + BATCH], y[offset:offset + BATCH]


def own():
    return TRAIN_X[SHARD], TRAIN_Y[SHARD]


def local_training(w, x, y, kind, epochs=EPOCHS, sign=1, stream=CLIENT):
    w, opt = w.copy(), optimizer(kind)
    for batch in batches(x, y, epochs, stream):
        w = w + sign * opt.step(loss_gradient(w, *batch)[1])
    return w


def clean(kind, stream=CLIENT):
    return local_training(GLOBAL, *own(), kind, stream=stream) - GLOBAL


def boosted(change, scope):
    return np.where(IS_WEIGHT | (scope == "all"), LAMBDA * change, change)


def sent(learn, kind, estimate="none", scope="all", boost=False, others_share=1.0, add_benign=False):
    """update = lambda (change [- delta^]) [+ own clean update]; learning begins at w, or at w + delta^."""
    start = GLOBAL + OTHERS if estimate == "pre" else GLOBAL
    change = learn(start)
    if estimate == "post":
        change = change - others_share * OTHERS
    if boost:
        change = boosted(change, scope)
    return change + clean(kind) if add_benign else change


def explicit_boosting(kind, steps=5, **how):
    def learn(start):
        w, opt = start.copy(), optimizer(kind)
        for _ in range(steps):
            w = w + opt.step(loss_gradient(w, TARGET_X, TARGET_Y)[1])
        return w - start
    return sent(learn, kind, boost=True, **how)


def implicit_boosting(kind, steps=5, **how):
    alpha = WEIGHT * SERVER_RATE

    def learn(start):
        delta, opt = np.zeros_like(start), optimizer(kind)
        for _ in range(steps):
            delta = delta + opt.step(alpha * loss_gradient(start + alpha * delta, TARGET_X, TARGET_Y)[1])
        return delta
    return sent(learn, kind, others_share=1 / alpha, **how)


def distance_gradient(w, anchor, form, scope, kind):
    if anchor == "none":
        return 0
    c = GLOBAL + (clean(kind) if anchor == "own_benign" else OTHERS)
    difference = np.where(IS_WEIGHT | (scope == "all"), w - c, 0)
    if form == "half_squared":
        return RHO * difference
    length = np.sqrt((difference**2).sum())
    return RHO * difference / length if length > 0 else 0


def joint(kind, anchor="previous_others", form="norm", scope="all", epochs=5, **how):
    def learn(start):
        w, benign, malicious = start.copy(), optimizer(kind), optimizer(kind)
        for x, y in batches(*own(), epochs):
            bad = malicious.step(loss_gradient(w, TARGET_X, TARGET_Y)[1])
            good = benign.step(loss_gradient(w, x, y)[1] + distance_gradient(w, anchor, form, scope, kind))
            w = w + good + boosted(bad, scope)
        return w - start
    return sent(learn, kind, **how)


def alternating_minimization(kind, anchor="previous_others", form="norm", scope="all", epochs=10, stealth_steps=10, first="malicious",
                             walk=batches, **how):
    def learn(start):
        w, benign, malicious = start.copy(), optimizer(kind), optimizer(kind)
        left = list(walk(*own(), epochs))
        while left:
            if first == "malicious":
                w = w + boosted(malicious.step(loss_gradient(w, TARGET_X, TARGET_Y)[1]), scope)
            for x, y in left[:stealth_steps]:
                w = w + benign.step(loss_gradient(w, x, y)[1] + distance_gradient(w, anchor, form, scope, kind))
            left = left[stealth_steps:]
            if first == "stealth":
                w = w + boosted(malicious.step(loss_gradient(w, TARGET_X, TARGET_Y)[1]), scope)
        return w - start
    return sent(learn, kind, **how)


def data_poisoning(kind, copies):
    x, y = own()
    x = np.concatenate([x] + [TARGET_X] * copies)
    y = np.concatenate([y] + [TARGET_Y] * copies)
    return local_training(GLOBAL, x, y, kind) - GLOBAL


def label_flip(kind, flip):
    x, y = own()
    return local_training(GLOBAL, x, np.array([flip(label) for label in y]), kind) - GLOBAL


def untargeted(kind, epochs=1, **how):
    return sent(lambda start: local_training(start, *own(), kind, epochs, sign=-1) - start, kind, boost=True, **how)


CASES = []


def case(attack, options, update, kind="sgd"):
    CASES.append({"attack": attack, "options": options, "optimizer": kind, "update": np.asarray(update).tolist()})


for kind in ("sgd", "adam"):
    case("explicit_boosting", "", explicit_boosting(kind), kind)
    case("explicit_boosting", "scope = 'weights'\nsteps = 8", explicit_boosting(kind, 8, scope="weights"), kind)
    case("explicit_boosting", "estimate = 'pre'", explicit_boosting(kind, estimate="pre"), kind)
    case("explicit_boosting", "estimate = 'post'", explicit_boosting(kind, estimate="post"), kind)
    case("explicit_boosting", "add_benign = true\nestimate = 'pre'", explicit_boosting(kind, estimate="pre", add_benign=True), kind)
    case("implicit_boosting", "", implicit_boosting(kind), kind)
    case("implicit_boosting", "steps = 1", implicit_boosting(kind, 1), kind)
    case("implicit_boosting", "estimate = 'pre'", implicit_boosting(kind, estimate="pre"), kind)
    case("implicit_boosting", "estimate = 'post'", implicit_boosting(kind, estimate="post"), kind)
    case("data_poisoning", "copies = 3", data_poisoning(kind, 3), kind)
    case("label_flip", "", label_flip(kind, lambda y: CLASSES - 1 - y), kind)
    case("label_flip", "mode = 'pair'\nfrom = 2\nto = 0", label_flip(kind, lambda y: 0 if y == 2 else y), kind)
    case("label_flip", "mode = 'swap'\nfrom = 1\nto = 2", label_flip(kind, lambda y: {1: 2, 2: 1}.get(y, y)), kind)
    case("label_flip", "mode = 'all_to_one'\nto = 2", label_flip(kind, lambda y: 2), kind)
    case("label_flip", "mode = 'shift'\nby = 2", label_flip(kind, lambda y: (y + 2) % CLASSES), kind)
    case("untargeted", "", untargeted(kind), kind)
    case("untargeted", "epochs = 2\nscope = 'weights'", untargeted(kind, 2, scope="weights"), kind)
    for anchor in ("none", "own_benign", "previous_others"):
        for form in ("norm", "half_squared") if anchor != "none" else ("norm",):
            what = f"anchor = '{anchor}'" + (f", weight = {RHO}, form = '{form}'" if anchor != "none" else "")
            for method in (joint, alternating_minimization):
                case(method.__name__, f"distance = {{ {what} }}", method(kind, anchor, form), kind)
                case(method.__name__, f"distance = {{ {what} }}\nscope = 'weights'\nepochs = 2",
                     method(kind, anchor, form, "weights", epochs=2), kind)
                for estimate in ("pre", "post"):
                    case(method.__name__, f"distance = {{ {what} }}\nepochs = 1\nestimate = '{estimate}'\nadd_benign = true",
                         method(kind, anchor, form, epochs=1, estimate=estimate, add_benign=True), kind)
    none = "distance = { anchor = 'none' }\n"
    case("alternating_minimization", none + "stealth_steps = 4\nepochs = 3\norder = 'stealth_first'",
         alternating_minimization(kind, "none", epochs=3, stealth_steps=4, first="stealth"), kind)
    case("alternating_minimization", f"form = 'code'\nstealth_steps = 3\nepochs = 4\ndistance = {{ anchor = 'own_benign', weight = {RHO} }}",
         alternating_minimization(kind, "own_benign", "half_squared", epochs=4, stealth_steps=3, first="stealth", walk=published_batches),
         kind)
    case("sham", "", clean(kind, ATTACK.at("sham")), kind)
    case("none", "", clean(kind), kind)
    case("joint", "schedule = { start = 6 }", clean(kind), kind)
    case("explicit_boosting", "schedule = { hold_off = 1e-9 }", clean(kind), kind)

GOLDEN = {
    "made_by": f"make_attacks.py, numpy {np.__version__}", "features": FEATURES, "classes": CLASSES,
    "train": {"values": TRAIN_X.ravel().tolist(), "labels": TRAIN_Y.tolist()},
    "test": {"values": TEST_X.ravel().tolist(), "labels": TEST_Y.tolist()},
    "shard": SHARD, "targets": TARGETS, "global": GLOBAL.tolist(), "weight": WEIGHT, "server_rate": SERVER_RATE, "batch": BATCH,
    "epochs": EPOCHS, "round": ROUND, "previous": PREVIOUS, "others": OTHERS.tolist(), "rates": {"sgd": 0.25, "adam": 0.05}, "cases": CASES,
}
pathlib.Path(__file__).with_name("attacks.json").write_text(json.dumps(GOLDEN) + "\n")
