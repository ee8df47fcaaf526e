# SPDX-License-Identifier: Apache-2.0
"""Tocsin beside Captum: images a second of each explanation method on the paper's CNN, weights at random, 64 copies for the methods
that average.

Both sides get one thread, batches of the same size and a clean environment. Windows are interleaved - one of each form of Captum, one of
Tocsin, and again - so that whatever else the machine does hits all alike; what is printed are medians and the ratio to the fastest form
of Captum in the same run. Tocsin's side is `bench_explain --method NAME --seconds S`, which prints images a second: the best
fifth of that time, as the peers do.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "against_pytorch"))
from run import clean_environment  # noqa: E402

METHODS = ("forward", "gradient", "guided_backprop", "deconvnet", "smoothgrad", "integrated_gradients", "lrp_epsilon")
FORMS = ("eager", "channels_last")
BATCH = 32  # bench_explain has the same


class Peer:
    """A form of Captum in a process of its own that sleeps between its windows."""

    def __init__(self, options, method, form):
        command = [sys.executable, HERE / "peer.py", "--method", method, "--form", form, "--batch", str(BATCH)]
        self.process = subprocess.Popen(command, env=clean_environment(options.preload), text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.at_once = int(self.answer())  # peers start one after the other, so that none is disturbed while it tries what is fastest

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a peer ended: {self.process.args}")
        return line

    def window(self, seconds):
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return float(self.answer())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def tocsin_window(options, method):
    command = [options.tocsin, "--method", method, "--seconds", str(options.seconds)]
    answer = subprocess.run(command, env=clean_environment(), text=True, capture_output=True)
    if answer.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {answer.returncode}:\n{answer.stderr}")
    return float(answer.stdout)


def measure(options, method):
    """All windows of one method: images a second by form; `tocsin` among them."""
    peers, windows = {}, {form: [] for form in (*FORMS, "tocsin")}
    try:
        for form in FORMS:
            peers[form] = Peer(options, method, form)
        for _ in range(options.windows):
            for form, peer in peers.items():
                windows[form].append(peer.window(options.seconds))
            windows["tocsin"].append(tocsin_window(options, method))
    finally:
        for peer in peers.values():
            peer.close()
    median = {form: statistics.median(values) for form, values in windows.items()}
    best = max(FORMS, key=median.get)
    return {"method": method, "median": median, "windows": windows, "best": best, "ratio": median["tocsin"] / median[best],
            "at_once": {form: peer.at_once for form, peer in peers.items()}}


def print_row(result, gradient):
    """`gradient`: the row of the gradient, or None; a method's cost in gradients of its own side."""
    captum = ", ".join(f"{form.replace('_', ' ')} {result['median'][form]:,.1f}" for form in FORMS)
    costs = "- | -" if gradient is None else " | ".join(
        f"{gradient['median'][g] / result['median'][m]:.2f}" for g, m in ((gradient["best"], result["best"]), ("tocsin", "tocsin")))
    print(f"| {result['method']} | {captum} | {result['median']['tocsin']:,.1f} | {result['ratio']:.2f} | {costs} |", flush=True)


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    versions = "import torch, captum, numpy; print(torch.__version__, captum.__version__, numpy.__version__)"
    torch, captum, numpy = subprocess.run([sys.executable, "-c", versions], env=clean_environment(), text=True, capture_output=True,
                                          check=True).stdout.split()
    return {"processor": model, "cores": os.cpu_count(), "torch": torch, "captum": captum, "numpy": numpy}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True, type=pathlib.Path, help="the program bench_explain")
    parser.add_argument("--preload", type=pathlib.Path, help="library that PyTorch is started with")
    parser.add_argument("--windows", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a window")
    parser.add_argument("--methods", default=",".join(METHODS), help="separated by commas; default: all")
    parser.add_argument("--json", type=pathlib.Path, default=pathlib.Path("against_captum.json"))
    options = parser.parse_args()
    options.tocsin, options.preload = options.tocsin.resolve(), options.preload and options.preload.resolve()
    wanted = options.methods.split(",")
    if unknown := set(wanted) - set(METHODS):
        raise SystemExit(f"unknown methods {', '.join(sorted(unknown))}; known: {', '.join(METHODS)}")

    report = {"machine": machine(), "batch": BATCH, "windows": options.windows, "seconds": options.seconds, "rows": []}
    print(", ".join(f"{key} {value}" for key, value in report["machine"].items()))
    print(f"\nImages a second, paper_cnn, batch {BATCH}, one thread, medians of {options.windows} interleaved windows of {options.seconds:g} s\n")
    print("| method | Captum | Tocsin | ratio to the best | in gradients, Captum | in gradients, Tocsin |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    for method in METHODS:
        if method in wanted:
            report["rows"].append(measure(options, method))
            print_row(report["rows"][-1], next((row for row in report["rows"] if row["method"] == "gradient"), None))
    options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
