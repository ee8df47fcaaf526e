# SPDX-License-Identifier: Apache-2.0
"""One peer, one thread: trains a network for as long as it is told, again and again, and says how many samples a second it made.

Reads a number of seconds a line, answers with samples a second: the best fifth of that time, as `tocsin speed` does. Shards are walked
in a fresh random order every epoch, as Tocsin does; the data are float32 tensors already, so a batch costs one gather. Forms: eager,
fused (the optimizer), channels_last (and fused), batched (softmax: ten clients at once through vmap), numpy (softmax, by hand).
"""
import argparse
import contextlib
import sys
import time

import fashion
import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--network", required=True)
parser.add_argument("--form", required=True)
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--optimizer", required=True)
parser.add_argument("--precision", required=True)
options = parser.parse_args()

SHARD = {"softmax": 600, "census_mlp": 3256}.get(options.network, 6000)
inputs, labels = fashion.census(SHARD) if options.network == "census_mlp" else fashion.load("train")
inputs, labels = np.ascontiguousarray(inputs[:SHARD]), labels[:SHARD]
RATE = 0.05


def numpy_steps():
    """Softmax regression and plain SGD in numpy."""
    features = inputs.reshape(SHARD, -1)
    weight, bias = np.zeros((features.shape[1], 10), np.float32), np.zeros(10, np.float32)
    rows = np.arange(options.batch)
    while True:
        order = np.random.permutation(SHARD)
        for begin in range(0, SHARD, options.batch):
            chosen = order[begin : begin + options.batch]
            x = features[chosen]
            logits = x @ weight + bias
            logits -= logits.max(1, keepdims=True)
            np.exp(logits, out=logits)
            logits /= logits.sum(1, keepdims=True)
            logits[rows[: len(chosen)], labels[chosen]] -= 1
            logits *= RATE / len(chosen)
            weight -= x.T @ logits
            bias -= logits.sum(0)
            yield len(chosen)


def torch_steps():
    """The loop of every PyTorch tutorial, one thread."""
    import torch
    from networks import build

    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = build(options.network).train()
    x_all, y_all = torch.from_numpy(inputs), torch.from_numpy(labels)
    channels_last = options.form == "channels_last"
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
        x_all = x_all.to(memory_format=torch.channels_last)
    fused = {"fused": True} if options.form in ("fused", "channels_last") else {}
    if options.optimizer == "adam":
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, **fused)
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9 if options.optimizer == "momentum" else 0.0, **fused)
    loss_of = torch.nn.CrossEntropyLoss()
    autocast = (lambda: torch.autocast("cpu", dtype=torch.bfloat16)) if options.precision == "bf16" else contextlib.nullcontext
    while True:
        for chosen in torch.randperm(SHARD).split(options.batch):
            x, y = x_all[chosen], y_all[chosen]
            optimizer.zero_grad(set_to_none=True)
            with autocast():
                loss = loss_of(model(x), y)
            loss.backward()
            optimizer.step()
            yield len(chosen)


def batched_steps(clients=10):
    """Softmax regression of ten clients at once: vmap over their parameters."""
    import torch
    from torch.func import grad, vmap

    torch.set_num_threads(1)
    x_all, y_all = torch.from_numpy(inputs).flatten(1), torch.from_numpy(labels)
    weight, bias = torch.zeros(clients, 10, 784), torch.zeros(clients, 10)

    def loss_of(w, b, x, y):
        return torch.nn.functional.cross_entropy(x @ w.T + b, y)

    gradient = vmap(grad(loss_of, argnums=(0, 1)))
    while True:
        order = torch.stack([torch.randperm(SHARD) for _ in range(clients)])
        for chosen in order.split(options.batch, dim=1):
            dw, db = gradient(weight, bias, x_all[chosen], y_all[chosen])
            weight.sub_(dw, alpha=RATE)
            bias.sub_(db, alpha=RATE)
            yield chosen.numel()


steps = {"numpy": numpy_steps, "batched": batched_steps}.get(options.form, torch_steps)()


def rate(seconds):
    """Samples a second over so many seconds."""
    samples, start = 0, time.perf_counter()
    while (taken := time.perf_counter() - start) < seconds:
        samples += next(steps)
    return samples / taken


for line in sys.stdin:
    print(max(rate(float(line) / 5) for _ in range(5)), flush=True)
