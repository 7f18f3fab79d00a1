"""A body of the service to a Job.  Never raises for what a body lacks: what cannot be told is UNKNOWN (I4)."""

from collections.abc import Iterator, Mapping

from reconciler.core.canonical import canonical_json
from reconciler.core.job import Asset, AssetForm, Job, JobId, JobStatus, JobType, fingerprint
from reconciler.engine.ports import InlinePart, JobDetail
from reconciler.errors import ServiceAnswerUnreadable
from reconciler.pictory.assets import HEAVY, find_assets, infer_type, lacking, unlisted
from reconciler.pictory.naming import find_name, find_project, find_shared_at
from reconciler.pictory.parts import REPEATED, Part, compact, fields

ID_SPELLINGS = (("job_id", False), ("jobId", False), ("job_id", True), ("jobId", True))
"""Name, and whether it stands inside `data`; in the order in which they are believed."""

STATUS_WORDS = {
    status.value: status for status in (JobStatus.IN_PROGRESS, JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CLEANED)
}

NOT_IN_A_PATH = frozenset({".", ".."})
"""Ids that would turn the call for one job into another call."""

MATTERS = frozenset({"job_id", "jobId", "status", "data"})
"""Keys whose repetition leaves open which value holds."""


Fields = Mapping[str, object]


def read_job(item: Part, *, asked: JobId | None = None) -> Job | None:
    """Read one job; None when it carries no id that can be written down, and none was asked for."""
    body, facts = _taken_apart(item)
    ids = _ids(body, facts)
    if asked is not None and asked not in ids:
        ids = (asked, *ids)
    if not ids or not is_text(ids[0]):
        return None
    try:
        return _job(body, facts, ids)
    except (RecursionError, ValueError):
        return _unreadable(ids)


def _taken_apart(item: Part) -> tuple[Fields, Fields]:
    """Give what stands beside `data`, and what stands in it."""
    body = fields(item, kept={"data"})
    inner = body.get("data")
    return body, fields(inner, kept=HEAVY) if isinstance(inner, Part) else {}


def _unreadable(ids: tuple[JobId, ...]) -> Job:
    """Give a job of which only the ids can be told: it nests too deeply, or holds numbers that are none."""
    return Job(
        id=ids[0],
        type=JobType.UNKNOWN,
        status=JobStatus.UNKNOWN,
        status_word="",
        assets=(),
        contradictions=("its body nests too deeply, or holds a number that is none, and cannot be written down",),
        other_ids=ids[1:],
        fingerprint=fingerprint(JobType.UNKNOWN, JobStatus.UNKNOWN, "", (), ()),
    )


def _job(body: Fields, facts: Fields, ids: tuple[JobId, ...]) -> Job:
    job_type = infer_type(facts)
    assets = find_assets(facts, job_type)
    status, word = _status(facts, has_results=bool(assets))
    strange = unlisted(body, facts, assets)
    return Job(
        id=ids[0],
        type=job_type,
        status=status,
        status_word=word,
        assets=assets,
        lacks=lacking(job_type, assets) if status is JobStatus.COMPLETED else (),
        name=find_name(facts, job_type, assets),
        project=find_project(facts, assets),
        shared_at=find_shared_at(assets),
        unlisted_fields=strange,
        contradictions=tuple(_contradictions(body, facts, ids)),
        other_ids=ids[1:],
        fingerprint=fingerprint(job_type, status, word, assets, strange),
    )


def read_detail(raw: bytes, asked: JobId) -> JobDetail:
    """Read the answer to a call for one job, with the content that the body itself carries.

    Raises:
        ServiceAnswerUnreadable: it is no JSON, names another job, or has text that cannot be written as UTF-8.
    """
    try:
        item = compact(raw)
    except ValueError as error:
        raise ServiceAnswerUnreadable(f"GET /v1/jobs/{asked} was not answered with JSON ({error})") from None
    body, facts = _taken_apart(item)
    ids = _ids(body, facts)
    if ids and asked not in ids:
        raise ServiceAnswerUnreadable(f"GET /v1/jobs/{asked} was answered with job {ids[0]}")
    job = read_job(item, asked=asked)
    if job is None:  # `asked` is an id, so there is always a job
        raise ServiceAnswerUnreadable(f"GET /v1/jobs/{asked} was answered without a job")
    return JobDetail(job=job, body=raw, inline=tuple(_inline(facts, job)))


def _ids(body: Fields, facts: Fields) -> tuple[JobId, ...]:
    """Give the different ids that the body claims, the most believed first."""
    found: list[JobId] = []
    for name, is_inner in ID_SPELLINGS:
        value = (facts if is_inner else body).get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value and value not in found:
            found.append(JobId(value))
    return tuple(found)


def _status(facts: Fields, *, has_results: bool) -> tuple[JobStatus, str]:
    word = facts.get("status")
    if isinstance(word, str) and word:
        return STATUS_WORDS.get(word, JobStatus.UNKNOWN), word
    if word not in (None, ""):
        return JobStatus.UNKNOWN, f"({type(word).__name__})"
    return (JobStatus.UNSTATED if has_results else JobStatus.UNKNOWN), ""


def _contradictions(body: Fields, facts: Fields, ids: tuple[JobId, ...]) -> Iterator[str]:
    if len(ids) > 1:
        yield f"its ids disagree: {', '.join(ids)}"
    if ids[0] in NOT_IN_A_PATH:
        yield "its id cannot be part of an address, so the service cannot be asked about it alone"
    repeated = {name for place in (body, facts) for name in _repeated(place)} & MATTERS
    if repeated:
        yield f"its body says twice: {', '.join(sorted(repeated))}"


def is_text(job_id: JobId) -> bool:
    """Tell whether an id can be written down and sent: no database and no address holds a zero or half a character."""
    return not any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in job_id)


def _repeated(place: Fields) -> tuple[str, ...]:
    names = place.get(REPEATED)
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def _inline(facts: Fields, job: Job) -> Iterator[InlinePart]:
    for asset in job.assets:
        if asset.form is AssetForm.INLINE:
            yield InlinePart(
                kind=asset.kind, extension=asset.extension, content=_content(facts[asset.field], asset, job.id)
            )


def _content(value: object, asset: Asset, job_id: JobId) -> bytes:
    if isinstance(value, Part):
        return value.content + b"\n"
    if asset.extension == "json":
        return canonical_json(value) + b"\n"
    try:
        return str(value).encode("utf-8")
    except UnicodeEncodeError:
        raise ServiceAnswerUnreadable(
            f"GET /v1/jobs/{job_id}: the text in {asset.field} holds half a character and cannot be written as it is"
        ) from None
