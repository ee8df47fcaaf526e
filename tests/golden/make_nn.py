#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden values of the nn tests, made with PyTorch in float64 from numbers that tests/nn/golden.h makes again by the same formula.

  make_nn.py              writes nn_*.json and nn_*.safetensors beside this file
  make_nn.py verify FILE  opens a file that Tocsin wrote with PyTorch's reader and compares names, shapes, values and metadata
                          (FILE: written_by_tocsin.safetensors in the build folder, left by the test
                          SafetensorsFile.IsTheOneThatPyTorchOpened, which pins the SHA-256 printed here)

Made with torch 2.15.0, safetensors 0.8.0, numpy 2.4.6. Dropout is off: its masks are Tocsin's own and tested without PyTorch.
"""
import hashlib
import json
import pathlib
import sys

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

FOLDER = pathlib.Path(__file__).resolve().parent
INPUT_SEED, LABEL_SEED, PROJECTION_SEED, PLACE_SEED, LOGIT_SEED = 1001, 1002, 2001, 3001, 4001
STEPS, SGD_RATE, ADAM_RATE = 20, 0.05, 1e-3


# --- the formula (golden.h: mix, unit, parameters, dataset) --------------------------------------------------------------------
def mix(seed, count):
    """64 random bits for each index 0 .. count - 1."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.arange(count, dtype=np.uint64) * np.uint64(0xD1B54A32D192ED03)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def unit(seed, count):
    """Multiples of 2^-24 in [0, 1): floats hold them exactly."""
    return (mix(seed, count) >> np.uint64(40)).astype(np.float64) / 2.0**24


def signs(seed, count):
    return np.where(mix(seed, count) >> np.uint64(63) == 0, 1.0, -1.0)


def half_width(shape):
    """Weights: the largest power of two b with b^2 <= 6 / fan_in. Biases: 1/16."""
    if len(shape) == 1:
        return 1.0 / 16.0
    fan_in, width = int(np.prod(shape[1:])), 1.0
    while width * width * fan_in > 6:
        width /= 2.0
    return width


def fill(model):
    for seed, parameter in enumerate(model.parameters(), start=1):
        values = (2.0 * unit(seed, parameter.numel()) - 1.0) * half_width(parameter.shape)
        parameter.data = torch.from_numpy(values).reshape(parameter.shape).to(parameter.dtype)
    return model


# --- the networks --------------------------------------------------------------------------------------------------------------
def networks():
    nn = torch.nn
    return {
        "paper_cnn": dict(shape=(1, 28, 28), outputs=10, batch=4, samples=12, layers=lambda: [
            nn.Conv2d(1, 64, 5), nn.ReLU(), nn.Conv2d(64, 64, 5), nn.ReLU(), nn.Identity(), nn.Flatten(),
            nn.Linear(25600, 128), nn.ReLU(), nn.Identity(), nn.Linear(128, 10)]),
        "lenet": dict(shape=(1, 28, 28), outputs=10, batch=8, samples=24, layers=lambda: [
            nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(1024, 512), nn.ReLU(), nn.Linear(512, 10)]),
        "mlp": dict(shape=(1, 28, 28), outputs=10, batch=8, samples=24, layers=lambda: [
            nn.Flatten(), nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 10)]),
        # strides, padding, overlapping pools, no bias, not square
        "mixed": dict(shape=(2, 11, 8), outputs=3, batch=3, samples=9, layers=lambda: [
            nn.Conv2d(2, 4, 3, stride=2, padding=1), nn.ReLU(), nn.AvgPool2d(2, stride=1),
            nn.Conv2d(4, 5, 3, padding=2, bias=False), nn.ReLU(), nn.MaxPool2d(3, stride=2), nn.Flatten(),
            nn.Linear(30, 7), nn.ReLU(), nn.Linear(7, 3)]),
    }


def data(spec, dtype):
    shape, count = spec["shape"], spec["samples"]
    inputs = torch.from_numpy(unit(INPUT_SEED, count * int(np.prod(shape)))).reshape(count, *shape).to(dtype)
    labels = torch.from_numpy((mix(LABEL_SEED, count) % np.uint64(spec["outputs"])).astype(np.int64))
    return inputs, labels


def step_samples(spec, step):
    return [(step * spec["batch"] + j) % spec["samples"] for j in range(spec["batch"])]


# --- what is kept of a vector --------------------------------------------------------------------------------------------------
def summary(name, tensor, order):
    flat = tensor.detach().to(torch.float64).reshape(-1).numpy()
    places = [int(p) for p in mix(PLACE_SEED + order, 8) % np.uint64(flat.size)]
    return dict(name=name, norm=float(np.linalg.norm(flat)), at=places, values=[float(flat[p]) for p in places],
                projections=[float(np.dot(flat, signs(PROJECTION_SEED + k, flat.size))) for k in range(3)])


def summaries(names, tensors):
    return [summary(name, tensor, order) for order, (name, tensor) in enumerate(zip(names, tensors))]


def train(spec, dtype, make_optimizer):
    model = fill(torch.nn.Sequential(*spec["layers"]()).to(dtype))
    inputs, labels = data(spec, dtype)
    start = [p.detach().clone() for p in model.parameters()]
    optimizer, losses = make_optimizer(model.parameters()), []
    for step in range(STEPS):
        chosen = step_samples(spec, step)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(inputs[chosen]), labels[chosen])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return [p.detach() - s for p, s in zip(model.parameters(), start)], losses


