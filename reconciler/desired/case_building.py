"""One case of a policy test, checked, to an inventory and a ledger's memory as a real decision gets them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from reconciler.core.canonical import digest
from reconciler.core.desired import DesiredState
from reconciler.core.inventory import Inventory, ListingProof
from reconciler.core.job import Asset, AssetForm, AssetKind, Job, JobId, JobStatus, JobType, fingerprint
from reconciler.core.memory import KnownJob, LedgerHold, LedgerView
from reconciler.core.moments import moment
from reconciler.desired.wording import shown
from reconciler.desired.yaml_tree import Path as KeyPath
from reconciler.engine.policy_tests import Expected, PolicyCase

Refuse = Callable[[KeyPath, str], None]
"""Takes a problem: the path inside the case, and what is wrong there."""

WHOLE = Asset(
    kind=AssetKind.VIDEO, form=AssetForm.FILE, field="videoURL", extension="mp4", address="https://files.invalid/a.mp4"
)


@dataclass(slots=True)
class _Times:
    """Reads the times of one case, in the policy's zone, and keeps what is wrong with them."""

    zone: tzinfo
    refuse: Refuse
    stand_in: datetime = field(default=datetime.fromisoformat("2000-01-01T00:00:00+00:00"))

    def read(self, written: Mapping[str, Any], key: str, path: KeyPath) -> datetime | None:
        """Read a time; None where none is written."""
        if key not in written:
            return None
        try:
            return moment(written[key], self.zone)
        except ValueError as error:
            self.refuse((*path, key), f"is {shown(written[key])}; {error}")
            return self.stand_in  # the case is refused; what else is wrong with it is told too


def build_case(written: dict[str, Any], desired: DesiredState, place: str, refuse: Refuse) -> PolicyCase:
    """Make a case of what the schema allows; `refuse` takes what is still wrong with it."""
    times = _Times(desired.zone, refuse)
    at = times.read(written, "at", ()) or times.stand_in
    listed: list[Job] = []
    known: dict[JobId, KnownJob] = {}
    imported: dict[JobId, datetime] = {}
    created: dict[JobId, datetime] = {}
    for position, job in enumerate(written["jobs"]):
        path: KeyPath = ("jobs", position)
        job_id = JobId(job["id"])
        if job.get("listed", "yes") == "yes":
            listed.append(_job(job, times.read(job, "shared_at", path)))
        remembered = _known(job, len(written["jobs"]) - position, at, times, path)
        for moments, key in ((imported, "made"), (created, "created_date")):
            told = times.read(job, key, path)
            if told:
                moments[job_id] = told
        if remembered:
            known[job_id] = remembered
    return PolicyCase(
        name=written["name"],
        place=place,
        at=at,
        inventory=Inventory(
            jobs=tuple(listed),
            proof=ListingProof(pages=1, end_marker="null", repeats=0, unnamed=0),
            observed_at=at,
            digest=digest(sorted(job.id for job in listed)),
            created_dates=created,
            sizes={JobId(job["id"]): job["size"] for job in written["jobs"] if "size" in job},
        ),
        memory=LedgerView(
            account=desired.account,
            jobs=known,
            last_observed=times.read(written, "last_observed", ()),
            imported=imported,
        ),
        expected=tuple(_expected(job_id, expected) for job_id, expected in written["expect"].items()),
    )


def _job(written: dict[str, Any], shared_at: datetime | None) -> Job:
    job_type = JobType(written.get("type", "unknown"))
    status = JobStatus(written.get("status", "completed"))
    word = "" if status is JobStatus.UNKNOWN else status.value
    assets = () if written.get("lacks_assets") else (WHOLE,)
    contradiction = written.get("contradiction")
    return Job(
        id=JobId(written["id"]),
        type=job_type,
        status=status,
        status_word=word,
        assets=assets,
        name=written.get("name", ""),
        project=written.get("project", ""),
        shared_at=shared_at,
        contradictions=(contradiction,) if contradiction else (),
        fingerprint=fingerprint(job_type, status, word, assets, ()),
    )


def _known(written: dict[str, Any], sequence: int, at: datetime, times: _Times, path: KeyPath) -> KnownJob | None:
    first_seen = times.read(written, "first_seen", path)
    if first_seen is None:
        return None
    return KnownJob(
        sequence=sequence,
        first_seen=first_seen,
        last_seen=at,
        left=written.get("listed") == "left",
        missing_until=times.read(written, "missing_until", path),
        type=JobType(written.get("seen_as", written.get("type", "unknown"))),
        status=JobStatus(written.get("status", "completed")),
        name=written.get("name", ""),
        project=written.get("project", ""),
        size=written.get("size"),
        released_since=times.read(written, "released_since", path),
        holds=tuple(
            LedgerHold(rule=rule, owner="", reason="", set_at=first_seen) for rule in written.get("protected_by", ())
        ),
    )


def _expected(job_id: str, written: str | dict[str, Any]) -> Expected:
    if isinstance(written, str):
        return Expected(job_id=JobId(job_id), verdict=written)
    return Expected(
        job_id=JobId(job_id),
        verdict=written["verdict"],
        because=tuple(written.get("because", ())),
        by=tuple(written.get("by", ())),
    )
