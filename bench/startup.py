"""How long `reconciler --help` takes, beside a bare interpreter and one that imports click: medians in one run."""

import statistics
import subprocess
import sys
import time

RUNS = 21

COMMANDS = {
    "bare python": [sys.executable, "-c", "pass"],
    "python, import click": [sys.executable, "-c", "import click"],
    "reconciler --help": [sys.executable, "-m", "reconciler", "--help"],
    "reconciler --version": [sys.executable, "-m", "reconciler", "--version"],
}


def seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def main() -> None:
    for command in COMMANDS.values():
        seconds(command)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):  # in turn, so that a noisy moment meets all of them
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    bare = statistics.median(times["bare python"])
    print(f"{'':<22} {'median':>9} {'min':>9} {'max':>9} {'x bare':>7}")
    for name, measured in times.items():
        median = statistics.median(measured)
        print(f"{name:<22} {median:>8.3f}s {min(measured):>8.3f}s {max(measured):>8.3f}s {median / bare:>7.1f}")


if __name__ == "__main__":
    main()
