"""A job of the service as we know it: typed, normalised, named by a fingerprint.

What cannot be told has a word of its own (UNKNOWN, UNSTATED), never a guess (I4).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NewType, assert_never
from urllib.parse import urlsplit, urlunsplit

from reconciler.core.canonical import digest

JobId = NewType("JobId", str)


class JobType(Enum):
    """What made the job.  The service does not say; it is read off the result fields."""

    RENDER = "render"
    PREVIEW = "preview"
    TRANSCRIPTION = "transcription"
    HIGHLIGHTS = "highlights"
    IMAGE = "image"
    VIDEO = "video"
    UNKNOWN = "unknown"

    __hash__ = object.__hash__  # each is there once: its name need not be hashed


KNOWN_TYPES: frozenset[JobType] = frozenset(JobType) - {JobType.UNKNOWN}


class JobStatus(Enum):
    """The service's word for the state, from `data.status` alone."""

    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CLEANED = "cleaned"
    UNSTATED = "completed, inferred"  # results without a status: likely finished, not said
    UNKNOWN = "unknown"  # no status, or a word we do not know

    __hash__ = object.__hash__  # each is there once: its name need not be hashed


STATED: frozenset[JobStatus] = frozenset(JobStatus) - {JobStatus.UNSTATED, JobStatus.UNKNOWN}
TERMINAL: frozenset[JobStatus] = frozenset({JobStatus.COMPLETED, JobStatus.FAILED})


class AssetKind(Enum):
    """The kinds of things a job can hold.  The value is the stem of the file name in a bag."""

    VIDEO = "video"
    AUDIO = "audio"
    THUMBNAIL = "thumbnail"
    SRT = "subtitles-srt"
    VTT = "subtitles-vtt"
    TXT = "subtitles-txt"
    IMAGE = "image"
    PREVIEW_IMAGE = "preview-image"
    LAST_FRAME = "last-frame"
    NARRATION = "narration"
    TRANSCRIPT = "transcript"
    HIGHLIGHTS = "highlights"
    MEDIA_INFO = "media-info"
    RENDER_PARAMS = "render-params"
    STORYBOARD = "storyboard"
    SHARE_PAGE = "share-page"
    PREVIEW_PAGE = "preview-page"
    EDITOR_PAGE = "editor-page"


class AssetForm(Enum):
    """How an asset reaches us."""

    FILE = "file"  # behind an address; fetched and proved
    INLINE = "inline"  # inside the body; written as it is
    PAGE = "page"  # a web page; its address is recorded, it is not fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One thing a job holds.

    `field` is the service's own spelling; `address` is set for FILE and PAGE; `content` is the digest of an INLINE
    asset's text or JSON.
    """

    kind: AssetKind
    form: AssetForm
    field: str
    extension: str
    address: str = ""
    content: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job as read from a listing or on its own.

    `status_word` is the service's own word, for messages.  `lacks` names the kinds that a completed job of its type
    must have and this one has not.  `name` is the output's (of a render or preview), `project` the id of the project
    it belongs to; both "" where none is shown.  `shared_at` is the time at the head of its share page's id.
    `unlisted_fields` are field names that look like addresses and are not known to us.  `contradictions` are sentences
    about what in it cannot be true at once; a job with one is held.  `other_ids` are further ids that the same body
    claims.
    """

    id: JobId
    type: JobType
    status: JobStatus
    status_word: str
    assets: tuple[Asset, ...]
    lacks: tuple[AssetKind, ...] = ()
    name: str = ""
    project: str = ""
    shared_at: datetime | None = None
    unlisted_fields: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()
    other_ids: tuple[JobId, ...] = ()
    fingerprint: str

    @property
    def is_terminal(self) -> bool:
        """Whether the service says that it has ended, well or badly."""
        return self.status in TERMINAL

    @property
    def needs_copies(self) -> bool:
        """Whether it holds anything that an archive must hold."""
        return any(map(_is_copied, self.assets))

    @property
    def copies_needed(self) -> tuple[Asset, ...]:
        """What an archive of it must hold: all files and all inline content."""
        return tuple(filter(_is_copied, self.assets))


def _is_copied(asset: Asset) -> bool:
    return asset.form is not AssetForm.PAGE


def fingerprint(
    job_type: JobType, status: JobStatus, status_word: str, assets: tuple[Asset, ...], unlisted: tuple[str, ...]
) -> str:
    """Name a job's facts: equal facts, equal name, on whatever call they were read.

    An address counts without query and fragment, since a signed link differs at every reading of the same job.
    """
    facts = {
        "v": 1,
        "type": job_type.value,
        "status": status.value,
        "word": status_word,
        "assets": sorted([a.kind.value, a.form.value, a.field, _identity(a)] for a in assets),
        "unlisted": sorted(unlisted),
    }
    return digest(facts)


def _identity(asset: Asset) -> str:
    match asset.form:
        case AssetForm.INLINE:
            return asset.content
        case AssetForm.FILE | AssetForm.PAGE:
            return without_query(asset.address)
        case _:
            assert_never(asset.form)


def without_query(address: str) -> str:
    """Give an address without query and fragment: what stays of a signed link from one reading to the next."""
    try:
        parts = urlsplit(address)
    except ValueError:  # an address no parser accepts still names itself
        return address
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
