# SPDX-License-Identifier: Apache-2.0
"""Runs a whole command and says how long it took and how much memory its processes held together."""
import pathlib
import subprocess
import threading
import time


def _family(pid):
    """A process and all its descendants."""
    members = [pid]
    for member in members:
        try:
            members += [int(child) for child in pathlib.Path(f"/proc/{member}/task/{member}/children").read_text().split()]
        except OSError:
            pass
    return members


def _megabytes(pid):
    """Proportional set size of a family: pages shared by its members are counted once."""
    total = 0
    for member in _family(pid):
        try:
            for line in pathlib.Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            pass
    return total / 1024


def whole_command(command, env):
    """{"seconds", "megabytes" (the peak, looked at ten times a second), "output"}; ends the program if the command fails."""
    command = [str(word) for word in command]
    start = time.perf_counter()
    process = subprocess.Popen(command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    peak = 0.0

    def watch():
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, _megabytes(process.pid))
            time.sleep(0.1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, errors = process.communicate()
    seconds = time.perf_counter() - start
    watcher.join()
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{errors}")
    return {"seconds": seconds, "megabytes": peak, "output": output}
