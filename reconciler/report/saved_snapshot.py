"""The saved snapshot, both ways: JSON Lines, so that a list of any length streams.

A header, a line per listed job, a line per job that only the ledger knows, and an end with a digest over all lines
before it: a file that was cut, edited, put in another order or doubled is refused.  Never a key, never an asset
address, which can open a file to anybody (I11): an asset that is read back has none.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import IO, Any, NoReturn

import jsonschema_rs

from reconciler.core.canonical import canonical_json
from reconciler.core.inventory import Inventory, ListingProof
from reconciler.core.job import Job, JobId
from reconciler.core.memory import KnownJob, LedgerView
from reconciler.core.snapshot import Snapshot
from reconciler.errors import SnapshotRefused
from reconciler.published_schemas import schema
from reconciler.report.snapshot_lines import (
    job_line,
    moment_in,
    moment_of,
    read_job,
    read_known,
    remembered_line,
    said,
    time_text,
)

FORMAT_VERSION = "1.0"
SCHEMA = "inventory.v1.json"
HINT = "A snapshot is read as it was written. Take a new one: reconciler snapshot --out inventory.jsonl"
LONGEST_HEADER = 1 << 20
"""Bytes that the first line may have: what is no snapshot need not be read to its end to be refused."""


# -- writing


def write_snapshot(snapshot: Snapshot) -> Iterator[str]:
    """Write a snapshot as lines of canonical JSON, each with its line feed."""
    hashed, counts = hashlib.sha256(), Counter[str]()
    for line in _content(snapshot):
        written = canonical_json(line) + b"\n"
        hashed.update(written)
        counts[str(line["kind"])] += 1
        yield written.decode("ascii")
    end = {
        "kind": "end",
        "jobs": counts["job"],
        "remembered": counts["remembered"],
        "digest": f"sha256:{hashed.hexdigest()}",
    }
    yield canonical_json(end).decode("ascii") + "\n"


def _content(snapshot: Snapshot) -> Iterator[dict[str, object]]:
    yield _header(snapshot)
    for job in snapshot.inventory.jobs:
        yield job_line(job, snapshot)
    for job_id in snapshot.unlisted:
        yield remembered_line(job_id, snapshot.memory)


def _header(snapshot: Snapshot) -> dict[str, object]:
    inventory, memory = snapshot.inventory, snapshot.memory
    proof = inventory.proof
    return {
        "kind": "header",
        "format_version": FORMAT_VERSION,
        "tool_version": snapshot.tool_version,
        "account": snapshot.account,
        "observed_at": time_text(inventory.observed_at),
        "made_at": time_text(snapshot.made_at),
        "inventory": {
            "digest": inventory.digest,
            "pages": proof.pages,
            "end_marker": proof.end_marker,
            "repeats": proof.repeats,
            "unnamed": proof.unnamed,
            "arrived": proof.arrived,
            "asked_alone": proof.asked_alone,
        },
        "ledger": said(account=memory.account, last_observed=time_text(memory.last_observed)),
        **said(problems=snapshot.problems),
    }


# -- reading


def read_snapshot(opened: IO[bytes], name: str) -> Snapshot:
    """Read what `write_snapshot` wrote, line by line; `name` is the file's, for messages.

    Raises:
        SnapshotRefused: it is no snapshot, of an unknown version, or not as it was written; with the line.
    """
    lines = _lines(opened, name)
    head, _ = next(lines)
    gathered = _Gathered()
    for line, where in lines:
        try:
            gathered.add(line)
        except ValueError as error:  # of the right form, and no such time, or a job that stands twice
            _refuse(where, str(error))
    try:
        return _snapshot(head, gathered)
    except ValueError as error:
        _refuse(f"{name}:1", str(error))


def _refuse(where: str, why: str, hint: str = HINT) -> NoReturn:
    raise SnapshotRefused(f"{where}: {why}", hint=hint)


def _lines(opened: IO[bytes], name: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Give every line but the end with its place, the header first; the end is checked when it comes."""
    hashed, counts, number = hashlib.sha256(), Counter[str](), 1
    content = opened.readline(LONGEST_HEADER)
    line = _header_line(content, name)
    while line["kind"] != "end":
        hashed.update(content)
        counts[line["kind"]] += 1
        yield line, f"{name}:{number}"
        number += 1
        content = opened.readline()
        line = _line(content, f"{name}:{number}")
    if opened.read(1):
        _refuse(f"{name}:{number + 1}", "the snapshot goes on after its end")
    if line["digest"] != f"sha256:{hashed.hexdigest()}":
        _refuse(name, "it was edited: its lines do not give the digest in its last one")
    if (line["jobs"], line["remembered"]) != (counts["job"], counts["remembered"]):
        _refuse(name, "it was edited: it has not as many lines as its last one says")


