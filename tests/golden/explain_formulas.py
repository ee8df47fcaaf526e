# SPDX-License-Identifier: Apache-2.0
"""The formulas of the explanation methods in plain numpy: every affine layer is a matrix of doubles, one image at a time.

`formula` is what make_explain.py holds against Captum and Zennit. Slow and plain on purpose: nothing here is shared with a library
or with Tocsin. Names: a input of a layer, z its output, r relevance or gradient; m, b matrix and bias; S(z) the stabilised
denominator.
"""
import numpy as np


def unrolled(filters, shape, stride, padding):
    """The matrix [K H' W', C H W] of a convolution with filters [K, C, k, k] of zero-padded images; padding has no column."""
    (count, channels, k, _), (_, height, width) = filters.shape, shape
    rows, columns = (height + 2 * padding - k) // stride + 1, (width + 2 * padding - k) // stride + 1
    matrix = np.zeros((count, rows, columns, channels, height, width))
    for i in range(rows):
        for j in range(columns):
            for u in range(k):
                for v in range(k):
                    y, x = i * stride + u - padding, j * stride + v - padding
                    if 0 <= y < height and 0 <= x < width:
                        matrix[:, i, j, :, y, x] = filters[:, :, u, v]
    return matrix.reshape(count * rows * columns, -1), [count, rows, columns]


def network(case):
    """Steps of a case, batch-norm folded: dicts of kind relu, max_pool, avg_pool (windows: rows of 0 and 1) or affine (of: conv2d,
    dense, batch_norm; m, b; cells: 1 where an output has an input)."""
    steps, shape, waiting = [], list(case["input_shape"]), None
    for index, layer in enumerate(case["layers"]):
        tensor = {key.split(".")[1]: np.array(value) for key, value in case["tensors"].items() if key.split(".")[0] == str(index)}
        kind, features = layer["kind"], int(np.prod(shape))
        if kind in ("conv2d", "dense"):
            if kind == "conv2d":
                filters = tensor["weight"].reshape(layer["filters"], shape[0], layer["kernel"], layer["kernel"])
                cells, _ = unrolled(np.ones_like(filters), shape, layer["stride"], layer["padding"])
                m, shape = unrolled(filters, shape, layer["stride"], layer["padding"])
                b = np.repeat(tensor.get("bias", np.zeros(shape[0])), shape[1] * shape[2])
            else:
                m, shape = tensor["weight"].reshape(layer["units"], features), [layer["units"]]
                cells, b = np.ones_like(m), tensor.get("bias", np.zeros(layer["units"]))
            if waiting is not None:
                scale, shift = waiting
                if kind == "conv2d" and layer["padding"]:
                    steps.append(dict(kind="affine", of="batch_norm", m=np.diag(scale), b=shift, cells=np.eye(len(scale))))
                else:
                    m, b = m * scale, b + m @ shift
                waiting = None
            steps.append(dict(kind="affine", of=kind, m=m, b=b, cells=cells))
        elif kind == "batch_norm":
            each = int(np.prod(shape[1:]))
            scale = tensor["weight"] / np.sqrt(tensor["running_var"] + layer["epsilon"])
            scale, shift = np.repeat(scale, each), np.repeat(tensor["bias"] - tensor["running_mean"] * scale, each)
            if steps and steps[-1]["kind"] == "affine":
                last = steps[-1]
                last["m"], last["b"] = scale[:, None] * last["m"], scale * last["b"] + shift
            else:
                waiting = scale, shift
        elif kind in ("max_pool", "avg_pool"):
            each_channel = np.eye(shape[0])[:, :, None, None] * np.ones((layer["kernel"],) * 2)
            windows, shape = unrolled(each_channel, shape, layer["stride"], 0)
            steps.append(dict(kind=kind, windows=windows))
        elif kind == "relu":
            steps.append(dict(kind="relu"))
        elif kind == "flatten":
            shape = [features]
    return steps


def forward(steps, x):
    """Inputs of all steps and, last, the logits."""
    values = [x]
    for step in steps:
        a = values[-1]
        if step["kind"] == "affine":
            a = step["m"] @ a + step["b"]
        elif step["kind"] == "relu":
            a = np.maximum(a, 0)
        elif step["kind"] == "max_pool":
            a = np.array([a[row > 0].max() for row in step["windows"]])
        else:
            a = step["windows"] @ a / step["windows"].sum(1)
        values.append(a)
    return values


def to_winner(step, a, r):
    result = np.zeros_like(a)
    for row, relevance in zip(step["windows"], r):
        cells = np.flatnonzero(row)
        result[cells[np.argmax(a[cells])]] += relevance  # argmax: the first of equal ones
    return result


