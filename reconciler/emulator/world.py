"""The state behind the emulated service: jobs, their files, and what time and cleans do to them.

Drafted jobs are made anew when asked for; what happened to them, and the jobs that were added, is what is kept.  Every
change goes through `note` first, so that a folder can hold it.  The protocol layers hold no state of their own.
"""

import uuid
from base64 import b64decode, b64encode
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from reconciler.emulator.clock import Clock
from reconciler.emulator.drafts import UPLOADED, Account, Draft, draft_of
from reconciler.emulator.media import Media, made
from reconciler.emulator.shapes import Body
from reconciler.emulator.switches import Switches

FAR_MS = 1 << 60
"""Later than any job."""


class Phase(Enum):
    """What has become of a job."""

    RUNNING = "running"
    ENDED = "ended"
    CLEANED = "cleaned"


def _forget(_event: Body) -> None:
    """Keep the state in memory alone."""


@dataclass
class World:
    """All jobs of the emulated account."""

    account: Account
    clock: Clock = field(default_factory=Clock)
    switches: Switches = field(default_factory=Switches)
    note: Callable[[Body], None] = _forget
    uploads: dict[str, Media] = field(default_factory=dict)
    cleaned_ms: dict[str, int] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    _added: dict[str, Draft] = field(default_factory=dict)
    _newest: list[Draft] = field(default_factory=list)  # oldest of them first
    _oldest: list[Draft] = field(default_factory=list)  # newest of them first
    _gone: set[str] = field(default_factory=set)
    _folders: dict[str, str] = field(default_factory=dict)
    _uploads_gone_ms: dict[str, int] = field(default_factory=dict)
    _count: int = 0

    # -- changes

    def do(self, event: dict[str, Any]) -> None:
        """Take a change, now or as it was noted once."""
        match event["do"]:
            case "put":
                self._put(draft_of(event["draft"]), newest=event["newest"])
            case "remove":
                self._remove(event["job_id"])
            case "clean":
                self._clean(event["job_id"], event["at_ms"])
            case "switch":
                self.switches = self.switches.set(event["switches"])
            case "clock":
                self.clock.ahead_ms, self.clock.stands_at_ms = event["ahead_ms"], event["stands_at_ms"]
            case "upload":
                self.uploads[event["path"]] = Media(event["content_type"], b64decode(event["content"]))
            case "told":
                self.told.add(event["job_id"])
            case unknown:
                raise ValueError(f"no change {unknown!r}")

    def change(self, event: dict[str, Any]) -> None:
        """Note a change, then take it."""
        self.note(event)
        self.do(event)

    def put(self, draft: Draft, *, newest: bool = True) -> None:
        """Add a job, or put it in the place of one with its id, at the head of the list or at its end."""
        self.change({"do": "put", "draft": draft.as_json(), "newest": newest})

    def remove(self, job_id: str) -> None:
        """Take a job away as if it had never been."""
        self.change({"do": "remove", "job_id": job_id})

    def clean(self, draft: Draft) -> None:
        """Clean a job that has ended; cleaning it again changes nothing."""
        if draft.job_id not in self.cleaned_ms:
            self.change({"do": "clean", "job_id": draft.job_id, "at_ms": self.clock.now_ms()})

    def take_upload(self, path: str, content_type: str, content: bytes) -> None:
        """Take an uploaded file in."""
        coded = b64encode(content).decode()
        self.change({"do": "upload", "path": path, "content_type": content_type, "content": coded})

    def next_number(self) -> int:
        """Give a number that no job has yet."""
        return self.account.jobs + self._count

    def _put(self, draft: Draft, *, newest: bool) -> None:
        self._remove(draft.job_id)
        self._count += 1
        if newest:
            last = self._newest[-1].created_ms if self._newest else self.account.created_ms(0)
            draft = replace(draft, created_ms=max(draft.created_ms, last + 1))
            self._newest.append(draft)
        else:
            last = self._oldest[-1].created_ms if self._oldest else self.account.created_ms(self.account.jobs)
            draft = replace(draft, created_ms=last - 1)
            self._oldest.append(draft)
        self._added[draft.job_id] = draft
        self._folders[folder_name(draft.job_id)] = draft.job_id

    def _remove(self, job_id: str) -> None:
        self._gone.add(job_id)
        self.cleaned_ms.pop(job_id, None)
        if self._added.pop(job_id, None):
            self._newest = [draft for draft in self._newest if draft.job_id != job_id]
            self._oldest = [draft for draft in self._oldest if draft.job_id != job_id]

    def _clean(self, job_id: str, at_ms: int) -> None:
        self.cleaned_ms[job_id] = at_ms
        draft = self.find(job_id)
        for path in draft.inputs if draft else ():
            self._uploads_gone_ms.setdefault(path, at_ms)

    # -- jobs

    def find(self, job_id: str) -> Draft | None:
        """Find a job by its id."""
        added = self._added.get(job_id)
        if added:
            return added
        position = None if job_id in self._gone else self.account.position_of(job_id)
        return None if position is None else self._drafted(position)

    def before(self, at_ms: int) -> Iterator[Draft]:
        """Give the jobs made before a time, newest first."""
        for place in range(bisect_left(self._newest, at_ms, key=lambda draft: draft.created_ms) - 1, -1, -1):
            yield self._newest[place]
        for position in range(self.account.position_before(at_ms), self.account.jobs):
            if not self._gone or self.account.id_at(position) not in self._gone:
                yield self._drafted(position)
        yield from (draft for draft in self._oldest if draft.created_ms < at_ms)

    def of_kind(self, kind: str, at_ms: int) -> Iterator[Draft]:
        """Give the jobs of a kind made before a time, newest first; others are not drafted."""
        yield from (draft for draft in reversed(self._newest) if draft.kind == kind and draft.created_ms < at_ms)
        for position in range(self.account.position_before(at_ms), self.account.jobs):
            if self.account.kind_at(position) == kind and self.account.id_at(position) not in self._gone:
                yield self._drafted(position)
        yield from (draft for draft in self._oldest if draft.kind == kind and draft.created_ms < at_ms)

    def added(self) -> Iterator[Draft]:
        """Give the jobs that were added to the drafted ones."""
        yield from self._newest
        yield from self._oldest

    def how_many(self) -> int:
        """Count the jobs, cleaned ones among them."""
        drafted_away = sum(self.account.position_of(job_id) is not None for job_id in self._gone)
        return self.account.jobs + len(self._added) - drafted_away

    def _drafted(self, position: int) -> Draft:
        return self.account.draft(
            position, words=self.switches.transcript_words, shares_uploads=self.switches.shared_uploads
        )

    # -- what has become of them

    def phase(self, draft: Draft, at_ms: int) -> Phase:
        """Tell what had become of a job at a time."""
        if stated(draft) == "cleaned" or self._removal_ms(draft) <= at_ms:
            return Phase.CLEANED
        return Phase.RUNNING if at_ms < draft.ends_ms else Phase.ENDED

    def _removal_ms(self, draft: Draft) -> int:
        """Tell when a job was, or will be, cleaned: by a call, or by the service itself."""
        asked = self.cleaned_ms.get(draft.job_id)
        removal = FAR_MS if asked is None else asked + ms(self.switches.clean_takes_s)
        if self.switches.retention_s and stated(draft) in {"completed", "failed", ""}:
            removal = min(removal, draft.ends_ms + ms(self.switches.retention_s))
        return removal

    # -- files

    def file(self, path: str) -> tuple[Draft | None, str] | None:
        """Find a file that is still served: the job and the path below its folder, or an upload and its whole path."""
        if path.startswith(f"{UPLOADED}/"):
            return (None, path) if self._upload_is_there(path) else None
        parts = path.split("/", 4)
        draft = self._of_folder(parts[3]) if len(parts) == 5 and path.startswith("/Plan-Name/clientid/") else None
        if draft is None or parts[4] not in draft.files:
            return None
        now_ms = self.clock.now_ms()
        until_ms = self._removal_ms(draft) + ms(self.switches.cached_after_clean_s)
        return (draft, parts[4]) if draft.ends_ms <= now_ms < until_ms else None

    def upload(self, path: str) -> Media | None:
        """Give an uploaded file, whether it is still served or not."""
        spec = self.account.upload_spec(path)
        return made(spec) if spec else self.uploads.get(path)

    def _upload_is_there(self, path: str) -> bool:
        gone_ms = self._uploads_gone_ms.get(path, FAR_MS) + ms(self.switches.cached_after_clean_s)
        return self.clock.now_ms() < gone_ms and self.upload(path) is not None

    def _of_folder(self, folder: str) -> Draft | None:
        return self.find(self._folders.get(folder, folder))


def ms(seconds: float) -> int:
    """Give seconds as milliseconds."""
    return round(seconds * 1000)


def stated(draft: Draft) -> str:
    """Give the status that a job's own body states, "" where there is none."""
    data = draft.got.get("data") if draft.got is not None else draft.data
    return str(data.get("status", "")) if isinstance(data, dict) else ""


def folder(job_id: str) -> str:
    """Give the path of a job's files on the asset host."""
    return f"/Plan-Name/clientid/{folder_name(job_id)}"


def folder_name(job_id: str) -> str:
    """Give the folder of a job's files: its id, or a made-up one for an id that an address could not carry."""
    return (
        job_id
        if job_id.replace("-", "").isalnum() and job_id.isascii()
        else str(uuid.uuid5(uuid.NAMESPACE_OID, ascii(job_id)))
    )
