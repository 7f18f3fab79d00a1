"""A plan as text: what goes first, then what is held and why, what stays, the limits; the last line sums up.

Signs, after the habits of the field: `-` archived and cleaned, `a` archived, `r` only reported, `!` held, `?` held
because something cannot be told, `=` retained, `.` gone already, `~` changed since it was archived, `l` a rule that was
lost, `w` a warning about the file.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from reconciler.core.amounts import bytes_text
from reconciler.core.approvals import Approvals
from reconciler.core.canonical import utc_text
from reconciler.core.guards import loss_text, percent_text
from reconciler.core.plan import Change, HeldJob, Plan, share_of
from reconciler.core.verdicts import HoldCode
from reconciler.report.drift_text import drift_lines
from reconciler.report.style import Colour, Style
from reconciler.report.untrusted import harmless, word

CANNOT_TELL = frozenset(
    {HoldCode.TYPE_UNKNOWN, HoldCode.STATUS_UNKNOWN, HoldCode.RULE_UNDECIDED, HoldCode.CONTRADICTORY}
)


def plan_text(plan: Plan, *, style: Style) -> str:
    """Write the whole plan."""
    return style.plain("\n".join(_lines(plan, style))) + "\n"


def _lines(plan: Plan, style: Style) -> Iterator[str]:
    yield from _head(plan, style)
    yield from _changes(plan, style)
    yield from _held(plan, style)
    yield from _retained(plan, style)
    yield from _drift(plan, style)
    yield from _rules(plan, style)
    yield from _warnings(plan, style)
    yield from _guards(plan, style)
    if plan.what_if:
        yield style.paint(_what_if(plan), Colour.YELLOW, Colour.BOLD)
    else:
        yield f"Plan {plan.plan_id}, valid until {utc_text(plan.expires_at)}."
    if plan.violations:
        yield style.paint("This plan may not be applied: see the guards above.", Colour.RED, Colour.BOLD)
    yield style.paint(summary_line(plan), Colour.BOLD)


def _what_if(plan: Plan) -> str:
    return f"What if it were {utc_text(plan.as_of)}: an answer, never an approval; apply refuses it."


def _head(plan: Plan, style: Style) -> Iterator[str]:
    proof = plan.proof
    if plan.what_if:
        yield style.paint(_what_if(plan), Colour.YELLOW, Colour.BOLD)
    yield (
        f"Account {word(plan.account)}: {plan.inventory_jobs} jobs on {proof.pages} pages, read to the end at "
        f"{utc_text(plan.created_at if plan.what_if else plan.as_of)}."
    )
    if plan.not_yet_seen:
        yield style.paint(f"  {plan.not_yet_seen} of them had not been seen by then, and are left out.", Colour.DIM)
    if proof.repeats:
        yield style.paint(f"  {proof.repeats} items were listed more than once and count once.", Colour.DIM)
    if proof.arrived:
        yield style.paint(f"  {proof.arrived} jobs came in while the list was read; they are in it.", Colour.DIM)
    if proof.asked_alone:
        yield style.paint(
            f"  {proof.asked_alone} jobs show more when asked for alone than in the list; they count so.", Colour.DIM
        )
    if proof.unnamed:
        yield style.paint(
            f"? {proof.unnamed} items of the list carry no usable id; nothing is done to them.", Colour.YELLOW
        )


def _changes(plan: Plan, style: Style) -> Iterator[str]:
    for heading, group in _grouped(plan.changes, _heading):
        yield ""
        yield style.paint(f"{heading} ({len(group)})", Colour.BOLD)
        for (kind, why), alike in _grouped(group, lambda change: (_kind(change), _why(change))):
            yield f"  {kind}: {why}"
            for change in alike:
                yield from _change(change, style)


Key = TypeVar("Key")


def _grouped(changes: Iterable[Change], key: Callable[[Change], Key]) -> Iterable[tuple[Key, list[Change]]]:
    """Gather what has one key, in the order of first appearance; inside, the plan's own order stays."""
    groups: dict[Key, list[Change]] = {}
    for change in changes:
        groups.setdefault(key(change), []).append(change)
    return groups.items()


def _heading(change: Change) -> str:
    if change.cleans:
        return "Archived, then cleaned for good"
    return "Archived, not cleaned" if change.archives else "Released, only reported"


def _kind(change: Change) -> str:
    return f"{change.type.value} {change.status.value}"


def _why(change: Change) -> str:
    tried = "; ".join(f"{word(tried.rule)} ({harmless(tried.why)})" for tried in change.tried)
    return f"no rule keeps it: {tried}" if tried else "there is no rule"


