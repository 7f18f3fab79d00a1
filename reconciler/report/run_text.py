"""What an apply, or a run that only copies, did, as text and as JSON."""

from collections.abc import Iterator

from reconciler.core.canonical import Jsonable, canonical_json
from reconciler.engine.outcome import JobResult, Outcome, Pace, RunReport
from reconciler.report.loss_text import losses_json, newly_lost_lines
from reconciler.report.style import Colour, Style
from reconciler.report.untrusted import harmless, harmless_lines, word

SIGNS: dict[Outcome, tuple[str, Colour]] = {
    Outcome.CLEANED: ("-", Colour.RED),
    Outcome.ARCHIVED: ("a", Colour.CYAN),
    Outcome.SKIPPED: ("!", Colour.YELLOW),
    Outcome.FAILED: ("!", Colour.YELLOW),
    Outcome.UNCONFIRMED: ("?", Colour.YELLOW),
    Outcome.NOT_STARTED: ("!", Colour.YELLOW),
}


def run_report_text(report: RunReport, *, style: Style) -> str:
    """Write the whole report; the last line sums up."""
    return style.plain("\n".join(_lines(report, style))) + "\n"


def _lines(report: RunReport, style: Style) -> Iterator[str]:
    if report.recovered:
        yield style.paint("Left open by an earlier run, settled now", Colour.BOLD)
        yield from (_line(result, style) for result in report.recovered)
        yield ""
    if report.lost:
        yield from newly_lost_lines(report.lost, style)
        yield ""
    if report.results:
        yield style.paint("Done", Colour.BOLD)
        yield from (_line(result, style) for result in report.results)
        yield ""
    cached = sum(bool(result.still_cached) for result in (*report.recovered, *report.results))
    if cached:
        jobs = "1 cleaned job" if cached == 1 else f"{cached} cleaned jobs"
        yield f"Files of {jobs} still answer at their addresses: caches on the way let go of them in their own time."
    if report.stopped:
        yield style.paint(f"Stopped early: {harmless_lines(report.stopped)}", Colour.RED)
    for why in report.unrecorded:
        text = f"The record of this run is not in every store: {harmless(why)}. The next one makes up for it."
        yield style.paint(text, Colour.YELLOW)
    if report.chain is not None:
        yield f"Audit: {report.chain.events} events, head {report.chain.head}."
    yield pace_line(report.pace)
    yield style.paint(run_summary(report), Colour.BOLD)


def _line(result: JobResult, style: Style) -> str:
    sign, colour = SIGNS[result.outcome]
    kept = f" -> {result.bag} ({result.size} bytes)" if result.bag else ""
    # A clean's own word says more than the outcome's: cleaned now, already cleaned, gone.
    outcome = "" if result.outcome is Outcome.CLEANED else f"{result.outcome.value}: "
    cached = f"; still cached: {', '.join(result.still_cached)}" if result.still_cached else ""
    text = f"{sign} {word(result.job_id)}  {outcome}{harmless(result.detail)}{harmless(kept)}{cached}"
    return style.paint(text, colour)


def run_summary(report: RunReport) -> str:
    """Sum up in fixed words."""
    counts = ", ".join(
        (
            f"{report.count(Outcome.CLEANED)} cleaned",
            f"{report.count(Outcome.ARCHIVED)} archived only",
            f"{report.count(Outcome.SKIPPED)} skipped",
            f"{report.count(Outcome.FAILED)} failed",
            f"{report.count(Outcome.UNCONFIRMED)} unconfirmed",
            f"{report.count(Outcome.NOT_STARTED)} not started",
        )
    )
    return f"{report.operation.capitalize()}: {counts}."


def pace_line(pace: Pace) -> str:
    """Sum up the calls to the service."""
    overloads = f"{pace.overloads} overload{'' if pace.overloads == 1 else 's'}"
    return f"Calls: {pace.calls}, waited {pace.waited_s:.1f} s, {overloads}, slowest {_rate(pace.lowest)}/s."


def present_pace_line(pace: Pace) -> str:
    """The same with the rate now, for whoever watches."""
    return f"{pace_line(pace).removesuffix('.')}, now {_rate(pace.rate)}/s."


def _rate(per_second: float) -> str:
    return f"{round(per_second, 2):g}"


def run_report_json(report: RunReport) -> str:
    """Write the report as one line of canonical JSON."""
    return (
        canonical_json(
            {
                "format_version": "1.0",
                "run_id": report.run_id,
                "operation": report.operation,
                "plan_id": report.plan_id,
                "account": report.account,
                "exit_code": report.exit_code,
                "stopped": report.stopped,
                "unrecorded": list(report.unrecorded),
                "calls": _calls(report.pace),
                "audit": {"events": report.chain.events, "head": report.chain.head} if report.chain else None,
                "counts": {outcome.value.replace(" ", "_"): report.count(outcome) for outcome in Outcome},
                "results": [_result(result) for result in report.results],
                "recovered": [_result(result) for result in report.recovered],
                "lost": losses_json(report.lost),
            }
        ).decode("ascii")
        + "\n"
    )


def _calls(pace: Pace) -> dict[str, str | int]:
    return {
        "sent": pace.calls,
        "waited_ms": round(pace.waited_s * 1000),
        "overloads": pace.overloads,
        "slowest_per_second": _rate(pace.lowest),
        "per_second": _rate(pace.rate),
    }


def _result(result: JobResult) -> dict[str, Jsonable]:
    return {
        "job": result.job_id,
        "outcome": result.outcome.value,
        "detail": result.detail,
        "bag": result.bag,
        "bytes": result.size,
        "how": result.how.value if result.how else None,
        "still_cached": None if result.still_cached is None else list(result.still_cached),
    }
