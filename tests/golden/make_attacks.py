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
    def __init__(self, rate, momentum=0, nesterov=False, decay=0):
        self.rate, self.momentum, self.nesterov, self.decay, self.buffer = rate, momentum, nesterov, decay, None

    def step(self, g, w):
        g = g + self.decay * w
        if self.momentum == 0:
            return -self.rate * g
        self.buffer = g if self.buffer is None else self.momentum * self.buffer + g
        return -self.rate * (g + self.momentum * self.buffer if self.nesterov else self.buffer)


class Adam:
    def __init__(self, rate, decay=0):
        self.rate, self.decay, self.t, self.m, self.v = rate, decay, 0, 0, 0

    def step(self, g, w):
        g = g + self.decay * w
        self.t += 1
        self.m = 0.9 * self.m + 0.1 * g
        self.v = 0.999 * self.v + 0.001 * g * g
        return -self.rate * (self.m / (1 - 0.9**self.t)) / (np.sqrt(self.v / (1 - 0.999**self.t)) + 1e-8)


RATES = {"sgd": 0.25, "adam": 0.05}
SETTING = {}  # what a case changes of the training and of the round


def optimizer(kind, own=None):
    """The benign optimizer of the round; an attacker's `own` = (kind, rate) has none of the benign one's options."""
    if own is not None:
        return Sgd(own[1]) if own[0] == "sgd" else Adam(own[1])
    rate, decay = RATES[kind], SETTING.get("weight_decay", 0)
    for first, later in SETTING.get("schedule", []):
        rate = later if ROUND >= first else rate
    return Sgd(rate, SETTING.get("momentum", 0), SETTING.get("nesterov", False), decay) if kind == "sgd" else Adam(rate, decay)


def share():
    """What one row counts in the aggregate: 1 where the rule applies rows whole, of all colluders together where they collude."""
    return 1 if SETTING.get("rows_applied_whole") else SETTING.get("coalition", WEIGHT) * SERVER_RATE


def batches(x, y, epochs, stream=CLIENT, size=BATCH):
    for epoch in range(epochs):
        order = permutation(stream.at("shuffle").at(epoch), len(y))
        for first in range(0, len(y), size):
            chosen = order[first:first + size]
            yield x[chosen], y[chosen]


