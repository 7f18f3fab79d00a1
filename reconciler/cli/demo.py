"""`reconciler demo`: the main job against the emulator, each step a command line that a reader can repeat."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.cli.output import product
from reconciler.errors import ReconcilerError, UsageRefused

MARK = ".reconciler-demo"
"""Stands in a folder that a demo made: only such a folder is ever made anew."""

JOBS, WORKERS = 60, 2

DESIRED_STATE = """\
# Which jobs stay.  Everything else is archived, proved and cleaned once the plan was reviewed.
version: 1
account: demo
otherwise: clean
retain:
{ids}
  - name: transcripts
    match: {{type: [transcription, highlights]}}
    owner: editorial
    reason: the archive of interviews is still being indexed
  - name: failures-for-support
    match: {{status: failed}}
    owner: support
    reason: open tickets
archive:
  stores: ["file:./archive"]
clean:
  min_age: 0         # the demo's ledger is new; leave this at 1d or more for real jobs
  max_jobs: 50
  max_share: 80%
"""


@dataclass(frozen=True, slots=True)
class _Emulator:
    """Where the emulator answers, and its made-up key."""

    api: str
    control: str
    key: str


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="Where the demo works; it is left there to be looked at.",
)
@click.option(
    "--media-mb",
    type=click.IntRange(min=0, max=100_000),
    default=0,
    help="Make the media about this many MB in all.  [default: small]",
)
@click.option(
    "--distributed",
    is_flag=True,
    help="Have the jobs copied by two worker processes of a Dask cluster, which the demo starts and ends.",
)
def demo(folder: Path, media_mb: int, *, distributed: bool) -> int:
    """Do the whole job once, against an emulated account of 60 jobs: nothing real is touched."""
    _fresh(folder)
    with _emulator(media_mb) as emulator, _workers() if distributed else nullcontext("") as workers:
        environ = {
            "PICTORY_API_BASE_URL": emulator.api,
            "PICTORY_API_KEY": emulator.key,
            "RECONCILER_TPSLIMIT": "200",
        }
        if workers:
            environ["RECONCILER_WORKERS"] = workers
        _write_desired_state(folder, emulator)
        product(f"An emulated account with {JOBS} jobs answers on {emulator.api}. Each step below is a command line:\n")
        product(f"$ cd {folder}")
        for name, text in environ.items():
            product(f"$ export {name}={text}")
        _steps(folder, environ)
        _note_what_came(folder, emulator)
    product(
        f"\nThe demo is done; the emulator has stopped. Look around:\n"
        f"  {folder}/retention.yaml      the reviewed file\n"
        f"  {folder}/plan.json           the plan that was applied\n"
        f"  {folder}/archive/jobs/       one BagIt bag per cleaned job; receipts beside it\n"
        f"  {folder}/state/ledger.db     the ledger: sightings, entries, receipts, audit chain\n"
        f"  {folder}/emulator.json       every request that the emulated service got, and what it held"
    )
    return 0


def _steps(folder: Path, environ: dict[str, str]) -> None:
    _step(folder, environ, "validate")
    _step(folder, environ, "plan", "--out", "plan.json")
    _step(folder, environ, "show", "plan.json", quiet_after=12)
    _step(folder, environ, "apply", "plan.json")
    _step(folder, environ, "verify")
    _step(folder, environ, "audit", "verify")
    _step(folder, environ, "plan", "--detailed-exitcode")


def _step(folder: Path, environ: dict[str, str], *arguments: str, quiet_after: int = 0) -> None:
    """Run one command as a user would; `quiet_after` shortens what was shown in full just before."""
    product(f"\n$ reconciler {' '.join(arguments)}")
    sys.stdout.flush()
    ended = subprocess.run(  # noqa: S603 - our own command, fixed arguments
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=folder,
        env={**_without_our_settings(), **environ},
        stdout=subprocess.PIPE if quiet_after else None,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if quiet_after:
        lines = ended.stdout.splitlines()
        product("\n".join([*lines[:quiet_after], f"  ... {len(lines)} lines, the plan as above"]))
    if ended.returncode:
        raise ReconcilerError(f"the demo's step `reconciler {' '.join(arguments)}` ended with {ended.returncode}")


def _without_our_settings() -> dict[str, str]:
    # A real key or address in the user's environment must not reach a demo, nor the demo's steps a real account.
    return {name: text for name, text in os.environ.items() if not name.startswith(("PICTORY_", "RECONCILER_"))}


def _fresh(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise UsageRefused(f"{folder} is not empty and no demo made it", hint="Name another folder: --dir FOLDER")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


def _write_desired_state(folder: Path, emulator: _Emulator) -> None:
    """Retain three finished renders by id, as a team would that has them on its pages."""
    renders = _renders(emulator)[:3]
    (folder / "retention.yaml").write_text(
        DESIRED_STATE.format(ids="\n".join(f"  - {job_id}" for job_id in renders)), encoding="utf-8"
    )


def _note_what_came(folder: Path, emulator: _Emulator) -> None:
    import requests

    told = {
        what: requests.get(f"{emulator.control}/_emulator/{what}", timeout=30).json() for what in ("requests", "truth")
    }
    (folder / "emulator.json").write_text(json.dumps(told, indent=1), encoding="utf-8")


def _renders(emulator: _Emulator) -> list[str]:
    from reconciler.core.job import JobStatus, JobType
    from reconciler.core.secret import Secret
    from reconciler.pictory.calls import ApiCalls
    from reconciler.pictory.credentials import RawKey
    from reconciler.pictory.pacing import Pacer
    from reconciler.pictory.reader import PictoryReader

    with ApiCalls(emulator.api, RawKey(Secret(emulator.key)), Pacer(200)) as calls:
        listed = PictoryReader(calls).list_jobs().jobs
    return [job.id for job in listed if job.type is JobType.RENDER and job.status is JobStatus.COMPLETED]


@contextmanager
def _workers() -> Iterator[str]:
    """Start a cluster of two workers; give what --workers takes."""
    module = "reconciler.archive.workers.local_cluster"
    with _running(
        [module, str(WORKERS)], "the Dask cluster", hint="Install it: pip install 'pictory-reconciler[dask]'"
    ) as at:
        yield at.strip()


@contextmanager
def _emulator(media_mb: int) -> Iterator[_Emulator]:
    ports = ("--port", "0", "--asset-port", "0", "--control-port", "0")
    arguments = ("--until-stdin-closes", "--jobs", str(JOBS), *ports, "--media-mb", str(media_mb))
    with _running(
        ["reconciler.emulator", *arguments], "the emulator", hint="Try it alone: reconciler emulator"
    ) as told:
        at = json.loads(told)
        yield _Emulator(api=at["api"], control=at["control"], key=at["key"])


@contextmanager
def _running(module: list[str], what: str, *, hint: str) -> Iterator[str]:
    """Run a module of ours, which ends when its standard input does; give its first line."""
    started = subprocess.Popen(  # noqa: S603 - our own module, fixed arguments
        [sys.executable, "-m", *module],
        env=_without_our_settings(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with started:
        if started.stdin is None or started.stdout is None:
            raise ReconcilerError(f"{what} was started without its pipes")
        first_line = started.stdout.readline()
        if not first_line:
            raise ReconcilerError(f"{what} did not start", hint=hint)
        try:
            yield first_line
        finally:
            started.stdin.close()
            started.wait(timeout=20)
