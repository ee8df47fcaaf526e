# SPDX-License-Identifier: Apache-2.0
"""Captum, one thread: explains batches of Fashion-MNIST on the paper's CNN for as long as it is told, again and again.

Says how many copies of an image it walks at once. Then reads a number of seconds a line and answers with images a second: the best fifth
of that time, at least one batch in each fifth. Captum is given its best: weights want no gradient, the neurons to explain are known
beforehand, smoothgrad and integrated_gradients walk as many noisy or interpolated copies at once as is fastest here (tried at the start).
Forms: eager, channels_last.
"""
import argparse
import pathlib
import sys
import time
import warnings

import torch
from captum import attr
from captum.attr._utils.lrp_rules import EpsilonRule
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "against_pytorch"))
import fashion  # noqa: E402
from networks import build  # noqa: E402

IMAGES, COPIES = 1024, 64
AT_ONCE = (1, 2, 4, 8)  # copies of each image

parser = argparse.ArgumentParser()
parser.add_argument("--method", required=True)
parser.add_argument("--form", required=True)
parser.add_argument("--batch", type=int, required=True)
options = parser.parse_args()

warnings.filterwarnings("ignore")  # Captum announces its hooks with every call
torch.set_num_threads(1)
torch.manual_seed(1)


class Network(nn.Module):
    """The layers of networks.py; Captum's LRP refuses nn.Flatten, so the forward function flattens."""

    def __init__(self):
        super().__init__()
        self.before, self.after, flat = nn.Sequential(), nn.Sequential(), False
        for layer in build("paper_cnn"):
            if isinstance(layer, nn.Flatten):
                flat = True
            else:
                (self.after if flat else self.before).append(layer)

    def forward(self, x):
        return self.after(self.before(x).flatten(1))


model = Network().eval().requires_grad_(False)
inputs = torch.from_numpy(fashion.load("t10k")[0][:IMAGES])
if options.form == "channels_last":
    model = model.to(memory_format=torch.channels_last)
    inputs = inputs.to(memory_format=torch.channels_last)
with torch.inference_mode():
    neurons = torch.cat([model(batch).argmax(1) for batch in inputs.split(options.batch)])
neurons = neurons.clone()  # an ordinary tensor


def method(name, at_once):
    """A function (images, neurons) -> maps."""
    if name == "forward":
        return torch.inference_mode()(lambda x, c: model(x))
    if name == "gradient":
        return lambda x, c, explainer=attr.Saliency(model): explainer.attribute(x, c, abs=False)
    if name == "guided_backprop":
        return attr.GuidedBackprop(model).attribute
    if name == "deconvnet":
        return attr.Deconvolution(model).attribute
    if name == "smoothgrad":
        tunnel = attr.NoiseTunnel(attr.Saliency(model))
        return lambda x, c: tunnel.attribute(x, nt_type="smoothgrad", nt_samples=COPIES, nt_samples_batch_size=at_once, stdevs=0.15,
                                             target=c, abs=False)
    if name == "integrated_gradients":
        paths = attr.IntegratedGradients(model)
        return lambda x, c: paths.attribute(x, target=c, n_steps=COPIES, method="riemann_middle", internal_batch_size=at_once * len(x))
    if name == "lrp_epsilon":
        layers = [layer for layer in model.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]

        def epsilon_rule(x, c):
            for layer in layers:  # Captum takes the rules away after every call
                layer.rule = EpsilonRule(0.01)
            return attr.LRP(model).attribute(x, c)

        return epsilon_rule
    raise SystemExit(f"unknown method {name}")


def batches(explain):
    """Explains batch after batch; yields how many images."""
    while True:
        for x, c in zip(inputs.split(options.batch), neurons.split(options.batch)):
            explain(x, c)
            yield len(x)


def rate(steps, seconds):
    """Images a second over so many seconds."""
    images, start = 0, time.perf_counter()
    while (taken := time.perf_counter() - start) < seconds or not images:
        images += next(steps)
    return images / taken


def fastest():
    """The number of copies at once that is fastest, and its rate; one batch each, after one to warm up."""
    rates = {}
    for at_once in AT_ONCE if options.method in ("smoothgrad", "integrated_gradients") else (1,):
        steps = batches(method(options.method, at_once))
        next(steps)
        rates[at_once] = rate(steps, 0)
    return max(rates, key=rates.get)


at_once = fastest()
print(at_once, flush=True)
steps = batches(method(options.method, at_once))
for line in sys.stdin:
    print(max(rate(steps, float(line) / 5) for _ in range(5)), flush=True)
