#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Golden explanation maps, made with Captum 0.6.0 and Zennit 0.5.1 in float64 and checked against the formulas in plain numpy.

  make_explain.py               writes explain.json beside this file; refuses if a library and the formulas differ
  make_explain.py verify        the maps in explain.json against the formulas again; needs numpy only
  make_explain.py differences   where a library's rule is not ours: how far apart; such entries are left out of explain.json

Made on Debian 12 with python3-torch 1.13.1 (it calls itself 1.13.0a0), python3-torchvision 0.14.1 (Zennit imports it), numpy 1.24.2 and
  python3 -m venv --system-site-packages venv && venv/bin/pip install captum==0.6.0 zennit==0.5.1 matplotlib==3.7.5

explain.json: {"versions", "cases": [{"name", "input_shape", "layers", "tensors", "inputs", "neuron", "logits", "maps"}]}.
Tensors have the names of torch.nn.Sequential and lie flat in C order; weights and inputs are dyadic, floats hold them exactly. A map:
source, method, options, tolerance (of max|map|, an image at a time), values (an image a row). Options beside those of the method:
`first` (zb with `low` and `high`, w_squared with `first_bias`, flat) is the rule of the first affine layer. grad_cam has one channel.

Conventions. All stabilisers are 1e-12; an epsilon that is meant stands in lrp_epsilon (1e-2 and 1/4, on every affine layer), in the
composites' dense layers (1e-6) and in the presets' (1e-1). LRP starts with f_c. Batch-norm is folded with its own epsilon: by
Zennit's canonizer after a convolution, by hand into the convolution that follows; where neither fits (batch_norm_diagonal) it is an
affine layer of its own. Captum gets the folded network, too, except for lrp_z in batch_norm_before_relu, which must not depend on
folding. Captum knows no Flatten, so the forward function flattens; its occlusion ends in float32. Occlusion windows start at 0,
stride, ... up to the first one that reaches the edge, where it is clipped.

