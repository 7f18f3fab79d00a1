"""One line of a snapshot, both ways: a listed job, or one that only the ledger knows.  What is absent is empty.

The readers take lines that the published schema takes.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from reconciler.core.job import Asset, AssetForm, AssetKind, Job, JobId, JobStatus, JobType
from reconciler.core.memory import KnownJob, LedgerHold, LedgerView
from reconciler.core.snapshot import Snapshot

TYPES = {each.value: each for each in JobType}
STATUSES = {each.value: each for each in JobStatus}
KINDS = {each.value: each for each in AssetKind}
FORMS = {each.value: each for each in AssetForm}


# -- writing


def said(**facts: object) -> dict[str, object]:
    """Leave out what says nothing; a number always says something."""
    return {name: value for name, value in facts.items() if value or type(value) is int}


def job_line(job: Job, snapshot: Snapshot) -> dict[str, object]:
    """Give the line of a listed job, with all that is known of it elsewhere."""
    inventory = snapshot.inventory
    return said(
        kind="job",
        id=job.id,
        type=job.type.value,
        status=job.status.value,
        status_word=job.status_word,
        name=job.name,
        project=job.project,
        shared_at=time_text(job.shared_at),
        fingerprint=job.fingerprint,
        assets=[_asset_part(asset) for asset in job.assets],
        lacks=[kind.value for kind in job.lacks],
        contradictions=job.contradictions,
        other_ids=job.other_ids,
        unlisted_fields=job.unlisted_fields,
        created_at=time_text(inventory.created_dates.get(job.id)),
        size=inventory.sizes.get(job.id),
        **_memory(job.id, snapshot.memory),
    )


def _asset_part(asset: Asset) -> dict[str, object]:
    facts: dict[str, object] = {
        "kind": asset.kind.value,
        "form": asset.form.value,
        "field": asset.field,
        "extension": asset.extension,
    }
    return {**facts, "content": asset.content} if asset.content else facts


def remembered_line(job_id: JobId, memory: LedgerView) -> dict[str, object]:
    """Give the line of a job that the list lacks."""
    return said(kind="remembered", id=job_id, **_memory(job_id, memory))


def _memory(job_id: JobId, memory: LedgerView) -> dict[str, object]:
    known = memory.jobs.get(job_id)
    return said(imported_at=time_text(memory.imported.get(job_id)), known=_known_part(known) if known else None)


def _known_part(known: KnownJob) -> dict[str, object]:
    return said(
        sequence=known.sequence,
        first_seen=time_text(known.first_seen),
        last_seen=time_text(known.last_seen),
        left=known.left,
        archived=sorted(known.archived),
        missing_until=time_text(known.missing_until),
        type=known.type.value,
        status=known.status.value,
        name=known.name,
        project=known.project,
        size=known.size,
        released_since=time_text(known.released_since),
        kept_until=time_text(known.kept_until),
        holds=[_hold_part(hold) for hold in known.holds],
        archived_at=time_text(known.archived_at),
        unarchived=known.unarchived,
        lost_at=time_text(known.lost_at),
        left_at=time_text(known.left_at),
        left_how=known.left_how,
    )


def _hold_part(hold: LedgerHold) -> dict[str, object]:
    return {
        "rule": hold.rule,
        **said(
            owner=hold.owner,
            reason=hold.reason,
            set_at=time_text(hold.set_at),
            until=time_text(hold.until),
            unkept_since=time_text(hold.unkept_since),
        ),
    }


def time_text(moment: datetime | None) -> str | None:
    """Write a time to the microsecond where it has any: a share page's tells them, and a decision may turn on them."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z" if moment else None


# -- reading


def read_job(line: Mapping[str, Any], job_id: JobId) -> Job:
    """Give the job of a line; its assets have no address."""
    return Job(
        id=job_id,
        type=TYPES[line["type"]],
        status=STATUSES[line["status"]],
        status_word=line.get("status_word", ""),
        assets=_read_assets(line.get("assets", ())),
        lacks=tuple([KINDS[kind] for kind in line.get("lacks", ())]),
        name=line.get("name", ""),
        project=line.get("project", ""),
        shared_at=moment_in(line, "shared_at"),
        unlisted_fields=tuple(line.get("unlisted_fields", ())),
        contradictions=tuple(line.get("contradictions", ())),
        other_ids=tuple(line.get("other_ids", ())),
        fingerprint=line["fingerprint"],
    )


def _read_assets(read: Iterable[Mapping[str, Any]]) -> tuple[Asset, ...]:
    return tuple(
        [_asset(each["kind"], each["form"], each["field"], each["extension"], each.get("content", "")) for each in read]
    )


@lru_cache(maxsize=1024)
def _asset(kind: str, form: str, field: str, extension: str, content: str) -> Asset:
    # Without an address nearly all assets are alike: one value for all that are.
    return Asset(kind=KINDS[kind], form=FORMS[form], field=field, extension=extension, content=content)


def read_known(read: Mapping[str, Any]) -> KnownJob:
    """Give what the ledger remembers of the job of a line."""
    return KnownJob(
        sequence=read["sequence"],
        first_seen=moment_of(read["first_seen"]),
        last_seen=moment_of(read["last_seen"]),
        left=read.get("left", False),
        archived=frozenset(read.get("archived", ())),
        missing_until=moment_in(read, "missing_until"),
        type=TYPES[read["type"]],
        status=STATUSES[read["status"]],
        name=read.get("name", ""),
        project=read.get("project", ""),
        size=read.get("size"),
        released_since=moment_in(read, "released_since"),
        kept_until=moment_in(read, "kept_until"),
        holds=tuple([_read_hold(hold) for hold in read.get("holds", ())]),
        archived_at=moment_in(read, "archived_at"),
        unarchived=read.get("unarchived", False),
        lost_at=moment_in(read, "lost_at"),
        left_at=moment_in(read, "left_at"),
        left_how=read.get("left_how", ""),
    )


def _read_hold(read: Mapping[str, Any]) -> LedgerHold:
    return LedgerHold(
        rule=read["rule"],
        owner=read.get("owner", ""),
        reason=read.get("reason", ""),
        set_at=moment_of(read["set_at"]),
        until=moment_in(read, "until"),
        unkept_since=moment_in(read, "unkept_since"),
    )


def moment_in(read: Mapping[str, Any], name: str) -> datetime | None:
    """Read a time that may be absent.

    Raises:
        ValueError: there is no such day or time.
    """
    return moment_of(read[name]) if name in read else None


@lru_cache(maxsize=1024)
def moment_of(text: str) -> datetime:
    """Read a time of the form that the schema demands.

    Raises:
        ValueError: there is no such day or time.
    """
    return datetime.fromisoformat(text)