def first_step(spec, dtype):
    model = fill(torch.nn.Sequential(*spec["layers"]()).to(dtype))
    inputs, labels = data(spec, dtype)
    chosen = step_samples(spec, 0)
    batch = inputs[chosen].clone().requires_grad_()
    outputs, value = [], batch
    for layer in model:
        value = layer(value)
        outputs.append(value)
    seed = torch.from_numpy(unit(LOGIT_SEED, value.numel()) - 0.5).reshape(value.shape).to(dtype)
    input_gradient = torch.autograd.grad((value * seed).sum(), batch, retain_graph=True)[0]
    loss = torch.nn.functional.cross_entropy(value, labels[chosen])
    loss.backward()
    hits = int((value.argmax(1) == labels[chosen]).sum())
    return model, outputs, input_gradient, loss.item(), hits


def relative(tensors, exact):
    difference = sum(float(((a.double() - b.double()) ** 2).sum()) for a, b in zip(tensors, exact)) ** 0.5
    return difference / sum(float((b.double() ** 2).sum()) for b in exact) ** 0.5


def make_networks():
    sgd = lambda parameters: torch.optim.SGD(parameters, lr=SGD_RATE)
    adam = lambda parameters: torch.optim.Adam(parameters, lr=ADAM_RATE)
    print("PyTorch float32 against float64, relative error (norm):   gradient   20 SGD steps   20 Adam steps")
    for name, spec in networks().items():
        model, outputs, input_gradient, loss, hits = first_step(spec, torch.float64)
        names = [n for n, _ in model.named_parameters()]
        gradient = [p.grad.clone() for p in model.parameters()]
        sgd_update, sgd_losses = train(spec, torch.float64, sgd)
        adam_update, adam_losses = train(spec, torch.float64, adam)
        golden = dict(network=name, input=spec["shape"], outputs=spec["outputs"], batch=spec["batch"], samples=spec["samples"],
                      steps=STEPS, sgd_rate=SGD_RATE, adam_rate=ADAM_RATE, logits=outputs[-1].detach().reshape(-1).tolist(),
                      loss=loss, correct=hits, layer_outputs=summaries([f"layer {k}" for k in range(len(outputs))], outputs),
                      input_gradient=summary("input", input_gradient, 0), gradient=summaries(names, gradient),
                      sgd_update=summaries(names, sgd_update), sgd_losses=sgd_losses,
                      adam_update=summaries(names, adam_update), adam_losses=adam_losses)
        (FOLDER / f"nn_{name}.json").write_text(json.dumps(golden, indent=1) + "\n")
        small = first_step(spec, torch.float32)[0]
        print(f"{name:>10} {relative([p.grad for p in small.parameters()], gradient):50.1e}"
              f" {relative(train(spec, torch.float32, sgd)[0], sgd_update):14.1e}"
              f" {relative(train(spec, torch.float32, adam)[0], adam_update):15.1e}")


# --- optimizers on a small vector ----------------------------------------------------------------------------------------------
def make_optimizers():
    size, steps, cases = 9, 6, []
    settings = [
        dict(kind="sgd"), dict(kind="sgd", weight_decay=0.25), dict(kind="sgd", momentum=0.9),
        dict(kind="sgd", momentum=0.5, nesterov=True), dict(kind="sgd", momentum=0.75, nesterov=True, weight_decay=0.125),
        dict(kind="adam"), dict(kind="adam", weight_decay=0.25), dict(kind="adam", beta1=0.5, beta2=0.75, epsilon=0.01),
    ]
    for case in settings:
        rate = 0.1 if case["kind"] == "sgd" else 0.01
        parameter = torch.nn.Parameter(torch.from_numpy(2.0 * unit(1, size) - 1.0))
        if case["kind"] == "sgd":
            optimizer = torch.optim.SGD([parameter], lr=rate, momentum=case.get("momentum", 0.0),
                                        weight_decay=case.get("weight_decay", 0.0), nesterov=case.get("nesterov", False))
        else:
            optimizer = torch.optim.Adam([parameter], lr=rate, betas=(case.get("beta1", 0.9), case.get("beta2", 0.999)),
                                         eps=case.get("epsilon", 1e-8), weight_decay=case.get("weight_decay", 0.0))
        after = []
        for step in range(steps):
            parameter.grad = torch.from_numpy(2.0 * unit(10 + step, size) - 1.0)
            optimizer.step()
            after.append(parameter.detach().tolist())
        cases.append(dict(case, rate=rate, after=after))
    (FOLDER / "nn_optimizers.json").write_text(json.dumps(dict(size=size, steps=steps, cases=cases), indent=1) + "\n")


# --- safetensors ---------------------------------------------------------------------------------------------------------------
def small_model(dtype):
    nn = torch.nn
    return fill(nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4)).to(dtype))


def make_safetensors():
    save_file(small_model(torch.float32).state_dict(), FOLDER / "nn_torch_f32.safetensors", metadata={"format": "pt"})
    save_file(small_model(torch.float64).state_dict(), FOLDER / "nn_torch_f64.safetensors")


def verify(path):
    state, model = load_file(path), small_model(torch.float32)
    expected = model.state_dict()
    torch.nn.Sequential(*small_model(torch.float32)).load_state_dict(state, strict=True)
    for name, tensor in expected.items():
        assert state[name].dtype == torch.float32 and state[name].shape == tensor.shape, name
        assert torch.equal(state[name], tensor), name
    with safe_open(path, "pt") as opened:
        assert opened.metadata() == {"maker": 'Tocsin "test" \u00fc', "round": "3"}, opened.metadata()
    print("PyTorch opens it; SHA-256", hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest())


if __name__ == "__main__":
    torch.set_num_threads(1)
    if len(sys.argv) == 3 and sys.argv[1] == "verify":
        verify(sys.argv[2])
    else:
        make_safetensors()
        make_optimizers()
        make_networks()
