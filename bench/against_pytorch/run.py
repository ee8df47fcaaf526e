# SPDX-License-Identifier: Apache-2.0
"""Tocsin beside PyTorch: training speed of each network, and whole federated runs as whole commands.

Both sides get one thread, the same data and batch sizes, and a clean environment. Windows are interleaved - one of each peer, one of Tocsin,
and again - so that whatever else the machine does hits all alike; what is printed are medians and the ratio to the fastest form of
PyTorch in the same run.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

from commands import whole_command

HERE = pathlib.Path(__file__).resolve().parent
CONVOLUTIONS = ("eager", "fused", "channels_last")
DENSE = ("eager", "fused")
# network, batch, optimizer, precision, forms of the peers, at least so many times the best of them
ROWS = [
    ("paper_cnn", 50, "adam", "float32", CONVOLUTIONS, 1.2),
    ("paper_cnn", 50, "adam", "bf16", CONVOLUTIONS, 1.25),
    ("lenet", 32, "sgd", "float32", CONVOLUTIONS, 1.7),
    ("mnist_cnn", 32, "sgd", "float32", CONVOLUTIONS, 1.6),
    ("small_cnn", 16, "momentum", "float32", CONVOLUTIONS, 1.7),
    ("mlp", 32, "sgd", "float32", DENSE, 3.0),
    ("census_mlp", 50, "adam", "float32", DENSE, 2.5),
    ("softmax", 32, "sgd", "float32", DENSE + ("batched", "numpy"), 4.0),
]
# name, network of the plain loop, its arguments, processes, Tocsin's experiment, its overrides
ROUNDS = [
    ("softmax, 100 clients, 100 rounds", "softmax", (100, 10, 10, 0.02, 100), (1, 2), "softmax.toml", ()),
    ("mnist_cnn, 10 clients, 2 rounds", "mnist_cnn", (10, 10, 32, 0.05, 2), (2,), "mnist_cnn.toml", ()),
    ("mnist_cnn in bf16", "mnist_cnn", (10, 10, 32, 0.05, 2), (2,), "mnist_cnn.toml", ("training.precision=bf16",)),
]


def clean_environment(preload=None):
    """One thread for every library, and nothing that makes OpenBLAS misjudge the processor."""
    env = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "LD_PRELOAD")}
    env.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    if preload:
        env["LD_PRELOAD"] = str(preload)
    return env


class Peer:
    """A form of PyTorch (or numpy) in a process of its own that sleeps between its windows."""

    def __init__(self, row, form, env):
        network, batch, optimizer, precision = row[:4]
        arguments = ["--network", network, "--form", form, "--batch", str(batch), "--optimizer", optimizer, "--precision", precision]
        self.process = subprocess.Popen([sys.executable, HERE / "peer.py", *arguments], env=env, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def window(self, seconds):
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"a peer ended: {self.process.args}")
        return float(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def tocsin_window(options, row, seconds, env):
    network, batch, optimizer, precision = row[:4]
    command = [options.tocsin, "speed", "--network", network, "--batch", str(batch), "--optimizer", optimizer,
               "--precision", precision, "--seconds", str(seconds), "--json"]
    answer = subprocess.run(command, env=env, text=True, capture_output=True)
    if answer.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {answer.returncode}:\n{answer.stderr}")
    return json.loads(answer.stdout)


def runs_here(options, precision):
    """Whether this CPU has the precision at all: bf16 needs AVX512_BF16."""
    command = [options.tocsin, "speed", "--network", "lenet", "--precision", precision, "--seconds", "0.05"]
    return subprocess.run(command, capture_output=True).returncode == 0


def measure_row(options, row):
    """All windows of one row: samples a second by form; `tocsin` among them."""
    env = clean_environment()
    peers = {form: Peer(row, form, clean_environment(options.preload)) for form in row[4]}
    windows = {form: [] for form in [*peers, "tocsin"]}
    shares = []
    try:
        for peer in peers.values():
            peer.window(min(1.0, options.seconds))  # warm: caches, allocator, primitives
        for _ in range(options.windows):
            for form, peer in peers.items():
                windows[form].append(peer.window(options.seconds))
            line = tocsin_window(options, row, options.seconds, env)
            windows["tocsin"].append(line["samples_per_second"])
            shares.append(line["share"])
    finally:
        for peer in peers.values():
            peer.close()
    median = {form: statistics.median(values) for form, values in windows.items()}
    best = max(peers, key=median.get)
    return {"network": row[0], "batch": row[1], "optimizer": row[2], "precision": row[3], "median": median, "windows": windows, "best": best,
            "share_of_peak": statistics.median(shares), "ratio": median["tocsin"] / median[best], "at_least": row[5]}


def print_row(result):
    forms = ", ".join(f"{form} {value:,.0f}" for form, value in result["median"].items() if form != "tocsin")
    name = f"{result['network']}, {result['batch']}, {result['optimizer']}, {result['precision']}"
    print(f"| {name} | {forms} | {result['median']['tocsin']:,.0f} | {100 * result['share_of_peak']:.0f} % "
          f"| {result['ratio']:.2f} | {result['at_least']:.2f} |", flush=True)


def between_rows(results):
    """The two promises that compare one row's Tocsin with another row's peer."""
    by_key = {(r["network"], r["precision"]): r for r in results}
    half, full = by_key.get(("paper_cnn", "bf16")), by_key.get(("paper_cnn", "float32"))
    if half and full:
        print(f"paper_cnn: Tocsin's bf16 is {half['median']['tocsin'] / full['median'][full['best']]:.2f} times PyTorch's float32 (at least 2)")
    softmax = by_key.get(("softmax", "float32"))
    if softmax:
        print(f"softmax: Tocsin is {softmax['median']['tocsin'] / softmax['median']['eager']:.1f} times PyTorch's eager form (at least 15)")


def measure_rounds(options, entry):
    """Whole commands, interleaved: medians of wall seconds and of peak memory of all their processes together."""
    name, network, (clients, cohort, batch, rate, rounds), process_counts, experiment, overrides = entry
    precision = "bf16" if overrides else "float32"
    takes = {}
    for _ in range(options.repeats):
        for processes in process_counts:
            command = [sys.executable, HERE / "rounds.py", "--network", network, "--clients", clients, "--cohort", cohort, "--batch", batch,
                       "--rate", rate, "--rounds", rounds, "--processes", processes, "--precision", precision]
            take = whole_command(command, clean_environment(options.preload))
            take |= json.loads(take.pop("output"))
            takes.setdefault(f"PyTorch, {processes} process" + ("es" if processes > 1 else ""), []).append(take)
        with tempfile.TemporaryDirectory() as folder:
            command = [options.tocsin, "run", HERE / experiment, "--out", folder, "--workers", max(process_counts)]
            for override in overrides:
                command += ["--set", override]
            take = whole_command(command, clean_environment())
            summary = json.loads(next(pathlib.Path(folder).glob("*/summary.json")).read_text())
            take.pop("output")
            take["accuracy"] = summary["test_accuracy"][-1]
            takes.setdefault("tocsin", []).append(take)
    median = {side: {key: statistics.median(take[key] for take in of) for key in of[0]} for side, of in takes.items()}
    return {"name": name, "rounds": rounds, "median": median, "takes": takes}


def print_rounds(result):
    tocsin = result["median"]["tocsin"]
    for side, of in result["median"].items():
        loop = f" ({of['loop_seconds']:.2f} without start-up)" if "loop_seconds" in of else ""
        print(f"| {result['name']} | {side} | {of['seconds']:.2f}{loop} | {of['megabytes']:,.0f} | {100 * of['accuracy']:.1f} % "
              f"| {of['seconds'] / tocsin['seconds']:.2f} | {of['megabytes'] / tocsin['megabytes']:.1f} |", flush=True)


def machine(options):
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    versions = subprocess.run([sys.executable, "-c", "import torch, numpy; print(torch.__version__, numpy.__version__)"],
                              env=clean_environment(), text=True, capture_output=True, check=True).stdout.split()
    build = subprocess.run([options.tocsin, "--version"], env=clean_environment(), text=True, capture_output=True, check=True).stdout
    return {"processor": model, "cores": os.cpu_count(), "torch": versions[0], "numpy": versions[1], "tocsin": "; ".join(build.removeprefix("tocsin ").splitlines())}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True, type=pathlib.Path)
    parser.add_argument("--preload", type=pathlib.Path, help="library that PyTorch is started with")
    parser.add_argument("--windows", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a window")
    parser.add_argument("--rows", help="networks, separated by commas; default: all")
    parser.add_argument("--skip-speed", action="store_true")
    parser.add_argument("--skip-rounds", action="store_true")
    parser.add_argument("--repeats", type=int, default=3, help="of whole commands")
    parser.add_argument("--json", type=pathlib.Path, default=pathlib.Path("against_pytorch.json"))
    options = parser.parse_args()
    options.tocsin, options.preload = options.tocsin.resolve(), options.preload and options.preload.resolve()

    report = {"machine": machine(options), "windows": options.windows, "seconds": options.seconds, "rows": [], "rounds": []}
    wanted = options.rows.split(",") if options.rows else [row[0] for row in ROWS]
    has_bf16 = runs_here(options, "bf16")
    print(", ".join(f"{key} {value}" for key, value in report["machine"].items()))
    if not options.skip_speed:
        print(f"\nSamples a second, one thread, medians of {options.windows} interleaved windows of {options.seconds:g} s\n")
        print("| network, batch, optimizer, precision | PyTorch | Tocsin | share of peak | ratio to the best | at least |")
        print("| --- | --- | --- | --- | --- | --- |", flush=True)
        for row in ROWS:
            if row[0] in wanted and row[3] == "bf16" and not has_bf16:
                print(f"| {row[0]}, {row[1]}, {row[2]}, bf16 | not on this CPU | | | | |", flush=True)
            elif row[0] in wanted:
                report["rows"].append(measure_row(options, row))
                print_row(report["rows"][-1])
        print()
        between_rows(report["rows"])
    if not options.skip_rounds:
        print(f"\nWhole commands, medians of {options.repeats}\n")
        print("| run | side | seconds | MB | accuracy | times Tocsin's seconds | times Tocsin's MB |")
        print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
        for entry in ROUNDS:
            if entry[1] in wanted and (has_bf16 or not any("bf16" in override for override in entry[5])):
                report["rounds"].append(measure_rounds(options, entry))
                print_rounds(report["rounds"][-1])
    options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
