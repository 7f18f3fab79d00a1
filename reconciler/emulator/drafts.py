"""Jobs as they are drafted: made anew from the account's seed whenever somebody asks.  A million need no room."""

import random
import uuid
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

from reconciler.emulator.media import Spec
from reconciler.emulator.numbering import Numbering
from reconciler.emulator.shapes import (
    KINDS,
    ODD,
    SUBJECTS,
    USUAL,
    VIDEO_BYTES,
    WITH_VIDEO,
    Body,
    Facts,
    Maker,
    preview,
)

BEGIN_MS = 1_772_356_500_000  # 2026-03-01T09:15:00Z: the newest drafted job
APART_MS, TWO_YEARS_MS = 3_600_000, 730 * 86_400_000


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A job before its state: what it shows once it has ended, and what it was made from.

    `data` is spelled as the switches say; with `got` and `listed` both answers are given whole instead.  Its place in
    the list is by `created_ms`; it runs until `ends_ms`.  `files` are named below the job's folder, `inputs` by their
    whole path on the asset host.  `fails` ends it badly.
    """

    job_id: str
    number: int
    created_ms: int
    ends_ms: int
    kind: str = ""
    data: Body = field(default_factory=dict)
    got: Body | None = None
    listed: Body | None = None
    spelling: str = "job_id"
    files: dict[str, Spec] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    fails: bool = False
    webhook: str = ""
    webhook_input: object = None

    def as_json(self) -> Body:
        """Write it down."""
        return asdict(self)


def draft_of(written: dict[str, Any]) -> Draft:
    """Read what `as_json` wrote."""
    rest = {name: value for name, value in written.items() if name not in {"files", "inputs"}}
    specs = {path: Spec(**spec) for path, spec in written["files"].items()}
    return Draft(**rest, files=specs, inputs=tuple(written["inputs"]))


SPELLINGS = ("job_id", "jobId", "data.job_id", "data.jobId")


class Account:
    """The drafted jobs of an account, by position in the list, 0 the newest.  The same seed gives the same account."""

    def __init__(self, *, jobs: int, seed: int, media_mb: int) -> None:
        self.jobs, self.seed, self.media_mb = jobs, seed, media_mb
        self.apart_ms = min(APART_MS, TWO_YEARS_MS // max(1, jobs))
        self._ids = Numbering(seed, "job")
        self._uploads = Numbering(seed, "upload")
        chance = _chance(seed)
        many = min(len(ODD), max(0, jobs - 1))
        self._odd = dict(zip(chance.sample(range(jobs - 1), many), ODD, strict=False)) if many else {}
        videos = sum(shape in WITH_VIDEO for shape in USUAL) * (jobs - many) // len(USUAL)
        self._video_bytes = max(VIDEO_BYTES, media_mb * 1_000_000 // max(1, videos))

    def created_ms(self, position: int) -> int:
        """Tell when the job at a position was made."""
        return BEGIN_MS - position * self.apart_ms

    def position_before(self, at_ms: int) -> int:
        """Give the position of the newest job that was made before a time."""
        return max(0, (BEGIN_MS - at_ms) // self.apart_ms + 1) if at_ms <= BEGIN_MS else 0

    def id_at(self, position: int) -> str:
        """Give the id of the job at a position."""
        return self._ids.id_of(position)

    def position_of(self, job_id: str) -> int | None:
        """Find a drafted job; None when there is none of this id."""
        position = self._ids.number_of(job_id)
        return position if position is not None and position < self.jobs else None

    def draft(self, position: int, *, words: int = 0, shares_uploads: bool = False) -> Draft:
        """Draft the job at a position."""
        job_id, created_ms = self.id_at(position), self.created_ms(position)
        if position == self.jobs - 1:
            return self._disagreeing(job_id, created_ms)
        facts = Facts(position, created_ms, SUBJECTS[position % len(SUBJECTS)], self._video_bytes, words)
        data, files = self._shape(position)(facts)
        is_made_of_upload = "mediaInfo" in data
        return Draft(
            job_id=job_id,
            number=position,
            created_ms=created_ms,
            ends_ms=created_ms,
            kind=self.kind_at(position),
            data=data,
            spelling=SPELLINGS[position % len(SPELLINGS)],
            files=files,
            inputs=(self._upload(position, shared=shares_uploads),) if is_made_of_upload else (),
        )

    def kind_at(self, position: int) -> str:
        """Tell what the job at a position is, without drafting it; "" for the odd ones."""
        return KINDS.get(self._shape(position), "") if position < self.jobs - 1 else ""

    def _shape(self, position: int) -> Maker:
        odd = self._odd.get(position)
        if odd is not None:
            return odd
        turn, place = divmod(position, len(USUAL))
        return USUAL[_order(self.seed, turn)[place]]

    def upload_spec(self, path: str) -> Spec | None:
        """Find an uploaded file that a drafted job was made from."""
        parts = path.split("/")
        number = self._uploads.number_of(parts[-2]) if path.startswith(f"{UPLOADED}/") and len(parts) > 2 else None
        return Spec("mp4", number, 60_000) if number is not None and number < 2 * max(1, self.jobs) else None

    def _upload(self, position: int, *, shared: bool) -> str:
        turn = position // len(USUAL)
        number = turn // 2 if shared else self.jobs + position
        return f"{UPLOADED}/{self._uploads.id_of(number)}/input.mp4"

    def _disagreeing(self, job_id: str, created_ms: int) -> Draft:
        """Draft a job whose id spellings name two different jobs."""
        other = str(uuid.uuid5(uuid.NAMESPACE_OID, job_id))
        data, files = preview(Facts(0, created_ms, "a job of two names"))
        body: Body = {"job_id": job_id, "success": True, "data": {**data, "jobId": other}}
        return Draft(
            job_id=job_id, number=0, created_ms=created_ms, ends_ms=created_ms, got=body, listed=body, files=files
        )


UPLOADED = "/public/teams/t1/users/u1"


@lru_cache(maxsize=4096)
def _order(seed: int, turn: int) -> tuple[int, ...]:
    """Give the order of the usual shapes in one turn of them all."""
    order = list(range(len(USUAL)))
    _chance(f"{seed}:{turn}").shuffle(order)
    return tuple(order)


def _chance(seed: int | str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - an account to play with, not a secret
