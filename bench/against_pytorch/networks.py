# SPDX-License-Identifier: Apache-2.0
"""The networks of the comparison as PyTorch's users write them; the same layers as src/tocsin/nn/networks.cpp."""
from torch import nn


def build(name):
    layers = {
        "paper_cnn": lambda: [nn.Conv2d(1, 64, 5), nn.ReLU(), nn.Conv2d(64, 64, 5), nn.ReLU(), nn.Dropout(0.25), nn.Flatten(),
                              nn.Linear(25600, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)],
        "lenet": lambda: [nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 5), nn.ReLU(), nn.MaxPool2d(2),
                          nn.Flatten(), nn.Linear(1024, 512), nn.ReLU(), nn.Linear(512, 10)],
        "mnist_cnn": lambda: [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
                              nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)],
        "small_cnn": lambda: [nn.Conv2d(1, 30, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(30, 50, 3), nn.ReLU(), nn.MaxPool2d(2),
                              nn.Flatten(), nn.Linear(1250, 100), nn.ReLU(), nn.Linear(100, 10)],
        "mlp": lambda: [nn.Flatten(), nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 10)],
        "softmax": lambda: [nn.Flatten(), nn.Linear(784, 10)],
        "census_mlp": lambda: [nn.Linear(104, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 2)],
    }
    return nn.Sequential(*layers[name]())