No pre-activation of a clean image and no lead of a pool's winner is closer to 0 than MARGIN, unless it is 0 exactly or both come
from the bias alone (black background).
"""
import json
import pathlib
import sys
import warnings

import numpy as np

from explain_formulas import GATES, closest, forward, formula, network

FILE = pathlib.Path(__file__).resolve().parent / "explain.json"
TINY = 1e-12  # the libraries' stabilisers
MARGIN = 1e-3


# --- cases: layers, images, maps -------------------------------------------------------------------------------------------------
def conv(filters, kernel, stride=1, padding=0, bias=True):
    return dict(kind="conv2d", filters=filters, kernel=kernel, stride=stride, padding=padding, bias=bias)


def dense(units, bias=True):
    return dict(kind="dense", units=units, bias=bias)


def pool(kind, kernel, stride):
    return dict(kind=kind, kernel=kernel, stride=stride)


def norm(epsilon):
    return dict(kind="batch_norm", epsilon=epsilon)


def dropout(rate):
    return dict(kind="dropout", rate=rate)


RELU, FLATTEN = dict(kind="relu"), dict(kind="flatten")
WALKS = [("captum", method, {}) for method in ("gradient", "input_x_gradient", "deconvnet", "guided_backprop")]


def paths(*rules, points=16):
    return [("captum", "integrated_gradients", dict(rule=rule, points=points)) for rule in rules]


def cams(*pairs):
    return [("captum", "grad_cam", dict(relu=relu, upsample=upsample)) for relu, upsample in pairs]


def occlusion(window, stride, baseline=0.0):
    return [("captum", "occlusion", dict(window=window, stride=stride, baseline=baseline))]


def lrp(source, method, **options):
    return [(source, method, options)]


def composites(*names):
    return [("zennit", name, {}) for name in names]


PLAIN_GAMMA = lrp("captum", "lrp_gamma", gamma=0.25, bias="plain") + lrp("captum", "lrp_gamma", gamma=1.0, bias="none")
SCALED_GAMMA = lrp("zennit", "lrp_gamma", gamma=0.25, bias="scaled") + lrp("zennit", "lrp_gamma", gamma=1.0, bias="none")
ALPHA_BETA = (lrp("zennit", "lrp_alpha_beta", alpha=2.0, beta=1.0, bias="with")
              + lrp("zennit", "lrp_alpha_beta", alpha=2.0, beta=1.0, bias="none"))
Z_PLUS = lrp("captum", "z_plus", bias="none") + lrp("zennit", "z_plus", bias="with")
GAMMA = PLAIN_GAMMA + SCALED_GAMMA
FIRST = (lrp("zennit", "lrp_z", first="flat") + lrp("zennit", "lrp_z", first="w_squared", first_bias="none")
         + lrp("zennit", "z_plus", bias="none", first="w_squared", first_bias="with")
         + lrp("zennit", "z_plus", bias="none", first="flat"))
DEEP_TAYLOR = lrp("zennit", "deep_taylor", bounded=True) + lrp("zennit", "deep_taylor", bounded=False)
COMPOSITES = composites("epsilon_plus", "epsilon_gamma_box", "epsilon_plus_flat", "epsilon_alpha2_beta1",
                        "epsilon_alpha2_beta1_flat")
Z = lrp("captum", "lrp_z") + lrp("captum", "lrp_epsilon", epsilon=0.01)

# images: "black" (nonnegative, zeros around), "full" (positive), "signed"; neuron: the largest logit (must be positive), or
# "mixed": the largest for the first image and the smallest (must be negative) for the others
CASES = [
    dict(name="max_pool", input_shape=[1, 8, 8], images=["black", "black", "full"],
         layers=[conv(3, 3), RELU, conv(4, 3), RELU, pool("max_pool", 2, 2), FLATTEN, dense(3)],
         maps=WALKS + paths("midpoint", "left", "right", "gauss_legendre")
         + cams((True, "bilinear"), (False, "bilinear"), (False, "none")) + occlusion(4, 2) + occlusion(3, 2, 0.5)
         + occlusion(1, 1) + Z + lrp("zennit", "lrp_epsilon", epsilon=0.25) + GAMMA + ALPHA_BETA + Z_PLUS + FIRST + lrp("zennit", "lrp_z", first="zb", low=0.0, high=1.0) + DEEP_TAYLOR + COMPOSITES
         + composites("preset_a", "preset_b", "deconvnet", "guided_backprop")),
    dict(name="padding_and_stride", input_shape=[2, 8, 8], images=["signed", "signed"],
         layers=[conv(4, 3, 2, 1), RELU, conv(5, 3, 1, 1), RELU, pool("max_pool", 2, 2), FLATTEN, dense(4)],
         maps=WALKS + paths("midpoint", "gauss_legendre") + cams((True, "none"), (True, "bilinear")) + occlusion(3, 3, -0.25) + Z
         + ALPHA_BETA + lrp("zennit", "z_plus", bias="with") + lrp("zennit", "z_plus", bias="none") + FIRST
         + lrp("zennit", "z_plus", bias="none", first="zb", low=-1.0, high=1.0) + lrp("zennit", "deep_taylor", bounded=False)
         + composites("epsilon_plus", "epsilon_alpha2_beta1_flat")),
    dict(name="overlapping_max_pool", input_shape=[1, 10, 9], images=["black", "full"], neuron="mixed",
         layers=[conv(3, 3), RELU, conv(4, 2), RELU, pool("max_pool", 3, 2), FLATTEN, dense(3)],
         maps=WALKS + paths("midpoint", "left") + cams((False, "none"), (False, "bilinear")) + occlusion(4, 3) + Z + PLAIN_GAMMA
         + ALPHA_BETA + Z_PLUS + lrp("zennit", "lrp_z", first="zb", low=0.0, high=1.0) + COMPOSITES
         + composites("deconvnet", "guided_backprop")),
    dict(name="avg_pool", input_shape=[2, 8, 8], images=["black", "full"],
         layers=[conv(3, 3), RELU, pool("avg_pool", 2, 2), conv(4, 2), RELU, FLATTEN, dense(3)],
         maps=WALKS + paths("midpoint") + cams((False, "bilinear")) + Z + GAMMA + ALPHA_BETA + Z_PLUS + DEEP_TAYLOR
         + composites("epsilon_plus", "epsilon_gamma_box")),
    dict(name="batch_norm_before_relu", input_shape=[1, 8, 8], images=["black", "full"],
         layers=[conv(3, 3), norm(1e-5), RELU, conv(4, 3, bias=False), norm(1e-3), RELU, pool("max_pool", 2, 2), FLATTEN, dense(3)],
         maps=WALKS + paths("midpoint", "right") + cams((False, "none")) + Z + GAMMA + ALPHA_BETA + Z_PLUS + FIRST
         + DEEP_TAYLOR + COMPOSITES),
    dict(name="batch_norm_after_relu", input_shape=[1, 8, 8], images=["black", "full"],
         layers=[conv(3, 3), RELU, norm(1e-5), conv(4, 3), RELU, pool("max_pool", 2, 2), FLATTEN, dense(3)],
         maps=WALKS + paths("midpoint") + cams((False, "none")) + Z + GAMMA + ALPHA_BETA + Z_PLUS
         + composites("epsilon_plus", "epsilon_gamma_box")),
    dict(name="batch_norm_diagonal", input_shape=[1, 8, 8], images=["black", "full"],
         layers=[conv(3, 3), RELU, norm(1e-5), conv(4, 3, 1, 1), RELU, pool("max_pool", 2, 2), FLATTEN, dense(3)],
         maps=WALKS + paths("midpoint") + Z),
    dict(name="dropout", input_shape=[1, 8, 8], images=["black", "full"],
         layers=[conv(3, 3), RELU, conv(3, 3), RELU, dropout(0.25), FLATTEN, dense(6), RELU, dropout(0.5), dense(3)],
         maps=WALKS + paths("midpoint") + cams((True, "bilinear")) + occlusion(4, 2) + Z + GAMMA + ALPHA_BETA + Z_PLUS
         + DEEP_TAYLOR + COMPOSITES + composites("preset_a", "preset_b")),
    dict(name="no_bias", input_shape=[1, 8, 8], images=["black", "full"],
         layers=[conv(3, 3, bias=False), RELU, conv(4, 3, bias=False), RELU, pool("max_pool", 2, 2), FLATTEN, dense(3, bias=False)],
         maps=WALKS + paths("midpoint", "left", "right", "gauss_legendre") + cams((True, "bilinear")) + occlusion(4, 2) + Z
         + lrp("captum", "lrp_gamma", gamma=0.25, bias="plain") + lrp("zennit", "lrp_gamma", gamma=0.25, bias="scaled")
         + lrp("zennit", "lrp_alpha_beta", alpha=2.0, beta=1.0, bias="with") + Z_PLUS + FIRST + DEEP_TAYLOR + COMPOSITES),
    dict(name="mlp", input_shape=[1, 5, 6], images=["black", "full", "full"],
         layers=[FLATTEN, dense(8), RELU, dense(6), RELU, dense(3)],
         maps=WALKS + paths("midpoint", "left", "right", "gauss_legendre") + paths("midpoint", points=64) + occlusion(2, 2)
         + occlusion(1, 1) + Z
         + lrp("captum", "lrp_epsilon", epsilon=0.25) + GAMMA + ALPHA_BETA + Z_PLUS + FIRST
         + lrp("zennit", "lrp_z", first="zb", low=0.0, high=1.0) + lrp("zennit", "lrp_z", first="w_squared", first_bias="with")
         + lrp("zennit", "z_plus", bias="none", first="zb", low=-0.5, high=1.5) + DEEP_TAYLOR + composites("epsilon_plus_flat")),
    dict(name="pool_before_relu", input_shape=[2, 8, 8], images=["black", "full"],
         layers=[conv(3, 3), pool("max_pool", 2, 2), RELU, conv(4, 2), RELU, FLATTEN, dense(3)],
         maps=WALKS + paths("midpoint") + cams((True, "bilinear")) + Z + GAMMA + ALPHA_BETA + Z_PLUS + COMPOSITES),
]


# --- checks ----------------------------------------------------------------------------------------------------------------------
def distance(values, expected):
    """Largest difference in parts of max|map|, the worst image."""
    return max(np.abs(np.array(v) - e).max() / max(np.abs(e).max(), 1e-300) for v, e in zip(values, expected))


def verify(golden, quiet=False):
    """Every map against its formula; ends the program at the first that is not within a tenth of its tolerance."""
    worst = {}
    for case in golden["cases"]:
        steps, inputs = network(case), [np.array(x) for x in case["inputs"]]
        for x, logits in zip(inputs, case["logits"]):
            assert distance([logits], [forward(steps, x)[-1]]) < 1e-13, case["name"]
            assert closest(steps, x) > MARGIN, (case["name"], closest(steps, x))
        for entry in case["maps"]:
            expected = [formula(case, steps, x, c, entry["method"], entry["options"]) for x, c in zip(inputs, case["neuron"])]
            assert all(np.abs(e).max() > 1e-6 for e in expected), (case["name"], entry["method"], "an empty map tests nothing")
            apart = distance(entry["values"], expected)
            key = entry["source"], entry["method"]
            worst[key] = max(worst.get(key, 0.0), apart)
            if not apart < entry["tolerance"] / 10:
                what = f"{case['name']}: {entry['source']} {entry['method']} {entry['options']}"
                raise SystemExit(f"{what} is {apart:.1e} of max|map| from the formula")
    if not quiet:
        for (source, method), apart in sorted(worst.items()):
            print(f"{source:>7} {method:<26} {apart:.1e}")
    print(f"{len(golden['cases'])} cases, {sum(len(case['maps']) for case in golden['cases'])} maps: all agree with the formulas")


# --- numbers ---------------------------------------------------------------------------------------------------------------------
def fill(case, seed):
    """Weights of multiples of 1/256, images of multiples of 1/64; the neurons as the case wants them. None: try another seed."""
    random = np.random.RandomState(seed)
    step = lambda shape, low, high, parts: random.randint(round(low * parts), round(high * parts) + 1, shape) / parts
    tensors, shape = {}, list(case["input_shape"])
    for index, layer in enumerate(case["layers"]):
        kind = layer["kind"]
        if kind in ("conv2d", "dense"):
            of = [layer["units"], int(np.prod(shape))] if kind == "dense" else [layer["filters"], shape[0], *[layer["kernel"]] * 2]
            width = (6 / np.prod(of[1:])) ** 0.5
            tensors[f"{index}.weight"] = step(of, -width, width, 256)
            if layer["bias"]:
                tensors[f"{index}.bias"] = step(of[0], -0.25, 0.25, 256)
            shape = [of[0]] + shape[1:] if kind == "conv2d" else [of[0]]
        if kind == "batch_norm":
            tensors[f"{index}.weight"], tensors[f"{index}.bias"] = step(shape[0], 0.5, 1.5, 256), step(shape[0], -0.25, 0.25, 256)
            tensors[f"{index}.weight"][-1] *= -1  # a negative scale turns signs around
            tensors[f"{index}.running_mean"] = step(shape[0], -0.25, 0.25, 256)
            tensors[f"{index}.running_var"] = step(shape[0], 0.25, 1.5, 256)
        if "kernel" in layer:
            shape[1:] = [(s + 2 * layer.get("padding", 0) - layer["kernel"]) // layer["stride"] + 1 for s in shape[1:]]
    inputs = []
    for kind in case["images"]:
        image = step(case["input_shape"], -1 if kind == "signed" else 1 / 64, 1, 64)
        if kind == "black":
            height, width = case["input_shape"][1:]
            lit = np.zeros((height, width))
            lit[(height - 4) // 2 : (height + 5) // 2, (width - 4) // 2 : (width + 4) // 2] = 1
            image *= lit
        inputs.append(image.ravel().tolist())
    made = dict(case, tensors={name: tensor.ravel().tolist() for name, tensor in tensors.items()}, inputs=inputs)
    steps, neuron = network(made), []
    for k, x in enumerate(inputs):
        logits = forward(steps, np.array(x))[-1]
        smallest = case.get("neuron") == "mixed" and k > 0
        neuron.append(int(np.argmin(logits) if smallest else np.argmax(logits)))
        if closest(steps, np.array(x)) <= MARGIN or (-1 if smallest else 1) * logits[neuron[-1]] < 0.1:
            return None
    made["neuron"] = neuron
    return made


def filled(case):
    return next(made for seed in range(1, 10000) if (made := fill(case, seed)))


# --- the libraries ---------------------------------------------------------------------------------------------------------------
def torch_layers(case):
    """The layers as PyTorch has them, in double and evaluation mode."""
    import torch
    from torch import nn

    layers, shape = [], list(case["input_shape"])
    for layer in case["layers"]:
        kind = layer["kind"]
        if kind == "conv2d":
            layers.append(nn.Conv2d(shape[0], *(layer[key] for key in ("filters", "kernel", "stride", "padding")), bias=layer["bias"]))
            shape[0] = layer["filters"]
        elif kind == "dense":
            layers.append(nn.Linear(int(np.prod(shape)), layer["units"], bias=layer["bias"]))
            shape = [layer["units"]]
        else:
            layers.append({"relu": nn.ReLU, "flatten": nn.Flatten, "dropout": lambda: nn.Dropout(layer["rate"]),
                           "max_pool": lambda: nn.MaxPool2d(layer["kernel"], layer["stride"]),
                           "avg_pool": lambda: nn.AvgPool2d(layer["kernel"], layer["stride"]),
                           "batch_norm": lambda: nn.BatchNorm2d(shape[0], eps=layer["epsilon"])}[kind]())
        if "kernel" in layer:
            shape[1:] = [(s + 2 * layer.get("padding", 0) - layer["kernel"]) // layer["stride"] + 1 for s in shape[1:]]
    model = nn.Sequential(*layers).double().eval()
    state = {name: torch.tensor(case["tensors"][name]).reshape(tensor.shape) if name in case["tensors"] else tensor
             for name, tensor in model.state_dict().items()}
    model.load_state_dict(state)
    return model


def after_convolution(model, index):
    import torch

    return index > 0 and isinstance(model[index - 1], torch.nn.Conv2d)


def folded(model, all_of_them):
    """Batch-norm folded by hand into the convolution after it, and (all_of_them) before it; what does not fit stays."""
    import torch
    from torch import nn

    layers = list(model)
    for index, norm in enumerate(layers):
        if not isinstance(norm, nn.BatchNorm2d):
            continue
        scale = norm.weight.data / torch.sqrt(norm.running_var + norm.eps)
        shift = norm.bias.data - norm.running_mean * scale
        before, after = layers[index - 1], layers[index + 1]
        if isinstance(before, nn.Conv2d):
            if all_of_them:
                bias = 0 if before.bias is None else before.bias.data
                before.bias = nn.Parameter(bias * scale + shift)
                before.weight = nn.Parameter(before.weight.data * scale[:, None, None, None])
                layers[index] = nn.Identity()
        elif isinstance(after, nn.Conv2d) and after.padding == (0, 0):
            bias = 0 if after.bias is None else after.bias.data
            after.bias = nn.Parameter(bias + (after.weight.data * shift[:, None, None]).sum((1, 2, 3)))
            after.weight = nn.Parameter(after.weight.data * scale[:, None, None])
            layers[index] = nn.Identity()
    return nn.Sequential(*[layer for layer in layers if not isinstance(layer, nn.Identity)]).eval()


def without_flatten(model):
    """Captum's LRP refuses nn.Flatten: the same network, flattened by its forward function."""
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.parts = nn.ModuleList(layer for layer in model if not isinstance(layer, nn.Flatten))

        def forward(self, x):
            for layer in self.parts:
                x = layer(x.flatten(1) if isinstance(layer, nn.Linear) else x)
            return x

    return Network().eval()