def _header_line(content: bytes, name: str) -> dict[str, Any]:
    try:
        read = _parsed(content)
    except ValueError:
        read = None
    version = read.get("format_version") if isinstance(read, dict) else None
    if not isinstance(read, dict) or not isinstance(version, str):
        _refuse(name, "it is not a snapshot: its first line has no format_version")
    if version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
        _refuse(
            name,
            f"it has format_version {version[:20]}, this program reads {FORMAT_VERSION}",
            "Read it with the version of the program that wrote it, or take a new snapshot.",
        )
    _check(read, "header", f"{name}:1")
    return read


def _line(content: bytes, where: str) -> dict[str, Any]:
    if not content.endswith(b"\n"):
        _refuse(where, "the snapshot was cut off: its end is missing")
    try:
        read = _parsed(content)
    except ValueError as error:
        _refuse(where, f"it is not JSON as it was written: {error}")
    kind = read.get("kind") if isinstance(read, dict) else None
    if not isinstance(read, dict) or not isinstance(kind, str) or kind not in {"job", "remembered", "end"}:
        _refuse(where, "it is no line of a snapshot")
    _check(read, kind, where)
    return read


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is no whole number")


_DECODER = json.JSONDecoder(parse_float=_no_number, parse_constant=_no_number)


def _parsed(content: bytes) -> object:
    try:
        return _DECODER.decode(content.decode("ascii"))
    except RecursionError:
        raise ValueError("it nests too deeply") from None


def _check(read: dict[str, Any], part: str, where: str) -> None:
    """Refuse what the published schema refuses: a quick yes, and jsonschema for the no (docs/adr/0011)."""
    if _is_valid(read, part):
        return
    from reconciler.report.misfits import misfit  # noqa: PLC0415 - start-up: a file that is right does not need it

    found = misfit(_part(part), read)
    if found is not None:
        _refuse(where, f"{found.field}: {found.message}")


def _is_valid(read: dict[str, Any], part: str) -> bool:
    try:
        return _quick(part).is_valid(read)
    except ValueError:  # half a character is no text to it
        return False


@cache
def _part(part: str) -> dict[str, Any]:
    return {"definitions": schema(SCHEMA)["definitions"], "$ref": f"#/definitions/{part}"}


@cache
def _quick(part: str) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(_part(part))


class _Gathered:
    """What the lines after the header say, while they come in."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.created_dates: dict[JobId, datetime] = {}
        self.sizes: dict[JobId, int] = {}
        self.known: dict[JobId, KnownJob] = {}
        self.imported: dict[JobId, datetime] = {}
        self._ids: set[JobId] = set()

    def add(self, line: Mapping[str, Any]) -> None:
        """Take one line in.

        Raises:
            ValueError: the job stood in an earlier line, or a time is none.
        """
        job_id = JobId(line["id"])
        if job_id in self._ids:
            raise ValueError("its job stands in an earlier line too")
        self._ids.add(job_id)
        if line["kind"] == "job":
            self._add_listed(line, job_id)
        if "known" in line:
            self.known[job_id] = read_known(line["known"])
        if "imported_at" in line:
            self.imported[job_id] = moment_of(line["imported_at"])

    def _add_listed(self, line: Mapping[str, Any], job_id: JobId) -> None:
        self.jobs.append(read_job(line, job_id))
        if "created_at" in line:
            self.created_dates[job_id] = moment_of(line["created_at"])
        if "size" in line:
            self.sizes[job_id] = line["size"]


def _snapshot(head: Mapping[str, Any], gathered: _Gathered) -> Snapshot:
    listing, ledger = head["inventory"], head["ledger"]
    return Snapshot(
        account=head["account"],
        tool_version=head["tool_version"],
        made_at=moment_of(head["made_at"]),
        inventory=Inventory(
            jobs=tuple(gathered.jobs),
            proof=ListingProof(
                pages=listing["pages"],
                end_marker=listing["end_marker"],
                repeats=listing.get("repeats", 0),
                unnamed=listing.get("unnamed", 0),
                arrived=listing.get("arrived", 0),
                asked_alone=listing.get("asked_alone", 0),
            ),
            observed_at=moment_of(head["observed_at"]),
            digest=listing["digest"],
            created_dates=gathered.created_dates,
            sizes=gathered.sizes,
        ),
        memory=LedgerView(
            account=ledger.get("account", ""),
            jobs=gathered.known,
            last_observed=moment_in(ledger, "last_observed"),
            imported=gathered.imported,
        ),
        problems=tuple(head.get("problems", ())),
    )
