"""From a command line to a serving emulator: the scenario, and the flags that win over it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from reconciler.emulator.folder import FolderRefused
from reconciler.emulator.scenario import Scenario, ScenarioRefused, read_scenario, scenario_of
from reconciler.emulator.server import Options, serve


class Refused(ValueError):
    """What was asked cannot be; the text says why."""


def start(
    *,
    ports: tuple[int, int, int],
    host: str,
    scenario_file: Path | None,
    flags: Mapping[str, Any],
    switches: Sequence[str],
    folder: Path | None,
    until_stdin_closes: bool,
) -> None:
    """Serve until asked to stop.  `ports` are the API's, the files' and the control's; 0 takes a free one.

    Raises:
        Refused: the scenario, a flag or the folder is not understood.
        OSError: a port is taken.
    """
    try:
        scenario = with_flags(read_scenario(scenario_file) if scenario_file else Scenario(), flags, switches)
        serve(
            Options(
                port=ports[0],
                asset_port=ports[1],
                control_port=ports[2],
                host=host,
                scenario=scenario,
                folder=folder,
                until_stdin_closes=until_stdin_closes,
            )
        )
    except (ScenarioRefused, FolderRefused) as error:
        raise Refused(str(error)) from None


def with_flags(scenario: Scenario, flags: Mapping[str, Any], switches: Sequence[str]) -> Scenario:
    """Put flags, and switches written NAME=POSITION, over a scenario.

    Raises:
        ScenarioRefused: one of them is not understood.
    """
    turned = {**scenario.switches, **dict(_named(written) for written in switches)}
    scenario_of({**flags, "switches": turned})
    return replace(scenario, **flags, switches=turned)


def _named(written: str) -> tuple[str, object]:
    name, equals, position = written.partition("=")
    if not equals:
        raise ScenarioRefused(f"--switch {written}: write NAME=POSITION")
    return name, yaml.safe_load(position)