def captum_map(case, method, options, fold=True):
    import captum.attr as attr
    import torch
    from captum.attr._utils.lrp_rules import Alpha1_Beta0_Rule, EpsilonRule, GammaRule

    model, target = torch_layers(case), case["neuron"]
    x = torch.tensor(case["inputs"]).reshape(-1, *case["input_shape"])
    if method == "gradient":
        return attr.Saliency(model).attribute(x, target, abs=False)
    if method == "integrated_gradients":
        rule = {"midpoint": "riemann_middle", "gauss_legendre": "gausslegendre"}.get(options["rule"], f"riemann_{options['rule']}")
        return attr.IntegratedGradients(model).attribute(x, 0.0, target, n_steps=options["points"], method=rule)
    if method == "grad_cam":
        last = max(k for k, layer in enumerate(model) if isinstance(layer, torch.nn.Conv2d))
        relu = next(layer for layer in model[last:] if isinstance(layer, torch.nn.ReLU))
        small = attr.LayerGradCam(model, relu).attribute(x, target, relu_attributions=options["relu"])
        if options["upsample"] == "none":
            return small
        return attr.LayerAttribution.interpolate(small, tuple(case["input_shape"][1:]), "bilinear")
    if method == "occlusion":
        window, stride = ((case["input_shape"][0], options[key], options[key]) for key in ("window", "stride"))
        return attr.Occlusion(model).attribute(x, window, stride, options["baseline"], target)
    if not method.startswith(("lrp", "z_plus")):
        kind = {"input_x_gradient": attr.InputXGradient, "deconvnet": attr.Deconvolution, "guided_backprop": attr.GuidedBackprop}[method]
        return kind(model).attribute(x, target)
    rule = {"lrp_z": lambda: EpsilonRule(TINY), "lrp_epsilon": lambda: EpsilonRule(options["epsilon"]),
            "lrp_gamma": lambda: GammaRule(options["gamma"], set_bias_to_zero=options["bias"] == "none"),
            "z_plus": lambda: Alpha1_Beta0_Rule(set_bias_to_zero=options["bias"] == "none")}[method]
    model = without_flatten(folded(model, all_of_them=fold and method != "lrp_z"))
    for layer in model.parts:
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear, torch.nn.BatchNorm2d)):
            layer.rule = rule()
            if method != "lrp_epsilon":
                layer.rule.STABILITY_FACTOR = TINY
        elif isinstance(layer, (torch.nn.MaxPool2d, torch.nn.AvgPool2d)):
            layer.rule = EpsilonRule(TINY)
    return attr.LRP(model).attribute(x, target)


