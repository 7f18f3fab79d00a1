"""How the account behaves where the documentation leaves it open: one switch for each unknown, all by name.

A scenario sets them, and so does the control port while the emulator runs.  The defaults are the documented behaviour,
or what the samples show.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, Self

Value = str | int | float | bool


class UnknownSwitch(ValueError):
    """A switch, or its position, is not known; the text names those that are."""


def _one_of(first: str, *others: str, means: str) -> Any:
    return field(default=first, metadata={"choices": (first, *others), "means": means})


def _flag(*, is_on: bool, means: str) -> Any:
    return field(default=is_on, metadata={"means": means})


def _number(start: float, *, at_least: float, at_most: float, means: str) -> Any:
    return field(default=start, metadata={"range": (at_least, at_most), "means": means})


YEAR_S = 366 * 86_400
SPELLINGS = ("job_id", "jobId", "data.job_id", "data.jobId")


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """The position of every switch.  Durations are seconds of the emulator's clock."""

    id_spelling: str = _one_of(
        "mixed", *SPELLINGS, means="where a job's answer carries its id; mixed: each job of the account in its own way"
    )
    list_id_spelling: str = _one_of("data.jobId", "job_id", "jobId", "data.job_id", means="the same in the job list")
    status_missing: bool = _flag(is_on=False, means="completed jobs carry their results and no status")
    video_field: str = _one_of("videoURL", "outputUrl", means="the name of a render's video")
    share_field: str = _one_of(
        "as-made", "videoShareURL", "shareVideoURL", means="the name of a share page; as-made: by the call's version"
    )
    preview_field: str = _one_of("as-made", "previewUrl", "preview", means="the name of a preview page")
    transcript_words: int = _number(
        0, at_least=0, at_most=1_000_000, means="words of every transcript, to make pages heavy; 0: a few"
    )

    page_size: int = _number(25, at_least=1, at_most=1000, means="jobs a page")
    list_end: str = _one_of("null", "absent", "empty", means="nextPageKey on the last page")
    empty_pages: int = _number(
        0, at_least=0, at_most=1000, means="every n-th page is empty and has a next one; 0: none"
    )
    page_overlap: int = _number(0, at_least=0, at_most=999, means="jobs of a page that the next page shows again")
    list_lag_s: float = _number(0, at_least=0, at_most=YEAR_S, means="the job list shows the account as it was then")
    list_is_thin: bool = _flag(is_on=False, means="list items hold id and status alone")
    cleaned_jobs: str = _one_of("listed", "hidden", means="cleaned jobs in the list")

    cleaned_get: str = _one_of("cleaned", "404", means="the answer to a GET of a cleaned job")
    unknown_job: str = _one_of(
        "404",
        *("5000-in-200", "5000-in-400", "5000-in-404", "5000-in-500"),
        means='a job that is not there: 404, or JOB_NOT_FOUND "5000" with this HTTP status',
    )
    clean_in_progress: str = _one_of("400", "409", "success-false", means="the clean of a running job")
    second_clean: str = _one_of("success", "404", means="the clean of a cleaned job")
    clean_takes_s: float = _number(0, at_least=0, at_most=YEAR_S, means="from a clean's answer to its effect")
    cached_after_clean_s: float = _number(
        0, at_least=0, at_most=YEAR_S, means="how long the asset host serves files of a cleaned job"
    )
    retention_s: float = _number(
        0, at_least=0, at_most=100 * YEAR_S, means="the service cleans a job by itself so long after its end; 0: never"
    )
    shared_uploads: bool = _flag(is_on=False, means="two transcriptions each were made from one uploaded file")
    job_takes_s: float = _number(20, at_least=0, at_most=YEAR_S, means="how long a created job is in progress")

    signed_links_s: float = _number(
        0, at_least=0, at_most=YEAR_S, means="links to files are signed and last so long; 0: plain links"
    )
    etag: str = _one_of(
        "s3",
        *("md5", "multipart", "weak", "none"),
        means="ETag of files; s3: MD5 up to 64 MiB, the form of multipart uploads beyond",
    )
    ranges: bool = _flag(is_on=True, means="the asset host answers Range")
    file_redirect: str = _one_of("none", "other-host", means="files are redirected to another host name")

    file_bytes_per_s: int = _number(
        0, at_least=0, at_most=10**12, means="what the asset host sends, all files together; 0: no limit.  In real time"
    )

    rate_limit: float = _number(
        0, at_least=0, at_most=100_000, means="API calls a second before 429; 0: no limit.  Counted in real time"
    )
    retry_after: str = _one_of("none", "seconds", "date", means="Retry-After with 429 and 503")
    bearer: str = _one_of("accepted", "refused", means="an OAuth token sent as `Bearer TOKEN`")
    token_lasts_s: float = _number(3600, at_least=1, at_most=YEAR_S, means="how long an OAuth token is good")
    user_id_required: bool = _flag(is_on=False, means="calls with an OAuth token need X-Pictory-User-Id")
    urllib_refused: bool = _flag(is_on=True, means="403, error code: 1010, for the User-Agent of Python's urllib")
    date_follows_clock: bool = _flag(
        is_on=False, means="the Date of answers is the emulator's clock, not the real time"
    )

    def set(self, asked: Mapping[str, object]) -> Self:
        """Give the switches with these positions.

        Raises:
            UnknownSwitch: a name or a position is not known.
        """
        known = {each.name: each for each in fields(self)}
        unknown = sorted(set(asked) - set(known))
        if unknown:
            raise UnknownSwitch(f"no switch {', '.join(unknown)}; there are {', '.join(known)}")
        positions: dict[str, Any] = {name: _position(known[name], value) for name, value in asked.items()}
        return replace(self, **positions)


def _position(switch: "Field[Any]", value: object) -> Value:
    choices, limits = switch.metadata.get("choices"), switch.metadata.get("range")
    if choices:
        # YAML reads `null` and `404` as no text; both are names of positions here.
        text = "null" if value is None else str(value)
        if text in choices:
            return text
        raise UnknownSwitch(f"{switch.name}: {value!r} is none of {', '.join(choices)}")
    if limits is None:
        if isinstance(value, bool):
            return value
        raise UnknownSwitch(f"{switch.name}: {value!r} is neither true nor false")
    is_whole = isinstance(switch.default, int) and switch.type in {int, "int"}
    if isinstance(value, bool) or not isinstance(value, int if is_whole else int | float):
        raise UnknownSwitch(f"{switch.name}: {value!r} is no {'whole ' if is_whole else ''}number")
    if not limits[0] <= value <= limits[1]:
        raise UnknownSwitch(f"{switch.name}: {value!r} is not between {limits[0]} and {limits[1]}")
    return value


def table() -> str:
    """Give all switches as a Markdown table, for the docs."""
    rows = ["| switch | positions, the first is the default | what it means |", "| --- | --- | --- |"]
    for each in fields(Switches):
        rows.append(f"| `{each.name}` | {_positions(each)} | {each.metadata['means']} |")
    return "\n".join(rows) + "\n"


def _positions(switch: "Field[Any]") -> str:
    choices, limits = switch.metadata.get("choices"), switch.metadata.get("range")
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices)
    if limits:
        return f"`{switch.default}` ({limits[0]} to {limits[1]})"
    return f"`{str(switch.default).lower()}`, `{str(not switch.default).lower()}`"