def walk(steps, values, r, gate, down_to=0):
    """Backwards with `gate(z, r)` at a ReLU."""
    for step, a in reversed(list(zip(steps, values))[down_to:]):
        if step["kind"] == "affine":
            r = step["m"].T @ r
        elif step["kind"] == "relu":
            r = gate(a, r)
        elif step["kind"] == "max_pool":
            r = to_winner(step, a, r)
        else:
            r = step["windows"].T @ (r / step["windows"].sum(1))
    return r


GATES = {"gradient": lambda z, r: r * (z > 0), "deconvnet": lambda z, r: np.maximum(r, 0),
         "guided_backprop": lambda z, r: np.maximum(r, 0) * (z > 0)}


def over(r, z, epsilon=0.0):
    """R / S(z)."""
    z = z + epsilon * np.where(z < 0, -1.0, 1.0)
    return r / np.where(z == 0, 1.0, z)


def branch(r, terms, epsilon=0.0):
    """Terms (x, w, b): sum of x * w^T (R / S(z)) where z = sum of w x + b."""
    share = over(r, sum(w @ x + b for x, w, b in terms), epsilon)
    return sum(x * (w.T @ share) for x, w, _ in terms)


def plus(v):
    return np.maximum(v, 0)


def minus(v):
    return np.minimum(v, 0)


def rule_epsilon(step, a, r, epsilon=0.0):
    return branch(r, [(a, step["m"], step["b"])], epsilon)


def rule_gamma(step, a, r, gamma, bias):
    b = {"scaled": step["b"] + gamma * plus(step["b"]), "plain": step["b"], "none": 0 * step["b"]}[bias]
    return branch(r, [(a, step["m"] + gamma * plus(step["m"]), b)])


def rule_alpha_beta(step, a, r, alpha, beta, bias):
    m, b = step["m"], step["b"] * (bias == "with")
    result = alpha * branch(r, [(plus(a), plus(m), plus(b)), (minus(a), minus(m), 0 * b)])
    return result - beta * branch(r, [(plus(a), minus(m), minus(b)), (minus(a), plus(m), 0 * b)]) if beta else result


def rule_zb(step, a, r, low, high):
    m = step["m"]
    share = over(r, m @ a - plus(m) @ (low * np.ones_like(a)) - minus(m) @ (high * np.ones_like(a)))
    return a * (m.T @ share) - low * (plus(m).T @ share) - high * (minus(m).T @ share)


def rule_w_squared(step, a, r, bias="none"):
    w = step["m"] ** 2
    return w.T @ over(r, w.sum(1) + (step["b"] ** 2 if bias == "with" else 0))


def rule_flat(step, a, r):
    return step["cells"].T @ over(r, step["cells"].sum(1))


def rules(method, options):
    """(rule for convolutions and batch-norm of its own, for dense layers, for the first affine layer or None)."""
    epsilon = lambda e: lambda *on: rule_epsilon(*on, epsilon=e)
    alpha_beta = lambda alpha, beta, bias: lambda *on: rule_alpha_beta(*on, alpha, beta, bias)
    box = lambda low, high: lambda *on: rule_zb(*on, low, high)
    same = lambda rule: (rule, rule)
    pair = {
        "lrp_z": lambda: same(epsilon(0.0)),
        "lrp_epsilon": lambda: same(epsilon(options["epsilon"])),
        "lrp_gamma": lambda: same(lambda *on: rule_gamma(*on, options["gamma"], options["bias"])),
        "lrp_alpha_beta": lambda: same(alpha_beta(options["alpha"], options["beta"], options["bias"])),
        "z_plus": lambda: same(alpha_beta(1, 0, options["bias"])),
        "deep_taylor": lambda: same(alpha_beta(1, 0, "none")),
        "epsilon_plus": lambda: (alpha_beta(1, 0, "with"), epsilon(1e-6)),
        "epsilon_plus_flat": lambda: (alpha_beta(1, 0, "with"), epsilon(1e-6)),
        "epsilon_gamma_box": lambda: (lambda *on: rule_gamma(*on, 0.25, "scaled"), epsilon(1e-6)),
        "epsilon_alpha2_beta1": lambda: (alpha_beta(2, 1, "with"), epsilon(1e-6)),
        "epsilon_alpha2_beta1_flat": lambda: (alpha_beta(2, 1, "with"), epsilon(1e-6)),
        "preset_a": lambda: (alpha_beta(1, 0, "with"), epsilon(0.1)),
        "preset_b": lambda: (alpha_beta(2, 1, "with"), epsilon(0.1)),
    }[method]()
    first = options.get("first")
    if method.endswith("_flat"):
        first = "flat"
    if method == "deep_taylor":
        first = "zb" if options["bounded"] else "w_squared"
    if method == "epsilon_gamma_box":
        first = "zb"
    return *pair, {None: None, "flat": rule_flat, "zb": box(options.get("low", 0.0), options.get("high", 1.0)),
                   "w_squared": lambda *on: rule_w_squared(*on, options.get("first_bias", "none"))}[first]


