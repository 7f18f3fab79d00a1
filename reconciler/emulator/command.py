"""The verb `reconciler emulator`; the server itself is imported when it runs."""

from pathlib import Path
from typing import Any

import click


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8085, show_default=True, help="Port of the API; 0: any.")
@click.option("--asset-port", type=click.IntRange(0, 65535), default=8086, show_default=True, help="Port of the files.")
@click.option("--control-port", type=click.IntRange(0, 65535), default=8087, show_default=True, help="Control port.")
@click.option(
    "--scenario",
    "scenario_file",
    type=click.Path(path_type=Path),
    help="A YAML file: the account, switches, bad days, jobs.  The flags below win over it.",
)
@click.option("--jobs", type=click.IntRange(0, 10_000_000), help="How many jobs.  [default: 60]")
@click.option("--seed", type=int, help="The same seed gives the same account.  [default: 1]")
@click.option("--media-mb", type=click.IntRange(0), help="All media together, in MB.  [default: small]")
@click.option("--key", help="The API key that is accepted.  [default: pictai_demo]")
@click.option("--switch", "switches", multiple=True, metavar="NAME=POSITION", help="Set a switch; may be repeated.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep there what happens to the account, and go on from it at the next start.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to answer on.")
@click.option(
    "--expose",
    is_flag=True,
    help="With --host: everyone who reaches that address may then read and clean the emulated jobs, play with its "
    "clock, and have it call webhooks anywhere.",
)
@click.option("--until-stdin-closes", is_flag=True, help="Stop when standard input ends: never outlives its parent.")
def emulator(
    *,
    port: int,
    asset_port: int,
    control_port: int,
    scenario_file: Path | None,
    switches: tuple[str, ...],
    folder: Path | None,
    host: str,
    expose: bool,
    until_stdin_closes: bool,
    **flags: Any,
) -> None:
    """Serve an emulated account on this machine, to try everything where nothing can be lost.

    The first line on stdout says in JSON where it answers.  The control port shows every request that came
    (GET /_emulator/requests), turns switches, moves the clock, and plays bad days (POST /_emulator/faults).
    """
    from reconciler.emulator.starting import Refused, start  # noqa: PLC0415 - start-up: --help must not load the server

    if host != "127.0.0.1" and not expose:
        raise click.UsageError(
            f"--host {host} would let others reach the emulated account, its control port and its key; "
            "add --expose if that is meant"
        )
    try:
        start(
            ports=(port, asset_port, control_port),
            host=host,
            scenario_file=scenario_file,
            flags={name: value for name, value in flags.items() if value is not None},
            switches=switches,
            folder=folder,
            until_stdin_closes=until_stdin_closes,
        )
    except Refused as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"a port cannot be opened: {error.strerror}; name others, or 0 for any") from error
