"""What time alone will let go, as text and as JSON: day by day, by what kept the jobs until then; totals; a summary.

A job is named on the first day at whose start a plan would let it go.
"""

from collections.abc import Iterable, Iterator

from reconciler.core.canonical import Jsonable, canonical_json, utc_text
from reconciler.core.forecast import Cause, CauseKind, Day, Lapse, LetGo
from reconciler.engine.forecasting import Outlook, Weight, by_cause, weight_of
from reconciler.report.style import Colour, Style
from reconciler.report.untrusted import word

FORMAT_VERSION = "1.0"
MOST_NAMED = 10
"""Jobs named in one line of text; JSON names all."""


def forecast_text(outlook: Outlook, *, style: Style) -> str:
    """Write the whole forecast."""
    return style.plain("\n".join(_lines(outlook, style))) + "\n"


def _lines(outlook: Outlook, style: Style) -> Iterator[str]:
    told = outlook.forecast
    yield f"Account {word(outlook.account)}: {outlook.jobs} jobs, read to the end at {utc_text(told.since)}."
    yield f"Free today: {_weight(weight_of(told.free_now))}."
    granted = "Taken for granted: no job comes or changes, the file stays, each day is recorded (reconciler refresh)."
    yield style.paint(granted, Colour.DIM)
    for day in told.days:
        if day.let_go or day.lapses:
            yield ""
            yield from _day(day, outlook, style)
    if outlook.coming:
        yield ""
        yield style.paint(f"In {len(told.days)} days", Colour.BOLD)
        for cause, gone in by_cause(outlook.coming):
            yield f"  {_cause(cause)}: {_weight(weight_of(gone))}"
    yield ""
    yield style.paint(summary_line(outlook), Colour.BOLD)


def _day(day: Day, outlook: Outlook, style: Style) -> Iterator[str]:
    yield style.paint(f"{_date(day, outlook)}: {_weight(weight_of(day.let_go))}", Colour.BOLD)
    for lapse in day.lapses:
        yield style.paint(f"! rule {word(lapse.rule)} lapses at {utc_text(lapse.at)}{_owner(lapse)}", Colour.YELLOW)
    for cause, gone in by_cause(day.let_go):
        yield style.paint(f"- {_cause(cause)}: {_weight(weight_of(gone))}", Colour.RED)
        yield f"    {_named(gone)}"


def _date(day: Day, outlook: Outlook) -> str:
    return day.at.astimezone(outlook.zone).date().isoformat()


def _owner(lapse: Lapse) -> str:
    return f"; ask {word(lapse.owner)}" if lapse.owner else ""


def _cause(cause: Cause) -> str:
    if cause.kind is CauseKind.RULE:
        return f"rule {word(cause.name)} lets go"
    return f"hold {cause.name} ends for"


def _weight(weight: Weight) -> str:
    if not weight.jobs:
        return "no jobs"
    unmeasured = f", {weight.unmeasured} of unknown size" if weight.unmeasured else ""
    return f"{weight.jobs} jobs, {weight.size} bytes{unmeasured}"


def _named(gone: Iterable[LetGo]) -> str:
    names = [word(each.job_id) for each in gone]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def summary_line(outlook: Outlook) -> str:
    """Sum up in fixed words; other programs read this line."""
    told = outlook.forecast
    lapses = sum(len(day.lapses) for day in told.days)
    return (
        f"Forecast: {len(outlook.coming)} jobs become free in {len(told.days)} days, {len(told.free_now)} are free "
        f"today, {lapses} rules lapse (otherwise: {outlook.otherwise.value})."
    )


def forecast_json(outlook: Outlook) -> str:
    """Write the same as one line of canonical JSON, every job named."""
    told = outlook.forecast
    content: dict[str, Jsonable] = {
        "format_version": FORMAT_VERSION,
        "account": outlook.account,
        "otherwise": outlook.otherwise.value,
        "zone": str(outlook.zone),
        "as_of": utc_text(told.since),
        "jobs": outlook.jobs,
        "free_now": {**_weighed(told.free_now), "ids": [gone.job_id for gone in told.free_now]},
        "days": [_day_json(day, outlook) for day in told.days],
        "totals": [{**_cause_json(cause), **_weighed(gone)} for cause, gone in by_cause(outlook.coming)],
        "at_the_end": dict(told.at_the_end),
    }
    return canonical_json(content).decode("ascii") + "\n"


def _day_json(day: Day, outlook: Outlook) -> Jsonable:
    return {
        "date": _date(day, outlook),
        "at": utc_text(day.at),
        **_weighed(day.let_go),
        "let_go": [
            {
                "job": gone.job_id,
                "type": gone.type.value,
                "bytes": gone.size,
                "kept_by": [_cause_json(cause) for cause in gone.causes],
            }
            for gone in day.let_go
        ],
        "lapses": [{"rule": each.rule, "owner": each.owner, "at": utc_text(each.at)} for each in day.lapses],
    }


def _cause_json(cause: Cause) -> dict[str, Jsonable]:
    return {cause.kind.value: cause.name}


def _weighed(gone: Iterable[LetGo]) -> dict[str, Jsonable]:
    weight = weight_of(gone)
    return {"count": weight.jobs, "bytes": weight.size, "unmeasured": weight.unmeasured}