def published_batches(x, y, epochs):
    for k in range(epochs * len(y) // BATCH):
        offset = k * BATCH % (len(y) - BATCH)
        yield x[offset:offset + BATCH], y[offset:offset + BATCH]


def published_cycles(x, y, epochs, stealth_steps):
    """The batches of each cycle of the published alternating minimisation: offsets add up, and the last cycle is a whole one."""
    step = 0
    while step < epochs * len(y) // BATCH:
        cycle, offset = [], step * BATCH % (len(y) - BATCH)
        for k in range(stealth_steps):
            offset = (offset + k * BATCH) % (len(y) - BATCH)
            cycle.append((x[offset:offset + BATCH], y[offset:offset + BATCH]))
        yield cycle
        step += stealth_steps


def own():
    return TRAIN_X[SHARD], TRAIN_Y[SHARD]


def local_training(w, x, y, kind, epochs=EPOCHS, sign=1, stream=CLIENT, size=BATCH):
    w, opt = w.copy(), optimizer(kind)
    for batch in batches(x, y, epochs, stream, size):
        w = w + sign * opt.step(loss_gradient(w, *batch)[1], w)
    return w


def clean(kind, stream=CLIENT):
    if SETTING.get("algorithm") == "fedsgd":
        return -RATES[kind] * loss_gradient(GLOBAL, *own())[1]
    return local_training(GLOBAL, *own(), kind, stream=stream) - GLOBAL


def boosted(change, scope, factor=None):
    return np.where(IS_WEIGHT | (scope == "all"), (factor or 1 / share()) * change, change)


def sent(learn, kind, estimate="none", scope="all", boost=False, factor=None, others_share=1.0, add_benign=False):
    """update = lambda (change [- delta^]) [+ own clean update]; learning begins at w, or at w + delta^."""
    start = GLOBAL + OTHERS if estimate == "pre" else GLOBAL
    change = learn(start)
    if estimate == "post":
        change = change - others_share * OTHERS
    if boost:
        change = boosted(change, scope, factor)
    return change + clean(kind) if add_benign else change


def target_batch(step, size):
    """All targets, or so many of them at a time, shuffled anew in every pass over them."""
    if size == len(TARGET_Y):
        return TARGET_X, TARGET_Y
    passed, first = divmod(step * size, len(TARGET_Y))
    order = permutation(ATTACK.at("shuffle").at(passed), len(TARGET_Y))[first:first + size]
    return TARGET_X[order], TARGET_Y[order]


def target_loss(w):
    return loss_gradient(w, TARGET_X, TARGET_Y)[0]


def explicit_boosting(kind, steps=5, batch=len(TARGETS), tolerance=0, form="text", own=None, **how):
    def learn(start):
        w, opt, step, loss = start.copy(), optimizer(kind, own), 0, np.inf
        while step < steps and target_loss(w) > tolerance if form == "text" else step < steps or loss > tolerance:
            w = w + opt.step(loss_gradient(w, *target_batch(step, batch))[1], w)
            if step % 100 == 0:
                loss = target_loss(w)
            step += 1
        return w - start
    return sent(learn, kind, boost=True, **how)


def implicit_boosting(kind, steps=5, tolerance=0, own=None, **how):
    alpha = share()

    def learn(start):
        delta, opt = np.zeros_like(start), optimizer(kind, own)
        for _ in range(steps):
            if target_loss(start + alpha * delta) <= tolerance:
                break
            delta = delta + opt.step(alpha * loss_gradient(start + alpha * delta, TARGET_X, TARGET_Y)[1], delta)
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


def joint(kind, anchor="previous_others", form="norm", scope="all", epochs=EPOCHS, walk=batches, factor=None, step=None, **how):
    def learn(start):
        w, benign, malicious = start.copy(), optimizer(kind), optimizer(kind, step)
        for x, y in walk(*own(), epochs):
            bad = malicious.step(loss_gradient(w, TARGET_X, TARGET_Y)[1], w)
            good = benign.step(loss_gradient(w, x, y)[1] + distance_gradient(w, anchor, form, scope, kind), w)
            w = w + good + boosted(bad, scope, factor)
        return w - start
    return sent(learn, kind, **how)


def shuffled_cycles(x, y, epochs, stealth_steps, size=BATCH):
    left = list(batches(x, y, epochs, size=size))
    while left:
        yield left[:stealth_steps]
        left = left[stealth_steps:]


def alternating_minimization(kind, anchor="previous_others", form="norm", scope="all", epochs=10, stealth_steps=10, first="malicious",
                             cycles=shuffled_cycles, factor=None, step=None, tolerance=0, **how):
    def learn(start):
        w, benign, malicious = start.copy(), optimizer(kind), optimizer(kind, step)

        def poison(w):
            loss, gradient = loss_gradient(w, TARGET_X, TARGET_Y)
            return w + boosted(malicious.step(gradient, w), scope, factor) if loss > tolerance else w

        for cycle in cycles(*own(), epochs, stealth_steps):
            if first == "malicious":
                w = poison(w)
            for x, y in cycle:
                w = w + benign.step(loss_gradient(w, x, y)[1] + distance_gradient(w, anchor, form, scope, kind), w)
            if first == "stealth":
                w = poison(w)
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


def untargeted(kind, epochs=EPOCHS, size=BATCH, **how):
    return sent(lambda start: local_training(start, *own(), kind, epochs, sign=-1, size=size) - start, kind, boost=True, **how)


CASES = []


def case(attack, options, update, kind="sgd"):
    one = {"attack": attack, "options": options, "optimizer": kind, "update": np.asarray(update).tolist()}
    CASES.append(one | ({"setting": dict(SETTING)} if SETTING else {}))


@contextlib.contextmanager
def setting(**changes):
    SETTING.update(changes)
    yield
    SETTING.clear()


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
    code = "form = 'code'\n"
    own_benign = f"distance = {{ anchor = 'own_benign', weight = {RHO} }}\n"
    case("alternating_minimization", code + own_benign + "stealth_steps = 3\nepochs = 4",
         alternating_minimization(kind, "own_benign", "half_squared", epochs=4, stealth_steps=3, first="stealth", cycles=published_cycles),
         kind)
    case("alternating_minimization", code + none + "epochs = 3\nscope = 'weights'\norder = 'malicious_first'\nestimate = 'post'",
         alternating_minimization(kind, "none", epochs=3, scope="weights", cycles=published_cycles, estimate="post"), kind)
    case("joint", code + own_benign, joint(kind, "own_benign", "half_squared", walk=published_batches), kind)
    case("joint", code + none + "scope = 'weights'\nepochs = 3\nboost = 2.5\nestimate = 'pre'",
         joint(kind, "none", scope="weights", epochs=3, factor=2.5, walk=published_batches, estimate="pre"), kind)
    case("explicit_boosting", code + "tolerance = 0.05", explicit_boosting(kind, tolerance=0.05, form="code"), kind)
    case("explicit_boosting", code + "tolerance = 0.05\nsteps = 150", explicit_boosting(kind, 150, tolerance=0.05, form="code"), kind)
    case("explicit_boosting", "tolerance = 0.4\nsteps = 60", explicit_boosting(kind, 60, tolerance=0.4), kind)
    case("explicit_boosting", "batch = 1\nsteps = 7\nboost = 3.5", explicit_boosting(kind, 7, batch=1, factor=3.5), kind)
    case("explicit_boosting", "optimizer = 'adam'\nlearning_rate = 0.02", explicit_boosting(kind, own=("adam", 0.02)), kind)
    for estimate in ("pre", "post"):
        case("explicit_boosting", f"estimate = '{estimate}'\nscope = 'weights'", explicit_boosting(kind, estimate=estimate, scope="weights"),
             kind)
    case("implicit_boosting", "tolerance = 1.1\nsteps = 60", implicit_boosting(kind, 60, tolerance=1.1), kind)
    case("alternating_minimization", none + "batch = 3\nepochs = 2\nstealth_steps = 3\noptimizer = 'sgd'\nlearning_rate = 0.5\ntolerance = 0.7",
         alternating_minimization(kind, "none", epochs=2, stealth_steps=3, step=("sgd", 0.5), tolerance=0.7,
                                  cycles=lambda x, y, e, s: shuffled_cycles(x, y, e, s, 3)), kind)
    case("untargeted", "batch = 3\nboost = 2", untargeted(kind, size=3, factor=2), kind)
    # Whatever the benign optimizer is told holds for both objectives, each with its own state.
    told = {"momentum": 0.5, "nesterov": True} if kind == "sgd" else {}
    with setting(weight_decay=0.125, schedule=[[4, 0.125 if kind == "sgd" else 0.0625]], **told):
        case("explicit_boosting", "", explicit_boosting(kind), kind)
        case("implicit_boosting", "", implicit_boosting(kind), kind)
        case("joint", own_benign, joint(kind, "own_benign"), kind)
        case("alternating_minimization", own_benign + "epochs = 3\nstealth_steps = 2",
             alternating_minimization(kind, "own_benign", epochs=3, stealth_steps=2), kind)
        case("alternating_minimization", none + "epochs = 3\nscope = 'weights'\nestimate = 'pre'",
             alternating_minimization(kind, "none", epochs=3, scope="weights", estimate="pre"), kind)
        case("untargeted", "", untargeted(kind), kind)
        case("data_poisoning", "copies = 2", data_poisoning(kind, 2), kind)
        case("none", "", clean(kind), kind)
    # Boost "auto" where the rule applies rows whole, and where malicious clients collude.
    for how in ({"rows_applied_whole": True}, {"coalition": 0.4}):
        with setting(**how):
            case("explicit_boosting", "estimate = 'pre'", explicit_boosting(kind, estimate="pre"), kind)
            case("implicit_boosting", "estimate = 'post'", implicit_boosting(kind, estimate="post"), kind)
            case("joint", own_benign + "scope = 'weights'", joint(kind, "own_benign", scope="weights"), kind)
            case("alternating_minimization", own_benign + "epochs = 3", alternating_minimization(kind, "own_benign", epochs=3), kind)
    with setting(algorithm="fedsgd"):
        case("explicit_boosting", "add_benign = true", explicit_boosting(kind, add_benign=True), kind)
        case("none", "", clean(kind), kind)
    case("sham", "", clean(kind, ATTACK.at("sham")), kind)
    case("sham", "schedule = { start = 2, period = 2 }", clean(kind), kind)  # rounds 2, 4, 6: not 5
    case("none", "", clean(kind), kind)
    case("joint", "schedule = { start = 6 }", clean(kind), kind)
    case("explicit_boosting", "schedule = { start = 3, period = 2, stop = 3 }", explicit_boosting(kind), kind)  # rounds 3 and 5
    case("explicit_boosting", "schedule = { start = 3, stop = 2 }", clean(kind), kind)                          # rounds 3 and 4
    case("explicit_boosting", "schedule = { hold_off = 1e-9 }", clean(kind), kind)

GOLDEN = {
    "made_by": f"make_attacks.py, numpy {np.__version__}", "features": FEATURES, "classes": CLASSES,
    "train": {"values": TRAIN_X.ravel().tolist(), "labels": TRAIN_Y.tolist()},
    "test": {"values": TEST_X.ravel().tolist(), "labels": TEST_Y.tolist()},
    "shard": SHARD, "targets": TARGETS, "global": GLOBAL.tolist(), "weight": WEIGHT, "server_rate": SERVER_RATE, "batch": BATCH,
    "epochs": EPOCHS, "round": ROUND, "previous": PREVIOUS, "others": OTHERS.tolist(), "rates": RATES, "cases": CASES,
}
pathlib.Path(__file__).with_name("attacks.json").write_text(json.dumps(GOLDEN) + "\n")
