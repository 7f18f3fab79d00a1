"""How things stand, as text and as JSON: what the ledger holds, what the service tells; the last line sums up."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from reconciler.core.amounts import counted
from reconciler.core.canonical import Jsonable, canonical_json, utc_text
from reconciler.core.guards import percent_text
from reconciler.engine.account import Allowance, Quota, ResultDates, RunSeen
from reconciler.engine.status import LedgerStatus, ServiceStatus, Status, StoreStatus
from reconciler.report.drift_text import drift_json, drift_lines
from reconciler.report.loss_text import loss_lines, losses_json
from reconciler.report.style import Colour, Style
from reconciler.report.untrusted import harmless, word

ALLOWANCES = (
    ("video_minutes", "video minutes"),
    ("transcription_minutes", "transcription minutes"),
    ("voice_over_minutes", "voice-over minutes"),
    ("ai_credits", "AI credits"),
)
"""The pairs of a quota: their names in JSON, and for people."""
MOST_LOST = 20
"""How many of the jobs that were lost, the newest, and of those that drifted are named for people; JSON has all."""


def status_text(status: Status, *, style: Style) -> str:
    """Write how things stand."""
    return style.plain("\n".join(_lines(status, style))) + "\n"


def _lines(status: Status, style: Style) -> Iterator[str]:
    yield f"Account {word(status.account)}"
    if status.is_other_account:
        yield style.paint(
            f"! the ledger belongs to account {word(status.ledger.account)}: plan and apply will refuse it", Colour.RED
        )
    yield ""
    yield style.paint("Ledger", Colour.BOLD)
    yield from _ledger(status.ledger, style)
    yield from _copies(status.ledger, status.as_of, style)
    yield from _lost(status.ledger, style)
    yield from _drift(status.ledger, style)
    yield ""
    yield style.paint("Service", Colour.BOLD)
    yield from _service(status.service, style)
    yield ""
    yield style.paint(summary_line(status), Colour.BOLD)


def _ledger(ledger: LedgerStatus, style: Style) -> Iterator[str]:
    if not ledger.account:
        yield "  nothing recorded yet; ages count from the first `reconciler refresh` or apply"
        return
    seen = f"last observed {utc_text(ledger.observed_at)}" if ledger.observed_at else "never observed"
    yield f"  {ledger.jobs} jobs known, {ledger.left} of them left; {seen}"
    yield f"  {ledger.archived_jobs} jobs archived, {ledger.archived_bytes} bytes in one store"
    if ledger.protected:
        unkept = f", {ledger.unkept} of them by no rule of the file any more" if ledger.unkept else ""
        yield f"  {ledger.protected} jobs protected by holds{unkept}"
    if ledger.newest_run:
        yield f"  newest run: {_run(ledger.newest_run)}"
    for entry in ledger.dangling:
        yield style.paint(f"? {word(entry.job_id)}  a clean was begun and its end is not recorded", Colour.YELLOW)
    if ledger.dangling:
        yield style.paint("  Run `reconciler apply`: it first asks the service what became of them.", Colour.YELLOW)


def _copies(ledger: LedgerStatus, as_of: datetime, style: Style) -> Iterator[str]:
    if not ledger.stores:
        return
    yield ""
    held = f"{counted(ledger.archived_bags, 'bag')}, {counted(ledger.copies, 'copy', 'copies')}"
    yield style.paint(f"Archive: {held} in {counted(len(ledger.stores), 'store')}", Colour.BOLD)
    for store in ledger.stores:
        held = f"{counted(store.copies, 'bag')}, {store.size} bytes; oldest verified whole: {_oldest(store, as_of)}"
        yield f"  {harmless(store.address)}: {held}"
        bad = " and ".join(
            f"{count} {state}" for count, state in ((store.damaged, "damaged"), (store.missing, "missing")) if count
        )
        if bad:
            told = f"! {bad} when last looked at; `reconciler verify --repair` mends what another copy has whole"
            yield style.paint(told, Colour.RED)


def _oldest(store: StoreStatus, as_of: datetime) -> str:
    if store.never_whole:
        return f"never ({store.never_whole} of them)"
    if store.oldest_whole is None:
        return "never"
    # Not below zero: a time to come is one of a clock that was ahead.
    days = max(0, (as_of.astimezone(UTC).date() - store.oldest_whole.astimezone(UTC).date()).days)
    ago = "today" if days == 0 else "1 day ago" if days == 1 else f"{days} days ago"
    return f"{utc_text(store.oldest_whole)[:10]}, {ago}"


def _lost(ledger: LedgerStatus, style: Style) -> Iterator[str]:
    if not ledger.lost:
        return
    yield ""
    yield style.paint(f"Lost before archive ({len(ledger.lost)}): gone without a clean of ours", Colour.BOLD)
    yield from loss_lines(ledger.lost[::-1][:MOST_LOST], style)
    if len(ledger.lost) > MOST_LOST:
        yield style.paint(f"! {len(ledger.lost) - MOST_LOST} earlier ones: reconciler status --json", Colour.RED)


def _drift(ledger: LedgerStatus, style: Style) -> Iterator[str]:
    if not ledger.drift:
        return
    yield ""
    yield style.paint(f"Drift ({len(ledger.drift)}): not as expected when it was last observed", Colour.BOLD)
    yield from drift_lines(ledger.drift[:MOST_LOST], style)
    if len(ledger.drift) > MOST_LOST:
        yield f"  {len(ledger.drift) - MOST_LOST} more: reconciler status --json"


def _run(run: RunSeen) -> str:
    end = f"{harmless(run.outcome)}, ended {utc_text(run.ended_at)}" if run.ended_at else "going on, or cut off"
    return f"{word(run.operation)} by {word(run.actor)}, began {utc_text(run.started_at)}: {end} ({word(run.run_id)})"


def _service(service: ServiceStatus | None, style: Style) -> Iterator[str]:
    if service is None:
        yield "  not asked (--offline)"
        return
    if service.problem:
        # One line: it may repeat the service's words, and a second line of theirs could pass for one of ours.
        yield style.paint(f"! {harmless(service.problem.message)}", Colour.RED)
        if service.problem.hint:
            yield f"  {harmless(service.problem.hint)}"
    if service.quota:
        yield from _quota(service.quota)
    if service.results:
        yield from _results(service.results, style)


def _quota(quota: Quota) -> Iterator[str]:
    for (_, shown), allowance in _pairs(quota):
        yield f"  {shown}: {_allowance(allowance)}"
    yield "  storage: the service tells no figure"


def _pairs(quota: Quota) -> Iterator[tuple[tuple[str, str], Allowance | None]]:
    values = (quota.video_minutes, quota.transcription_minutes, quota.voice_over_minutes, quota.ai_credits)
    yield from zip(ALLOWANCES, values, strict=True)


def _allowance(allowance: Allowance | None) -> str:
    if allowance is None:
        return "not told"
    share = f" ({percent_text(allowance.share)})" if allowance.share is not None else ""
    return f"{number_text(allowance.used)} of {number_text(allowance.limit)} used{share}"


def number_text(number: Decimal) -> str:
    """Write a figure without exponent and without zeros at its end: `1200`, `0.5`."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _results(results: ResultDates, style: Style) -> Iterator[str]:
    yield f"  AI Studio: {len(results.dates)} results have a date{_left_out(results)}"
    for problem in results.problems:
        yield style.paint(f"? no dates from it: {harmless(problem)}", Colour.YELLOW)