def zennit_composite(method, options):
    import torch
    import zennit.composites as named
    from zennit.canonizers import SequentialMergeBatchNorm
    from zennit.rules import AlphaBeta, Epsilon, Flat, Gamma, WSquare, ZBox, ZPlus
    from zennit.types import Convolution, Linear

    merge = [SequentialMergeBatchNorm()]
    dense_layer, zero = torch.nn.Linear, "bias" if options.get("bias") == "none" or method == "deep_taylor" else None
    built = {"epsilon_plus": named.EpsilonPlus, "epsilon_plus_flat": named.EpsilonPlusFlat,
             "epsilon_alpha2_beta1": named.EpsilonAlpha2Beta1, "epsilon_alpha2_beta1_flat": named.EpsilonAlpha2Beta1Flat}
    if method in built:
        return built[method](epsilon=1e-6, stabilizer=TINY, canonizers=merge)
    if method == "epsilon_gamma_box":
        return named.EpsilonGammaBox(low=0.0, high=1.0, epsilon=1e-6, gamma=0.25, stabilizer=TINY, canonizers=merge)
    if method in ("deconvnet", "guided_backprop"):
        return {"deconvnet": named.DeconvNet, "guided_backprop": named.GuidedBackprop}[method]()
    hidden = {
        "lrp_z": lambda: [(Linear, Epsilon(TINY))],
        "lrp_epsilon": lambda: [(Linear, Epsilon(options["epsilon"]))],
        "lrp_gamma": lambda: [(Linear, Gamma(options["gamma"], stabilizer=TINY, zero_params=zero))],
        "lrp_alpha_beta": lambda: [(Linear, AlphaBeta(options["alpha"], options["beta"], stabilizer=TINY, zero_params=zero))],
        "z_plus": lambda: [(Linear, ZPlus(stabilizer=TINY, zero_params=zero))],
        "deep_taylor": lambda: [(Linear, ZPlus(stabilizer=TINY, zero_params=zero))],
        "preset_a": lambda: [(Convolution, AlphaBeta(1, 0, stabilizer=TINY)), (dense_layer, Epsilon(0.1))],
        "preset_b": lambda: [(Convolution, AlphaBeta(2, 1, stabilizer=TINY)), (dense_layer, Epsilon(0.1))],
    }[method]()
    first = options.get("first")
    if method == "deep_taylor":
        first = "zb" if options["bounded"] else "w_squared"
    zero_first = None if options.get("first_bias") == "with" else "bias"
    special = {None: lambda: [], "flat": lambda: [(Linear, Flat(stabilizer=TINY))],
               "zb": lambda: [(Linear, ZBox(options.get("low", 0.0), options.get("high", 1.0), stabilizer=TINY))],
               "w_squared": lambda: [(Linear, WSquare(stabilizer=TINY, zero_params=zero_first))]}[first]()
    return named.SpecialFirstLayerMapComposite(named.layer_map_base(TINY) + hidden, special, canonizers=merge)


