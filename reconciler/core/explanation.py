"""Why one job's verdict is what it is: what each rule says, what each source tells of its time, who belongs to it.

Nothing here decides; it tells what `reconciler.core.retention` decided, and what would decide what could not be told.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.core.canonical import utc_text
from reconciler.core.desired import DesiredState, Link, Source
from reconciler.core.inventory import Inventory
from reconciler.core.job import JobId
from reconciler.core.keeping import WHEN_MADE
from reconciler.core.memory import LedgerView
from reconciler.core.retention import decide_by
from reconciler.core.rules import Rules
from reconciler.core.subjects import Subject, absent_of, evidence_of, subjects_of, times_of
from reconciler.core.times import Bound, Made, least_age, made_within, ordered_within
from reconciler.core.verdicts import Held, Hold, HoldCode, RuleSaid, Verdict, verdict_word


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one source says of the time a job was made, and whether `clock.trust` lets it count."""

    bound: Bound
    counts: bool


@dataclass(frozen=True, slots=True)
class Relative:
    """A job that belongs to another: how, and how it stands itself.

    `stands` is a verdict's word, `expected` for one that the ledger expects and the list lacks, `left` for one that was
    cleaned or is gone, `unknown` for one that nobody has seen.
    """

    job_id: JobId
    how: str
    stands: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One listed job's verdict with all that it rests on.

    `age` is what the job has surely reached, None where nothing tells.  `would_decide` are sentences: what would change
    a hold; empty for any other verdict.
    """

    verdict: Verdict
    rules: tuple[RuleSaid, ...]
    evidence: tuple[Evidence, ...]
    age: timedelta | None
    relatives: tuple[Relative, ...]
    would_decide: tuple[str, ...] = ()

    @property
    def job(self) -> Subject:
        """The job as it was decided on."""
        return self.verdict.job


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    """One decision with all that it was made from."""

    desired: DesiredState
    inventory: Inventory
    memory: LedgerView
    as_of: datetime
    subjects: tuple[Subject, ...]
    absent: tuple[Subject, ...]
    verdicts: Sequence[Verdict]
    rules: Rules


def explain(
    desired: DesiredState, inventory: Inventory, memory: LedgerView, ids: frozenset[JobId], as_of: datetime
) -> dict[JobId, Explained]:
    """Decide over the whole inventory, and explain those of `ids` that it lists."""
    seen = replace(inventory, observed_at=min(as_of, inventory.observed_at))
    subjects = subjects_of(seen, memory, desired.trust)
    absent = absent_of((job.id for job in inventory.jobs), memory, desired.trust, as_of)
    left = frozenset(job_id for job_id, known in memory.jobs.items() if known.left)
    rules = Rules.ready(desired, subjects, absent, as_of)
    world = _World(
        desired=desired,
        inventory=seen,
        memory=memory,
        as_of=as_of,
        subjects=subjects,
        absent=absent,
        verdicts=decide_by(rules, desired, subjects, absent, left, as_of),
        rules=rules,
    )
    return {subject.id: _explained(world, place) for place, subject in enumerate(subjects) if subject.id in ids}


def _explained(world: _World, place: int) -> Explained:
    subject, verdict = world.subjects[place], world.verdicts[place]
    evidence = tuple(_evidence(world, place))
    return Explained(
        verdict=verdict,
        rules=world.rules.said(place, subject),
        evidence=evidence,
        age=least_age(subject.made, world.as_of),
        relatives=tuple(_relatives(world, subject)),
        would_decide=tuple(dict.fromkeys(_would_decide(world, verdict, evidence))) if isinstance(verdict, Held) else (),
    )


# -- time


def _evidence(world: _World, place: int) -> Iterator[Evidence]:
    job, trust = world.inventory.jobs[place], world.desired.trust
    bounds = evidence_of(world.inventory, world.memory, job)
    for bound in (*bounds, _by_order(world, place)):
        if bound.not_before or bound.not_after:
            yield Evidence(bound, bound.source in trust)


def _by_order(world: _World, place: int) -> Bound:
    own = times_of(world.inventory, world.memory, world.desired.trust - {Source.LIST_ORDER})
    newest_first = sorted(range(len(own)), key=lambda each: -world.subjects[each].rank)
    order = ordered_within([own[each] for each in newest_first])[newest_first.index(place)]
    known = own[place]  # what its own evidence says already is no word of the order
    return Bound(
        Source.LIST_ORDER,
        order.not_before if order.not_before != known.not_before else None,
        order.not_after if order.not_after != known.not_after else None,
    )


# -- relatives


def _relatives(world: _World, subject: Subject) -> Iterator[Relative]:
    stands = {verdict.job.id: verdict_word(verdict) for verdict in world.verdicts}
    stands |= {each.id: "expected" for each in world.absent}
    if subject.project:
        for other in (*world.subjects, *world.absent):
            if other.project == subject.project and other.id != subject.id:
                yield Relative(other.id, f"shares project {subject.project}", stands[other.id])
    for job_id, how in _linked(subject.id, world.desired.links):
        known = world.memory.jobs.get(job_id)
        yield Relative(job_id, how, stands.get(job_id, "left" if known else "unknown"))


def _linked(job_id: JobId, links: Iterable[Link]) -> Iterator[tuple[JobId, str]]:
    for link in links:
        if link.job == job_id:
            yield from ((need, "is needed by it") for need in link.needs)
        elif job_id in link.needs:
            yield link.job, "needs it"


# -- what would decide

WOULD_DECIDE = {
    HoldCode.CONTRADICTORY: "facts that agree, or a correction of the evidence that does not",
    HoldCode.TYPE_UNKNOWN: "an answer of the service that shows its results",
    HoldCode.STATUS_UNKNOWN: "an answer of the service that states a known status",
    HoldCode.NOT_FINISHED: "its end",
    HoldCode.ASSET_MISSING: "an answer of the service that shows the asset",
    HoldCode.PROTECTED: "the end of the hold: the rule's `until`, or two recorded runs `clean.release_delay` apart in "
    "which no live `protect` rule keeps it",
    HoldCode.RELATED: "the release of the jobs that hold it (its relatives)",
    HoldCode.LAPSED: "time alone",
    HoldCode.GRACE: "time alone",
}


def _would_decide(world: _World, verdict: Held, evidence: Sequence[Evidence]) -> Iterator[str]:
    for hold in verdict.holds:
        if hold.code is HoldCode.GRACE and verdict.job.released_since is None:
            yield "a recorded observation starts the wait: reconciler refresh"
        elif hold.code in WOULD_DECIDE:
            yield WOULD_DECIDE[hold.code]
        elif hold.code is HoldCode.RULE_UNDECIDED and WHEN_MADE not in hold.detail:
            yield "an answer that shows what the rule needs; what was seen once is remembered"
        else:
            yield from _time_would(world, verdict.job, hold, evidence)


def _time_would(world: _World, subject: Subject, hold: Hold, evidence: Sequence[Evidence]) -> Iterator[str]:
    if hold.code is HoldCode.TOO_YOUNG and subject.made.not_after:
        old_enough = utc_text(subject.made.not_after + world.desired.min_age)
        yield f"time alone: it is surely old enough at {old_enough}"
    for each in evidence:
        if not each.counts and _narrows(subject.made, each.bound, world.as_of):
            yield f"{each.bound.source.value}, which says more and does not count: name it in clock.trust"
    if subject.id not in world.memory.imported:
        also = "" if Source.IMPORTED in world.desired.trust else ", with `imported` in clock.trust"
        yield f"a time of your own: reconciler import-times FILE.csv{also}"


def _narrows(made: Made, bound: Bound, as_of: datetime) -> bool:
    known = Bound(Source.LEDGER, made.not_before, made.not_after)
    together = made_within((known, bound), as_of)
    return (together.not_before, together.not_after) != (made.not_before, made.not_after)
