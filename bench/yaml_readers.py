"""Our reader of YAML beside others, on a file of 1,000 rules: medians in one run (docs/adr/0002-yaml-events.md).

ruamel.yaml is no dependency; its line appears where it is installed.
"""

import importlib
import importlib.util
import io
import statistics
import time
from collections.abc import Callable

import yaml

from reconciler.desired.reader import parse_desired
from reconciler.desired.yaml_tree import read_tree

RUNS = 9


def document(rules: int) -> bytes:
    head = "version: 1\naccount: acme\notherwise: clean\nretain:\n"
    rule = "  - name: rule-{n}\n    ids: [00000000-0000-4000-8000-{n:012d}]\n    owner: team\n    reason: on a page\n"
    return (head + "".join(rule.format(n=n) for n in range(rules))).encode()


def ruamel_round_trip(content: bytes) -> object:
    return importlib.import_module("ruamel.yaml").YAML().load(io.BytesIO(content))


def readers() -> dict[str, Callable[[bytes], object]]:
    found: dict[str, Callable[[bytes], object]] = {
        "ours: tree with places": read_tree,
        "ours: to a checked desired state": lambda content: parse_desired(content, "retention.yaml"),
        "PyYAML, C, safe": lambda content: yaml.load(content, Loader=yaml.CSafeLoader),
        "PyYAML, Python, safe": lambda content: yaml.load(content, Loader=yaml.SafeLoader),
    }
    if importlib.util.find_spec("ruamel"):
        found["ruamel.yaml, round trip"] = ruamel_round_trip
    return found


def milliseconds(read: Callable[[bytes], object], content: bytes) -> float:
    began = time.perf_counter()
    read(content)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    content = document(1000)
    every = readers()
    times: dict[str, list[float]] = {name: [] for name in every}
    for _ in range(RUNS):
        for name, read in every.items():
            times[name].append(milliseconds(read, content))
    base = statistics.median(times["PyYAML, C, safe"])
    print(f"{len(content)} bytes, 1,000 rules, {RUNS} runs in turn")
    for name, measured in times.items():
        median = statistics.median(measured)
        print(f"{name:<34} {median:>8.1f} ms {median / base:>6.2f} x PyYAML's safe C loader")


if __name__ == "__main__":
    main()