def zennit_map(case, method, options, exact_norm=True):
    import torch
    from zennit.attribution import Gradient

    model, composite = folded(torch_layers(case), all_of_them=False), zennit_composite(method, options)
    x = torch.tensor(case["inputs"]).reshape(-1, *case["input_shape"])
    one_hot = torch.eye(len(case["logits"][0]))[case["neuron"]]
    seed = (lambda output: one_hot) if method in ("deconvnet", "guided_backprop") else (
        lambda output: one_hot * (output.clamp(min=0) if method == "deep_taylor" else output))
    with Gradient(model, composite) as attributor:
        if exact_norm:  # merged batch-norm must be the identity, but 0.5.1 leaves its epsilon
            for layer in model:
                if isinstance(layer, torch.nn.BatchNorm2d):
                    layer.eps = 0.0
        return attributor(x, seed)[1]


def maps_of(case):
    exact = {"occlusion": 1e-6, **dict.fromkeys([*GATES, "input_x_gradient", "integrated_gradients", "grad_cam"], 1e-10)}
    maker = {"captum": captum_map, "zennit": zennit_map}
    for source, method, options in case["maps"]:
        values = maker[source](case, method, options).detach()
        tolerance = exact.get(method, 1e-8)
        yield dict(source=source, method=method, options=options, tolerance=tolerance, values=values.flatten(1).tolist())