def _change(change: Change, style: Style) -> Iterator[str]:
    sign, colour = ("-", Colour.RED) if change.cleans else ("a", Colour.CYAN) if change.archives else ("r", Colour.DIM)
    seen = f"first seen {utc_text(change.first_seen)}" if change.first_seen else "not recorded before"
    size = f", {bytes_text(change.size)}" if change.size is not None else ""
    yield style.paint(f"{sign} {word(change.job_id)}  {_kind(change)}, {seen}{size}", colour)
    if change.not_archived:
        names = ", ".join(word(name) for name in change.not_archived)
        yield style.paint(f"    will NOT be archived, as it is not known what it is: {names}", Colour.YELLOW)


def _held(plan: Plan, style: Style) -> Iterator[str]:
    if not plan.held:
        return
    yield ""
    yield style.paint("Held", Colour.BOLD)
    for job in plan.held:
        why = "; ".join(harmless(hold.detail) for hold in job.holds)
        yield style.paint(
            f"{_held_sign(job)} {word(job.job_id)}  {job.type.value} {job.status.value}: {why}", Colour.YELLOW
        )


def _held_sign(job: HeldJob) -> str:
    return "?" if any(hold.code in CANNOT_TELL for hold in job.holds) else "!"


def _retained(plan: Plan, style: Style) -> Iterator[str]:
    counts = plan.counts
    lines = [f"= {word(kept.rule)} keeps {kept.jobs}" for kept in plan.retained_by]
    if counts.settled:
        lines.append(f"= {counts.settled} released and archived before")
    if counts.out_of_scope:
        lines.append(f"= {counts.out_of_scope} out of scope")
    if counts.gone:
        lines.append(f". {counts.gone} cleaned already")
    if lines:
        yield ""
        yield style.paint("Stays", Colour.BOLD)
        yield from (style.paint(line, Colour.DIM) for line in lines)


def _drift(plan: Plan, style: Style) -> Iterator[str]:
    if plan.drift:
        yield ""
        yield style.paint("Drift: not as the ledger and the file expect; no change of this plan", Colour.BOLD)
        yield from drift_lines(plan.drift, style)


def _warnings(plan: Plan, style: Style) -> Iterator[str]:
    if plan.warnings:
        yield ""
        yield style.paint("Warnings about the file", Colour.BOLD)
    for finding in plan.warnings:
        yield style.paint(f"w {harmless(finding.line)} [{finding.code}]", Colour.YELLOW)


def _rules(plan: Plan, style: Style) -> Iterator[str]:
    rules = plan.rules
    if rules is None or not (rules.lost or rules.renamed):
        return
    yield ""
    yield style.paint(f"Rules since the apply of {utc_text(rules.applied_at)}", Colour.BOLD)
    for each in rules.lost:
        yield style.paint(f"l {word(each.rule)} {loss_text(each)}", Colour.RED)
    for one in rules.renamed:
        yield style.paint(f"= {word(one.before)} is called {word(one.now)} now and says the same", Colour.DIM)
    if rules.lost:
        yield f"  This loss is called {rules.name}."


def _approvals(plan: Plan, style: Style) -> Iterator[str]:
    for line in approval_lines(plan.approvals):
        yield style.paint(f"Approved for this plan alone: {harmless(line)}", Colour.YELLOW)


def approval_lines(approvals: Approvals) -> Iterator[str]:
    """Tell what a plan allows beyond its file."""
    if approvals.max_jobs is not None:
        yield f"--max-jobs {approvals.max_jobs} in place of clean.max_jobs"
    if approvals.max_share is not None:
        yield f"--max-share {percent_text(approvals.max_share)} in place of clean.max_share"
    if approvals.max_bytes is not None:
        yield f"--max-bytes {bytes_text(approvals.max_bytes)} in place of clean.max_bytes"
    if approvals.rules_lost:
        yield f"the loss of rules {approvals.rules_lost}"


def _guards(plan: Plan, style: Style) -> Iterator[str]:
    yield ""
    yield from _approvals(plan, style)
    for notice in plan.notices:
        yield style.paint(f"Note {notice.about}: {harmless(notice.message)}", Colour.YELLOW)
    if not plan.violations:
        yield "Guards: all hold."
    for violation in plan.violations:
        yield style.paint(f"Guard {violation.guard}: {harmless(violation.message)}", Colour.RED)


def summary_line(plan: Plan) -> str:
    """Sum up in fixed words; other programs read this line."""
    stay = f"{plan.counts.retained} retained, {len(plan.held)} held."
    if plan.has_work:
        share = percent_text(share_of(plan.cleans, plan.counts.counted))
        return f"Plan: {plan.cleans} to clean ({share} of scope), {plan.archives} to archive, {stay}"
    if plan.reports:
        return f"Plan: {plan.reports} released, nothing to do (otherwise: report), {stay}"
    return f"Plan: no changes. {stay}"
