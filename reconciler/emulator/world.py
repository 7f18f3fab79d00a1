"""The state behind the emulated service: jobs, their files, and what a clean does to them.

The protocol layers (api, assets, control) hold no state of their own.
"""

import uuid
from dataclasses import dataclass, field

from reconciler.emulator.media import Media
from reconciler.emulator.seeding import Draft, drafts

Body = dict[str, object]

ASSET = "asset:"
"""Begins an address in a draft; what follows is the path below the job's folder on the asset host."""


@dataclass
class Record:
    """One job: the body a GET answers, the item a list shows, its files by path on the asset host."""

    job_id: str
    got: Body
    listed: Body
    files: dict[str, Media] = field(default_factory=dict)
    cleaned: bool = False


class World:
    """All jobs of the emulated account, newest first."""

    def __init__(self, *, jobs: int, seed: int, media_mb: int) -> None:
        self.records: dict[str, Record] = {}
        made = list(drafts(jobs=jobs, seed=seed, media_mb=media_mb))
        for draft in made:
            self.put(draft, newest=False)

    def put(self, draft: Draft, *, newest: bool) -> None:
        """Add or replace a job, at the head of the list or at its end."""
        folder = f"/Plan-Name/clientid/{folder_name(draft.job_id)}"
        files = {f"{folder}/{path}": made for path, made in draft.files.items()}
        got, listed = (served(body, f"{ASSET}{folder}/") for body in (draft.got, draft.listed))
        record = Record(draft.job_id, got, listed, files)
        rest = {job_id: kept for job_id, kept in self.records.items() if job_id != draft.job_id}
        self.records = {draft.job_id: record, **rest} if newest else {**rest, draft.job_id: record}

    def listing(self) -> list[Record]:
        """Give all jobs, newest first."""
        return list(self.records.values())

    def file(self, path: str) -> Media | None:
        """Find a file that is still there."""
        for record in self.records.values():
            if not record.cleaned and path in record.files:
                return record.files[path]
        return None

    def status(self, record: Record) -> str:
        """Give the status a job's own body states."""
        inner = record.got.get("data")
        return str(inner.get("status", "")) if isinstance(inner, dict) else ""

    def clean(self, record: Record) -> bool:
        """Clean a job; False when it may not be: it has not ended.  Cleaning it again changes nothing."""
        if self.status(record) not in {"completed", "failed", "cleaned", ""}:
            return False
        record.cleaned = True
        record.got = {"job_id": record.job_id, "success": True, "data": {"status": "cleaned"}}
        record.listed = {"success": True, "data": {"jobId": record.job_id, "status": "cleaned"}}
        return True


def folder_name(job_id: str) -> str:
    """Give the folder of a job's files: its id, or a made-up one for an id that an address could not carry."""
    return (
        job_id
        if job_id.replace("-", "").isalnum() and job_id.isascii()
        else str(uuid.uuid5(uuid.NAMESPACE_OID, ascii(job_id)))
    )


def served(body: Body, base: str) -> Body:
    """Give a body as it goes out: the asset host's address in place of the mark."""
    sent = _addressed(body, ASSET, base)
    return sent if isinstance(sent, dict) else {}


def _addressed(value: object, mark: str, address: str) -> object:
    """Give the value with `address` in place of `mark` wherever a text begins with it."""
    if isinstance(value, dict):
        return {key: _addressed(inner, mark, address) for key, inner in value.items()}
    if isinstance(value, list):
        return [_addressed(inner, mark, address) for inner in value]
    if isinstance(value, str) and value.startswith(mark):
        return address + value.removeprefix(mark)
    return value