def set_up_torch():
    import torch

    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)  # Captum makes the points of a path in the default type


def with_logits(case):
    import torch

    x = torch.tensor(case["inputs"]).reshape(-1, *case["input_shape"])
    return dict(case, logits=torch_layers(case)(x).tolist())


def make():
    import captum
    import torch
    import zennit  # noqa: F401
    from importlib.metadata import version

    set_up_torch()
    versions = dict(captum=captum.__version__, zennit=version("zennit"), torch=torch.__version__, numpy=np.__version__)
    golden = dict(versions=versions, cases=[])
    for case in CASES:
        case = with_logits(filled(case))
        keys = ("name", "input_shape", "layers", "tensors", "inputs", "neuron", "logits")
        golden["cases"].append(dict({key: case[key] for key in keys}, maps=list(maps_of(case))))
    verify(golden)
    write(golden)


def write(golden):
    """A line a tensor, image and map, so that a change shows in a diff."""
    text = lambda value: json.dumps(value, separators=(",", ":"))
    cases = []
    for case in golden["cases"]:
        lines = [f'{text(key)}:{text(case[key])}' for key in ("name", "input_shape", "layers")]
        lines += ['"tensors":{\n' + ",\n".join(f"{text(name)}:{text(values)}" for name, values in case["tensors"].items()) + "}"]
        lines += ['"inputs":[\n' + ",\n".join(map(text, case["inputs"])) + "]"]
        lines += [f'{text(key)}:{text(case[key])}' for key in ("neuron", "logits")]
        lines += ['"maps":[\n' + ",\n".join(map(text, case["maps"])) + "]"]
        cases.append("{" + ",\n".join(lines) + "}")
    FILE.write_text(f'{{"versions":{text(golden["versions"])},\n"cases":[\n' + ",\n".join(cases) + "]}\n")
    print(f"{FILE.name}: {FILE.stat().st_size:,} bytes")


