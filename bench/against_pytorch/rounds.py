# SPDX-License-Identifier: Apache-2.0
"""A whole federated run as a plain PyTorch loop: the cohort trains, the server averages, every test sample is evaluated each round.

Clients are spread over processes of one thread each; nothing is recorded but the accuracy. Prints one JSON object.
"""
import argparse
import json
import multiprocessing
import time

import fashion
import numpy as np
import torch
from networks import build
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector, vector_to_parameters

parser = argparse.ArgumentParser()
parser.add_argument("--network", required=True)
parser.add_argument("--clients", type=int, required=True)
parser.add_argument("--cohort", type=int, required=True)
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--rate", type=float, required=True)
parser.add_argument("--rounds", type=int, required=True)
parser.add_argument("--processes", type=int, default=1)
parser.add_argument("--precision", default="float32")
options = parser.parse_args()

started = time.perf_counter()
images, labels = fashion.load("train")
shards = np.array_split(np.random.default_rng(1).permutation(len(labels)), options.clients)
x_all, y_all = torch.from_numpy(images), torch.from_numpy(labels)
bf16 = options.precision == "bf16"
model = None


def train(job):
    """One client: from the global parameters, one epoch over its shard; the trained parameters."""
    global model
    client, parameters = job
    if model is None:
        torch.set_num_threads(1)
        model = build(options.network)
    vector_to_parameters(torch.from_numpy(parameters), model.parameters())
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=options.rate, fused=True)
    shard = torch.from_numpy(shards[client])
    for chosen in shard[torch.randperm(len(shard))].split(options.batch):
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            loss = cross_entropy(model(x_all[chosen]), y_all[chosen])
        loss.backward()
        optimizer.step()
    return parameters_to_vector(model.parameters()).detach().numpy()


def evaluate(network, x_test, y_test):
    network.eval()
    with torch.inference_mode():
        return sum(int((network(x).argmax(1) == y).sum()) for x, y in zip(x_test.split(500), y_test.split(500))) / len(y_test)


def main():
    # The processes are forked before this one has used a thread of PyTorch's.
    pool = multiprocessing.get_context("fork").Pool(options.processes) if options.processes > 1 else None
    torch.set_num_threads(options.processes)
    torch.manual_seed(1)
    x_test, y_test = map(torch.from_numpy, fashion.load("t10k"))
    server = build(options.network)
    parameters = parameters_to_vector(server.parameters()).detach().numpy()
    draw = np.random.default_rng(2)
    ready = time.perf_counter()
    for _ in range(options.rounds):
        cohort = draw.choice(options.clients, options.cohort, replace=False)
        jobs = [(client, parameters) for client in cohort]
        updates = pool.map(train, jobs, chunksize=1) if pool else map(train, jobs)
        total = np.zeros(len(parameters))
        for trained in updates:
            total += trained
        parameters = (total / options.cohort).astype(np.float32)
        vector_to_parameters(torch.from_numpy(parameters), server.parameters())
        accuracy = evaluate(server, x_test, y_test)
    print(json.dumps({"accuracy": accuracy, "start_seconds": ready - started, "loop_seconds": time.perf_counter() - ready}))


if __name__ == "__main__":
    main()
