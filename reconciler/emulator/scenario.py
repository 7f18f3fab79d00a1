"""A scenario: the account, its clock, its switches, its bad days and its own jobs, out of one YAML file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from reconciler.emulator.clock import Clock, utc_ms
from reconciler.emulator.drafts import Account
from reconciler.emulator.faults import Faults, UnknownWord
from reconciler.emulator.state import Credentials, State
from reconciler.emulator.switches import Switches, UnknownSwitch
from reconciler.emulator.world import World


class ScenarioRefused(ValueError):
    """A scenario is not understood; the text says where and why."""


PAIR = ("emulator", "emulator-secret")
"""The older client id and secret that are accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """How an account begins.  `put` are jobs beside the drafted ones, as the control port takes them."""

    jobs: int = 60
    seed: int = 1
    media_mb: int = 0
    key: str = "pictai_demo"
    client_id: str = PAIR[0]
    client_secret: str = PAIR[1]
    at: str = ""
    stands: bool = False
    switches: dict[str, object] = field(default_factory=dict)
    faults: tuple[dict[str, str], ...] = ()
    put: tuple[dict[str, Any], ...] = ()


_TEXT = {"type": "string", "minLength": 1}
_SCHEMA: dict[str, object] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "version": {"const": 1},
        "jobs": {"type": "integer", "minimum": 0, "maximum": 10_000_000},
        "seed": {"type": "integer"},
        "media_mb": {"type": "integer", "minimum": 0},
        "key": _TEXT,
        "client_id": _TEXT,
        "client_secret": _TEXT,
        "clock": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"at": _TEXT, "stands": {"type": "boolean"}},
        },
        "switches": {"type": "object"},
        "faults": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["route", "script"],
                "properties": {"route": _TEXT, "script": _TEXT, "match": {"type": "string"}},
            },
        },
        "put": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id"],
                "properties": {
                    "id": _TEXT,
                    "kind": {"type": "string"},
                    "data": {"type": "object"},
                    "body": {"type": "object"},
                    "listed": {"type": "object"},
                    "newest": {"type": "boolean"},
                    "bytes": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
                    "inputs": {"type": "array", "items": _TEXT},
                },
            },
        },
    },
}


class _TimesAsText(yaml.SafeLoader):
    """Reads times as the text they are."""


_TimesAsText.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file.

    Raises:
        ScenarioRefused: it cannot be read or understood; all that is wrong with its form is said at once.
    """
    try:
        written = _TimesAsText(path.read_text(encoding="utf-8")).get_single_data()
    except OSError as error:
        raise ScenarioRefused(f"{path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScenarioRefused(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    try:
        return scenario_of({} if written is None else written)
    except ScenarioRefused as error:
        raise ScenarioRefused(f"{path}: {error}") from None


def scenario_of(written: object) -> Scenario:
    """Read a scenario's content.

    Raises:
        ScenarioRefused: it is not understood.
    """
    checked = jsonschema.Draft7Validator(_SCHEMA)
    wrong = sorted(checked.iter_errors(written), key=lambda error: list(map(str, error.absolute_path)))
    if wrong or not isinstance(written, dict):
        raise ScenarioRefused("; ".join(f"{_place(error)}{error.message}" for error in wrong))
    clock = written.get("clock", {})
    plain = {name: value for name, value in written.items() if name not in {"version", "clock", "faults", "put"}}
    scenario = Scenario(
        **plain,
        at=clock.get("at", ""),
        stands=clock.get("stands", False),
        faults=tuple(written.get("faults", ())),
        put=tuple(written.get("put", ())),
    )
    _check(scenario)
    return scenario


def _place(error: jsonschema.ValidationError) -> str:
    place = ".".join(map(str, error.absolute_path))
    return f"{place}: " if place else ""


def _check(scenario: Scenario) -> None:
    try:
        Switches().set(scenario.switches)
        for fault in scenario.faults:
            Faults().add(**fault)
        if scenario.at:
            utc_ms(scenario.at)
    except (UnknownSwitch, UnknownWord, ValueError) as error:
        raise ScenarioRefused(str(error)) from None


def world_of(scenario: Scenario) -> World:
    """Make the world as a scenario begins it, without the jobs that it puts."""
    clock = Clock()
    if scenario.at:
        clock.set(utc_ms(scenario.at))
    if scenario.stands:
        clock.stop()
    account = Account(jobs=scenario.jobs, seed=scenario.seed, media_mb=scenario.media_mb)
    return World(account, clock, Switches().set(scenario.switches))


def credentials_of(scenario: Scenario) -> Credentials:
    """Give what the account accepts."""
    return Credentials(key=scenario.key, client_id=scenario.client_id, client_secret=scenario.client_secret)


def begin(state: State, scenario: Scenario) -> None:
    """Begin anew: nothing of before is left."""
    state.world = world_of(scenario)
    state.credentials = credentials_of(scenario)
    for forgotten in (state.cleaned_by, state.tokens, state.webhooks, state.faults, state.log):
        forgotten.clear()
    for fault in scenario.faults:
        state.faults.add(**fault)
    if state.folder:
        state.world.note = state.folder.begin(state.world.account)
