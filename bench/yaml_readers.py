"""Our reader of YAML beside others, and `validate` as a whole: 1,000 rules, medians in one run (docs/adr/0002, 0009).

ruamel.yaml is no dependency; its line appears where it is installed.
"""

import importlib
import importlib.util
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml
from jsonschema import Draft7Validator

from reconciler.desired.quick_check import is_valid
from reconciler.desired.reader import parse_desired
from reconciler.desired.yaml_tree import read_tree
from reconciler.published_schemas import schema

RUNS = 9


def document(rules: int) -> bytes:
    head = "version: 1\naccount: acme\notherwise: clean\nretain:\n"
    rule = "  - name: rule-{n}\n    ids: [00000000-0000-4000-8000-{n:012d}]\n    owner: team\n    reason: on a page\n"
    return (head + "".join(rule.format(n=n) for n in range(rules))).encode()


NESTED = (
    "  - {{name: rule-{n}, match: {{type: [render, preview], status: failed, name: 'n-{n}*', "
    "not: {{any: [{{name: 'x*'}}, {{project: a}}]}}}}, group_by: [name], keep_last: 3, owner: team}}\n"
)


def nested(rules: int) -> bytes:
    head = "version: 1\naccount: acme\notherwise: clean\nretain:\n"
    return (head + "".join(NESTED.format(n=n) for n in range(rules))).encode()


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
    schema_answers()
    whole_command()


def schema_answers() -> None:
    """The quick yes beside jsonschema's, on rules with nested selectors."""
    tree = read_tree(nested(1000)).value
    explaining = Draft7Validator(schema("desired-state.v1.json"))
    answers: dict[str, Callable[[], bool]] = {
        "jsonschema-rs": lambda: is_valid("desired-state.v1.json", tree),
        "jsonschema": lambda: explaining.is_valid(tree),
    }
    print("\n1,000 rules with nested selectors: is the tree what the schema says?")
    for name, answer in answers.items():
        times = []
        for _ in range(RUNS):
            began = time.perf_counter()
            answer()
            times.append((time.perf_counter() - began) * 1000)
        print(f"{name:<34} {statistics.median(times):>8.1f} ms")


def whole_command() -> None:
    """`reconciler validate` as a process, beside a bare interpreter; the goal is 0.5 s between them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "retention.yaml"
        file.write_bytes(nested(1000))
        commands = {
            "bare python": [sys.executable, "-c", "pass"],
            "reconciler validate": [sys.executable, "-m", "reconciler", "validate", "-f", str(file)],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, command in commands.items():
                began = time.perf_counter()
                subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
                times[name].append(time.perf_counter() - began)
    bare, ours = (statistics.median(measured) for measured in times.values())
    print(f"\nvalidate of these 1,000 rules: {ours:.3f} s, {ours - bare:.3f} s beyond a bare interpreter")


if __name__ == "__main__":
    main()
