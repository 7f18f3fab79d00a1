"""What a plan tells its reviewer of jobs that were lost: lately, the newest first, and never in its name."""

from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.core.job import JobId
from reconciler.core.losses import NAMED_IN_A_NOTICE, TOLD_IN_PLANS_FOR, loss_notices
from reconciler.core.memory import KnownJob, LedgerView
from tests.support.values import DAY, NOON, inventory, job, known

SECOND = timedelta(seconds=1)


def remembering(**jobs: KnownJob) -> LedgerView:
    return LedgerView(account="acme", jobs={JobId(name): each for name, each in jobs.items()})


def lost(days_ago: float, archived_at: datetime | None = None) -> KnownJob:
    return replace(known(left=True), unarchived=True, lost_at=NOON - days_ago * DAY, archived_at=archived_at)


def told(memory: LedgerView) -> list[str]:
    return [notice.message for notice in loss_notices(inventory(job("here")), memory)]


def test_nothing_lost_nothing_told() -> None:
    assert told(remembering(here=known(), gone=known(left=True))) == []


def test_each_is_named_with_what_was_lost_of_it() -> None:
    memory = remembering(old=lost(2, NOON - 9 * DAY), new=lost(1))
    (message,) = told(memory)
    assert message.startswith(
        "2 jobs were lost before archive in the last 30 days: new (never archived), "
        "old (archived only as it was on 2026-02-20). "
    )


def test_one_that_nobody_recorded_yet_is_told_too() -> None:
    unarchived = replace(known(), unarchived=True)
    (message,) = told(remembering(here=unarchived, gone=unarchived))
    assert message.startswith("1 job was lost before archive in the last 30 days: gone (never archived).")


def test_what_was_lost_longer_ago_is_told_by_the_status_alone() -> None:
    edge = TOLD_IN_PLANS_FOR / DAY
    assert len(told(remembering(a=lost(edge)))) == 1
    assert told(remembering(a=lost(edge + SECOND / DAY))) == []


def test_of_many_the_newest_are_named_and_the_rest_counted() -> None:
    memory = remembering(**{f"job-{number}": lost(number) for number in range(1, NAMED_IN_A_NOTICE + 3)})
    (message,) = told(memory)
    assert "job-1 (never" in message
    assert f"job-{NAMED_IN_A_NOTICE} (never" in message
    assert f"job-{NAMED_IN_A_NOTICE + 1} (never" not in message
    assert " and 2 more (`reconciler status` names all)." in message