def differences():
    """How far libraries and formulas are apart where they mean different things; in parts of max|map|, the worst image."""
    set_up_torch()
    cases = {case["name"]: case for case in json.loads(FILE.read_text())["cases"]}
    rows = [
        (captum_map, "max_pool", "z_plus", dict(bias="with"), {},
         "Captum's alpha 1 beta 0 keeps a negative bias, z+ has b+"),
        (captum_map, "padding_and_stride", "z_plus", dict(bias="none"), {},
         "Captum's alpha 1 beta 0 pairs negative inputs with positive weights"),
        (zennit_map, "overlapping_max_pool", "lrp_gamma", dict(gamma=0.25, bias="scaled"), {},
         "Zennit's gamma adds to the negative weights of a negative unit, here the logit"),
        (zennit_map, "batch_norm_before_relu", "lrp_z", {}, dict(exact_norm=False),
         "Zennit leaves the epsilon of a folded batch-norm in the network (here 1e-5 and 1e-3)"),
        (zennit_map, "batch_norm_diagonal", "lrp_epsilon", dict(epsilon=0.01), {},
         "Zennit passes relevance through a batch-norm that is not folded, as if it had no shift"),
        (captum_map, "batch_norm_before_relu", "lrp_epsilon", dict(epsilon=0.01), dict(fold=False),
         "Captum does not fold batch-norm: it meets epsilon twice"),
        (captum_map, "batch_norm_diagonal", "lrp_gamma", dict(gamma=0.25, bias="plain"), {},
         "Captum's gamma scales the running mean of a batch-norm with its weight"),
        (zennit_map, "mlp", "epsilon_gamma_box", {}, {},
         "Zennit's epsilon_gamma_box has its box for convolutions only"),
    ]
    for maker, name, method, options, settings, meaning in rows:
        case = cases[name]
        values = maker(case, method, options, **settings).detach().flatten(1).tolist()
        expected = [formula(case, network(case), np.array(x), c, method, options) for x, c in zip(case["inputs"], case["neuron"])]
        print(f"{distance(values, expected):8.1e}  {name:<24} {method:<18} {meaning}")


if __name__ == "__main__":
    if sys.argv[1:] == ["verify"]:
        verify(json.loads(FILE.read_text()))
    elif sys.argv[1:] == ["differences"]:
        differences()
    else:
        make()
