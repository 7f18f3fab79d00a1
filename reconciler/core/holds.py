"""What holds a job that no rule keeps: each reason with the missing fact or the number."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import assert_never

from reconciler.core.canonical import utc_text
from reconciler.core.desired import DesiredState
from reconciler.core.job import TERMINAL, JobStatus, JobType
from reconciler.core.selectors import Match
from reconciler.core.subjects import Subject
from reconciler.core.times import least_age
from reconciler.core.verdicts import Hold, HoldCode


def base_holds(
    desired: DesiredState, subject: Subject, in_scope: Match, undecided: Mapping[str, str], as_of: datetime
) -> tuple[Hold, ...]:
    """Give every hold but those of waiting and of relatives.  `undecided` names rules, and what each needs to know."""
    # No generator: this is asked of every job that no rule keeps, and most of them have no hold.
    status = subject.status
    holds: list[Hold] = []
    if subject.contradictions or subject.holds:
        holds += (Hold(HoldCode.CONTRADICTORY, contradiction) for contradiction in subject.contradictions)
        holds += _protections(subject, as_of)
    if status is JobStatus.IN_PROGRESS:
        # What it will be shows when it is done; until then the rest of the reasons would only hide this one.
        return (*holds, Hold(HoldCode.NOT_FINISHED, "still in progress"))
    if in_scope is Match.UNKNOWN:
        why = "its result fields fit no known type of job, so the scope cannot be told"
        holds.append(Hold(HoldCode.TYPE_UNKNOWN, why))
    if status not in TERMINAL:
        holds += _status_holds(subject)
    if undecided:
        holds += _undecided_holds(undecided)
    if status is JobStatus.COMPLETED:
        holds += _asset_holds(subject, in_scope)
    holds += _age_holds(subject, desired.min_age, as_of)
    return tuple(holds)


def _undecided_holds(undecided: Mapping[str, str]) -> Iterator[Hold]:
    for rule, missing in undecided.items():
        yield Hold(HoldCode.RULE_UNDECIDED, f"rule {rule} needs {missing}, which it does not show")


def _protections(subject: Subject, as_of: datetime) -> Iterator[Hold]:
    for hold in subject.holds:
        if hold.until is None or as_of < hold.until:
            because = f" ({hold.reason})" if hold.reason else ""
            yield Hold(HoldCode.PROTECTED, f"protected by rule {hold.rule}, in the ledger{because}")


def _status_holds(subject: Subject) -> tuple[Hold, ...]:
    match subject.status:
        case JobStatus.UNSTATED:
            return (Hold(HoldCode.STATUS_UNKNOWN, "it shows results but states no status"),)
        case JobStatus.UNKNOWN:
            word = subject.listed.status_word if subject.listed else ""
            said = f"its status {word!r} is not a known word" if word else "it states no status"
            return (Hold(HoldCode.STATUS_UNKNOWN, said),)
        case JobStatus.COMPLETED | JobStatus.FAILED | JobStatus.CLEANED | JobStatus.IN_PROGRESS:
            return ()
        case _:
            assert_never(subject.status)


def _asset_holds(subject: Subject, in_scope: Match) -> tuple[Hold, ...]:
    job = subject.listed
    if job is None:
        return ()
    if not job.needs_copies:
        return (Hold(HoldCode.ASSET_MISSING, "completed, but it shows no asset that could be archived"),)
    holds: tuple[Hold, ...] = ()
    if job.lacks:
        names = ", ".join(kind.value for kind in job.lacks)
        holds = (Hold(HoldCode.ASSET_MISSING, f"a completed {job.type.value} should have: {names}"),)
    if job.type is JobType.UNKNOWN and in_scope is Match.YES:
        # A remembered type tells the scope; it does not tell what a body of another shape must have.
        why = f"it was seen as {subject.type.value} before, and shows no such thing now"
        holds += (Hold(HoldCode.TYPE_UNKNOWN, why),)
    return holds


def _age_holds(subject: Subject, min_age: timedelta, as_of: datetime) -> tuple[Hold, ...]:
    if subject.made.contradiction:
        return ()  # said already, and no age comes of it
    age = least_age(subject.made, as_of)
    if age is None:
        if not min_age:
            return ()
        return (Hold(HoldCode.AGE_UNKNOWN, f"no trusted evidence of its age; clean.min_age is {span_text(min_age)}"),)
    if age >= min_age:
        return ()
    seen = f"seen for {span_text(age)}" if subject.first_seen or age else "never seen before this reading"
    return (Hold(HoldCode.TOO_YOUNG, f"{seen}, clean.min_age is {span_text(min_age)}"),)


# -- waiting


def lapse_holds(lapsed: Mapping[str, datetime], grace: timedelta, as_of: datetime) -> tuple[Hold, ...]:
    """Give a hold for each rule that lapsed less than `grace` ago."""
    if not lapsed:
        return ()
    return tuple(
        Hold(
            HoldCode.LAPSED,
            f"rule {rule} lapsed at {utc_text(lapse)}; clean.grace holds its jobs until {utc_text(lapse + grace)}",
        )
        for rule, lapse in lapsed.items()
        if as_of - lapse < grace
    )


def grace_hold(subject: Subject, since: datetime, grace: timedelta, as_of: datetime) -> tuple[Hold, ...]:
    """Give the hold of a job that was released less than `grace` ago, as far as it is recorded."""
    if as_of - since >= grace:
        return ()
    if subject.released_since is None:
        why = f"not yet released in a recorded observation; clean.grace is {span_text(grace)}"
    else:
        why = f"released since {utc_text(since)}; clean.grace holds it until {utc_text(since + grace)}"
    return (Hold(HoldCode.GRACE, why),)


def span_text(span: timedelta) -> str:
    """Write a span in its two largest units: `2d 3h`, `45min`, `0s`."""
    seconds = int(span.total_seconds())
    parts: list[str] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"
