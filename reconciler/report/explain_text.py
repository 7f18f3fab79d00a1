"""Why jobs stand as they do, as text: verdict and reasons, rules, times, copies, relatives; the last line sums up.

Signs as in a plan: `=` kept, `!` held, `?` held because something cannot be told, `-` let go, `.` no word on it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from reconciler.core.canonical import utc_text
from reconciler.core.desired import Otherwise
from reconciler.core.explanation import Evidence, Explained, Relative
from reconciler.core.holds import span_text
from reconciler.core.losses import Loss
from reconciler.core.memory import LedgerHold
from reconciler.core.verdicts import Answer, Gone, Held, OutOfScope, Released, Retained, RuleSaid, Verdict, verdict_word
from reconciler.engine.explaining import Copy, Explanation, ListedJob, UnlistedJob
from reconciler.report.style import Colour, Style
from reconciler.report.text import CANNOT_TELL
from reconciler.report.untrusted import harmless, word

SAID = {
    Answer.KEEPS: ("=", "keeps it"),
    Answer.CANNOT_TELL: ("?", "cannot tell: it needs"),
    Answer.DOES_NOT: (".", "does not keep it:"),
    Answer.LAPSED: (".", "keeps nothing more:"),
}
GOES = {
    Otherwise.CLEAN: "archived, then cleaned for good",
    Otherwise.ARCHIVE: "archived, not cleaned",
    Otherwise.REPORT: "only reported",
}


def explanation_text(told: Explanation, *, style: Style) -> str:
    """Write the explanation of every job asked for."""
    return style.plain("\n".join(_lines(told, style))) + "\n"


def _lines(told: Explanation, style: Style) -> Iterator[str]:
    if told.what_if:
        yield style.paint(f"What if it were {utc_text(told.as_of)}: all else is as it is now.", Colour.YELLOW)
    yield f"Account {word(told.account)}: the list was read at {utc_text(told.observed_at)}."
    for job in told.jobs:
        yield ""
        yield from _listed(job, told, style) if isinstance(job, ListedJob) else _unlisted(job, told, style)
    yield ""
    yield style.paint(summary_line(told), Colour.BOLD)


# -- a listed job


def _listed(listed: ListedJob, told: Explanation, style: Style) -> Iterator[str]:
    explained, job = listed.explained, listed.explained.job
    named = f", name {word(job.name)}" if job.name else ""
    project = f", project {word(job.project)}" if job.project else ""
    yield style.paint(f"Job {word(job.id)}: {job.type.value} {job.status.value}{named}{project}", Colour.BOLD)
    yield from _verdict(explained.verdict, told, style)
    yield from _lost(listed.lost, style)
    yield from (f"  {SAID[said.answer][0]} {_said(said)}" for said in explained.rules)
    yield from _time(explained)
    yield f"  size: {job.size} bytes" if job.size is not None else "  size: not measured"
    yield from _copies(listed.copies)
    yield from _holds(job.holds, told.as_of)
    yield from (f"  relative {_relative(relative)}" for relative in explained.relatives)
    yield from (f"  would decide: {harmless(sentence)}" for sentence in explained.would_decide)


def _verdict(verdict: Verdict, told: Explanation, style: Style) -> Iterator[str]:
    sign, colour = sign_of(verdict)
    match verdict:
        case Retained():
            yield style.paint(f"{sign} retain: kept by {', '.join(word(rule) for rule in verdict.rules)}", colour)
        case Held():
            for hold in verdict.holds:
                yield style.paint(f"{sign} hold ({hold.code.value}): {harmless(hold.detail)}", colour)
        case Released():
            since = f", so since {utc_text(verdict.since)}" if verdict.since != told.as_of else ""
            yield style.paint(f"{sign} release: no rule keeps it and nothing holds it{since}", colour)
            yield style.paint(f"    {GOES[told.otherwise]} (otherwise: {told.otherwise.value})", colour)
        case OutOfScope():
            yield style.paint(f"{sign} out of scope: the file leaves jobs of its type alone", colour)
        case Gone():
            yield style.paint(f"{sign} gone: the service lists it as cleaned", colour)


def sign_of(verdict: Verdict) -> tuple[str, Colour]:
    """Give the sign and the colour of a verdict, as a plan shows them."""
    match verdict:
        case Released():
            return "-", Colour.RED
        case Held():
            cannot = any(hold.code in CANNOT_TELL for hold in verdict.holds)
            return "?" if cannot else "!", Colour.YELLOW
        case Retained() | OutOfScope():
            return "=", Colour.GREEN
        case Gone():
            return ".", Colour.DIM


def _said(said: RuleSaid) -> str:
    words = SAID[said.answer][1]
    keys = f" ({', '.join(said.keys)})" if said.keys else ""
    why = f" {harmless(said.why)}" if said.why else ""
    return f"rule {word(said.rule)} {words}{keys}{why}"


def _time(explained: Explained) -> Iterator[str]:
    made, age = explained.job.made, explained.age
    surely = f"; surely {span_text(age)} old" if age is not None and age.total_seconds() >= 0 else ""
    yield f"  made {_between(made.not_before, made.not_after)}{surely}"
    yield from (f"    {_evidence(evidence)}" for evidence in explained.evidence)


def _evidence(evidence: Evidence) -> str:
    bound = evidence.bound
    counts = "" if evidence.counts else "; does not count (clock.trust)"
    return f"{bound.source.value}: {_between(bound.not_before, bound.not_after)}{counts}"


def _between(start: datetime | None, end: datetime | None) -> str:
    if start and end:
        return f"at {utc_text(start)}" if start == end else f"between {utc_text(start)} and {utc_text(end)}"
    if end:
        return f"at {utc_text(end)} or before"
    return f"at {utc_text(start)} or after" if start else "at a time that nothing tells"


def _copies(copies: Iterable[Copy]) -> Iterator[str]:
    none = True
    for copy in copies:
        none = False
        receipt = copy.receipt
        facts = "of its facts now" if copy.is_current else "of other facts than it shows now"
        stores = ", ".join(word(store) for store in receipt.stores)
        proved = f"{receipt.size} bytes, proved {utc_text(receipt.verified_at)}"
        yield f"  copy {word(receipt.bag)} in {stores}: {proved}, {facts}"
    if none:
        yield "  copy: none in the ledger"


def _holds(holds: Iterable[LedgerHold], as_of: datetime) -> Iterator[str]:
    for hold in holds:
        owner = f", owner {word(hold.owner)}" if hold.owner else ""
        reason = f", {harmless(hold.reason)}" if hold.reason else ""
        ends = "" if hold.until is None else f", {'ended' if hold.until <= as_of else 'ends'} {utc_text(hold.until)}"
        unkept = f", kept by no live rule since {utc_text(hold.unkept_since)}" if hold.unkept_since else ""
        yield f"  ledger hold of rule {word(hold.rule)}, set {utc_text(hold.set_at)}{owner}{reason}{ends}{unkept}"


def _relative(relative: Relative) -> str:
    return f"{word(relative.job_id)} {harmless(relative.how)}: {relative.stands.replace('_', ' ')}"


def _lost(lost: Loss | None, style: Style) -> Iterator[str]:
    if lost:
        told = f"  lost before archive: {lost.why}; missed since {utc_text(lost.found_at)}"
        yield style.paint(told, Colour.RED)


# -- a job that is not listed


def _unlisted(job: UnlistedJob, told: Explanation, style: Style) -> Iterator[str]:
    yield style.paint(f"Job {word(job.job_id)}: {_where(job)}", Colour.BOLD)
    known = job.known
    yield from _lost(job.lost, style)
    if known:
        seen = f"first seen {utc_text(known.first_seen)}, last seen {utc_text(known.last_seen)}"
        yield f"  {known.type.value} {known.status.value}, {seen}"
    if job.imported:
        yield f"  imported: at {utc_text(job.imported)}"
    if job.is_known:
        yield from _copies(job.copies)
    if known:
        yield from _holds(known.holds, told.as_of)
    if job.near:
        yield f"  did you mean {word(job.near)}?"


def _where(job: UnlistedJob) -> str:
    if job.not_yet_seen:
        return "not yet seen at that time"
    if job.departure:
        how = "cleaned" if job.departure.how == "cleaned" else "gone from the list"
        return f"left, {how} at {utc_text(job.departure.at)}"
    if job.known:
        return "expected by the ledger, and not in the list"
    return "not in the list, and the ledger never saw it"


def summary_line(told: Explanation) -> str:
    """Sum up in fixed words; other programs read this line."""
    counts = Counter(verdict_word(job.explained.verdict) for job in told.jobs if isinstance(job, ListedJob))
    words = ("retain", "hold", "release", "out_of_scope", "gone")
    listed = [f"{counts[each]} {each.replace('_', ' ')}" for each in words if counts[each]]
    unlisted = sum(isinstance(job, UnlistedJob) for job in told.jobs)
    return f"Explain: {', '.join([*listed, *([f'{unlisted} not listed'] if unlisted else [])])}."