def relevance(steps, values, r, method, options):
    of_conv, of_dense, of_first = rules(method, options)
    affine = [k for k, step in enumerate(steps) if step["kind"] == "affine"]
    for k in reversed(range(len(steps))):
        step, a = steps[k], values[k]
        if step["kind"] == "affine":
            rule = of_first if k == affine[0] and of_first else of_dense if step["of"] == "dense" else of_conv
            r = rule(step, a, r)
        elif step["kind"] == "max_pool":
            r = to_winner(step, a, r)
        elif step["kind"] == "avg_pool":
            r = branch(r, [(a, step["windows"], 0.0)])
    return r


def path_points(rule, n):
    """[(t, weight)]"""
    if rule == "gauss_legendre":
        return [(0.5 * (1 + t), 0.5 * w) for t, w in zip(*np.polynomial.legendre.leggauss(n))]
    return [((k + {"left": 0, "midpoint": 0.5, "right": 1}[rule]) / n, 1 / n) for k in range(n)]


def bilinear(small, height, width):
    """Half-pixel centres, edges clamped."""
    def weights(to, of):
        at = np.clip((np.arange(to) + 0.5) * of / to - 0.5, 0, of - 1)
        return np.maximum(0, 1 - abs(at[:, None] - np.arange(of)))
    return weights(height, small.shape[0]) @ small @ weights(width, small.shape[1]).T


def cam(case, steps, values, seed, options):
    last = max(k for k, step in enumerate(steps) if step["kind"] == "affine" and step["of"] == "conv2d")
    at = next(k for k in range(last, len(steps)) if steps[k]["kind"] == "relu") + 1
    a, g = values[at], walk(steps, values, seed, GATES["gradient"], at)
    filters = [layer["filters"] for layer in case["layers"] if layer["kind"] == "conv2d"][-1]
    height, width = last_size(case)
    a, g = a.reshape(filters, height, width), g.reshape(filters, height, width)
    small = (g.mean((1, 2))[:, None, None] * a).sum(0)
    small = plus(small) if options["relu"] else small
    return (bilinear(small, *case["input_shape"][1:]) if options["upsample"] == "bilinear" else small).ravel()


def last_size(case):
    """Height and width of the last convolution's output."""
    size, result = case["input_shape"][1:], None
    for layer in case["layers"]:
        if "kernel" in layer:
            size = [(s + 2 * layer.get("padding", 0) - layer["kernel"]) // layer["stride"] + 1 for s in size]
            result = size if layer["kind"] == "conv2d" else result
    return result


def occluded(case, steps, x, neuron, window, stride, baseline):
    shape = case["input_shape"]
    total, count, clean = np.zeros(shape), np.zeros(shape), forward(steps, x)[-1][neuron]
    starts = [range(0, max(side - window, 0) + stride, stride) for side in shape[1:]]
    for i in starts[0]:
        for j in starts[1]:
            image = x.reshape(shape).copy()
            image[:, i : i + window, j : j + window] = baseline
            total[:, i : i + window, j : j + window] += clean - forward(steps, image.ravel())[-1][neuron]
            count[:, i : i + window, j : j + window] += 1
    return (total / count).ravel()


def formula(case, steps, x, neuron, method, options):
    """The map of one image, flat."""
    values = forward(steps, x)
    seed = np.eye(len(values[-1]))[neuron]
    if method in GATES:
        return walk(steps, values, seed, GATES[method])
    if method == "input_x_gradient":
        return x * walk(steps, values, seed, GATES["gradient"])
    if method == "integrated_gradients":
        points = path_points(options["rule"], options["points"])
        return x * sum(w * walk(steps, forward(steps, t * x), seed, GATES["gradient"]) for t, w in points)
    if method == "grad_cam":
        return cam(case, steps, values, seed, options)
    if method == "occlusion":
        return occluded(case, steps, x, neuron, **options)
    start = values[-1][neuron]
    return relevance(steps, values, seed * (max(start, 0) if method == "deep_taylor" else start), method, options)


def closest(steps, x):
    """The smallest |z| before a ReLU and the smallest lead in a pool that are not 0 for want of input."""
    values, result = forward(steps, x), np.inf
    for k, step in enumerate(steps):
        a = values[k]
        if step["kind"] == "relu":
            result = min(result, abs(a[a != 0]).min(initial=np.inf))
        if step["kind"] == "max_pool":
            first = k == 1 and abs(steps[0]["m"]) @ abs(values[0])  # 0: nothing but the bias
            for row in step["windows"]:
                cells = np.flatnonzero(row)
                best = np.argmax(a[cells])
                rest = [j for j in cells if j != cells[best] and not (k == 1 and first[j] == 0 and first[cells[best]] == 0)]
                if a[cells[best]] != 0 and rest:
                    result = min(result, a[cells[best]] - max(a[j] for j in rest))
    return result
