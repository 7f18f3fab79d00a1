"""How things stand, as people and programs read it: golden texts, and nothing that a terminal obeys (I12)."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from reconciler.core.job import JobId
from reconciler.core.losses import Loss
from reconciler.core.steps import Entry, Phase
from reconciler.engine.account import Allowance, Quota, ResultDates, RunSeen
from reconciler.engine.status import LedgerStatus, ServiceStatus, Status, StoreStatus
from reconciler.errors import AuthenticationRefused, ServiceUnreachable
from reconciler.report.status_text import number_text, status_json, status_text
from reconciler.report.style import Style
from tests.support.values import DAY, NOON

Golden = Callable[[str, str], None]
PLAIN = Style()
RUN = RunSeen(
    run_id="run-0123456789ab",
    operation="apply",
    actor="ann@builder",
    started_at=NOON - DAY,
    ended_at=NOON - DAY,
    outcome="done",
)
OPEN = Entry(sequence=9, run_id=RUN.run_id, job_id=JobId("half"), phase=Phase.CLEANING, fingerprint="f", detail="")
LEDGER = LedgerStatus(
    account="acme",
    jobs=60,
    left=2,
    observed_at=NOON,
    archived_jobs=3,
    archived_bytes=1_234_567,
    protected=3,
    unkept=1,
    newest_run=RUN,
    archived_bags=4,
    stores=(
        StoreStatus(address="file:./archive", copies=4, size=1_234_567, oldest_whole=NOON - 57 * DAY),
        StoreStatus(
            address="s3://bucket/a", copies=3, size=1_000_000, oldest_whole=NOON, never_whole=2, damaged=1, missing=2
        ),
        StoreStatus(address="s3://bucket/b", copies=1, size=4, oldest_whole=NOON - timedelta(hours=13), missing=1),
    ),
    lost=(
        Loss(job_id=JobId("changed"), found_at=NOON - 3 * DAY, archived_at=NOON - 9 * DAY),
        Loss(job_id=JobId("never"), found_at=NOON),
    ),
)
QUOTA = Quota(
    video_minutes=Allowance(used=Decimal("12.50"), limit=Decimal(600)),
    transcription_minutes=Allowance(used=Decimal(0), limit=Decimal(0)),
    voice_over_minutes=None,
    ai_credits=Allowance(used=Decimal("1e3"), limit=Decimal(1000)),
)
RESULTS = ResultDates(dates={"https://a.invalid/1.png": NOON})
FULL = Status(account="acme", as_of=NOON, ledger=LEDGER, service=ServiceStatus(quota=QUOTA, results=RESULTS))
LEFT_OUT = replace(RESULTS, undated=1, unaddressed=2, contradictory=3, problems=("the list of AI videos: not found",))
STATUSES: dict[str, Status] = {
    "full": FULL,
    "new": Status(account="acme", as_of=NOON, ledger=LedgerStatus(), service=None),
    "trouble": Status(
        account="other",
        as_of=NOON,
        ledger=replace(LEDGER, dangling=(OPEN,), newest_run=replace(RUN, ended_at=None, outcome=""), observed_at=None),
        service=ServiceStatus(
            results=LEFT_OUT, problem=ServiceUnreachable("GET /v1/quota: no usable answer", hint="Try again later.")
        ),
    ),
}


@pytest.mark.parametrize("name", STATUSES)
def test_a_status_looks_as_it_was_judged_right(name: str, golden: Golden) -> None:
    golden(f"status-{name}.txt", status_text(STATUSES[name], style=PLAIN))
    golden(f"status-{name}.json", status_json(STATUSES[name]))


def test_the_exit_code_is_that_of_what_the_service_met() -> None:
    assert [STATUSES[name].exit_code for name in STATUSES] == [0, 0, 1]
    refused = replace(FULL, service=ServiceStatus(problem=AuthenticationRefused("no key")))
    assert (refused.exit_code, json.loads(status_json(refused))["exit_code"]) == (11, 11)


@pytest.mark.parametrize("unicode", [True, False])
def test_no_text_of_others_is_a_control_or_a_line_of_its_own(unicode: bool) -> None:  # I12
    bad = "x\x1b[2J\u202e\nStatus: 9"
    run = replace(RUN, actor=bad, operation=bad, outcome=bad, run_id=bad)
    status = Status(
        as_of=NOON,
        account=bad,
        ledger=replace(LEDGER, account=bad + "2", newest_run=run, dangling=(replace(OPEN, job_id=JobId(bad)),)),
        service=ServiceStatus(
            quota=QUOTA, results=replace(LEFT_OUT, problems=(bad,)), problem=ServiceUnreachable(bad, hint=bad)
        ),
    )
    text = status_text(status, style=Style(unicode=unicode))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len([line for line in text.splitlines() if line.startswith("Status: ")]) == 1
    assert json.loads(status_json(status))["account"] == bad


def test_colour_only_adds_to_what_is_said() -> None:
    for status in STATUSES.values():
        coloured = status_text(status, style=Style(colour=True))
        for code in ("\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[33m"):
            coloured = coloured.replace(code, "")
        assert coloured == status_text(status, style=PLAIN)


@pytest.mark.parametrize(
    ("number", "text"), [("0", "0"), ("100", "100"), ("1E+3", "1000"), ("12.50", "12.5"), ("0.10", "0.1"), ("5.0", "5")]
)
def test_a_figure_is_written_plainly(number: str, text: str) -> None:
    assert number_text(Decimal(number)) == text


def test_of_nothing_allowed_no_share_is_told() -> None:
    assert Allowance(used=Decimal(3), limit=Decimal(0)).share is None
    assert Allowance(used=Decimal(3), limit=Decimal(2)).share == Fraction(3, 2)