def _left_out(results: ResultDates) -> str:
    counts = (
        (results.undated, "without a date that can be told"),
        (results.unaddressed, "without an address"),
        (results.contradictory, "with two dates"),
    )
    told = ", ".join(f"{count} {why}" for count, why in counts if count)
    return f"; left out: {told}" if told else ""


def summary_line(status: Status) -> str:
    """Sum up in fixed words; other programs read this line."""
    ledger, service = status.ledger, status.service
    asked = "not asked" if service is None else "not answering in full" if service.problem else "answering"
    return (
        f"Status: {ledger.jobs} jobs known, {ledger.left} left, {ledger.archived_jobs} archived, "
        f"{len(ledger.dangling)} cleans open; service {asked}."
    )


def status_json(status: Status) -> str:
    """Write the same as one line of canonical JSON."""
    told: dict[str, Jsonable] = {
        "format_version": "1.0",
        "account": status.account,
        "exit_code": status.exit_code,
        "ledger": _ledger_json(status.ledger),
        "service": _service_json(status.service),
    }
    return canonical_json(told).decode("ascii") + "\n"


def _ledger_json(ledger: LedgerStatus) -> dict[str, Jsonable]:
    run = ledger.newest_run
    return {
        "account": ledger.account,
        "jobs": ledger.jobs,
        "left": ledger.left,
        "observed_at": utc_text(ledger.observed_at) if ledger.observed_at else None,
        "archived": {
            "jobs": ledger.archived_jobs,
            "bags": ledger.archived_bags,
            "copies": ledger.copies,
            "bytes": ledger.archived_bytes,
        },
        "protected": {"jobs": ledger.protected, "unkept": ledger.unkept},
        "stores": [_store_json(store) for store in ledger.stores],
        "lost": losses_json(ledger.lost),
        "drift": drift_json(ledger.drift),
        "open_cleans": [entry.job_id for entry in ledger.dangling],
        "newest_run": None
        if run is None
        else {
            "run_id": run.run_id,
            "operation": run.operation,
            "actor": run.actor,
            "started_at": utc_text(run.started_at),
            "ended_at": utc_text(run.ended_at) if run.ended_at else None,
            "outcome": run.outcome,
        },
    }


def _store_json(store: StoreStatus) -> dict[str, Jsonable]:
    return {
        "store": store.address,
        "copies": store.copies,
        "bytes": store.size,
        "oldest_whole_at": utc_text(store.oldest_whole) if store.oldest_whole else None,
        "never_whole": store.never_whole,
        "damaged": store.damaged,
        "missing": store.missing,
    }


def _service_json(service: ServiceStatus | None) -> Jsonable:
    if service is None:
        return None
    return {
        "problem": service.problem.message if service.problem else None,
        "quota": _quota_json(service.quota) if service.quota else None,
        "results": _results_json(service.results) if service.results else None,
    }


def _quota_json(quota: Quota) -> dict[str, Jsonable]:
    # Storage is always null: the service has no figure for it (docs/service.md O3).
    return {**{name: _pair_json(pair) for (name, _), pair in _pairs(quota)}, "storage": None}


def _pair_json(allowance: Allowance | None) -> Jsonable:
    # As text: a figure may have decimals, and no number of ours is a float.
    if allowance is None:
        return None
    return {"used": number_text(allowance.used), "limit": number_text(allowance.limit)}


def _results_json(results: ResultDates) -> dict[str, Jsonable]:
    return {
        "dated": len(results.dates),
        "undated": results.undated,
        "unaddressed": results.unaddressed,
        "contradictory": results.contradictory,
        "problems": list(results.problems),
    }
