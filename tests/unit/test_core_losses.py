"""What a plan tells its reviewer of jobs that were lost: lately, the newest first, and never in its name."""

from datetime import datetime, timedelta

from msgspec import structs

from reconciler.core.job import JobId, JobStatus
from reconciler.core.losses import (
    NAMED_IN_A_NOTICE,
    TOLD_IN_PLANS_FOR,
    Loss,
    loss_notices,
    losses_by,
    newly_lost,
    recorded_losses,
)
from reconciler.core.memory import KnownJob, LedgerView
from tests.support.values import DAY, NOON, inventory, job, known

SECOND = timedelta(seconds=1)


def remembering(**jobs: KnownJob) -> LedgerView:
    return LedgerView(account="acme", jobs={JobId(name): each for name, each in jobs.items()})


def lost(days_ago: float, archived_at: datetime | None = None) -> KnownJob:
    return structs.replace(known(left=True), unarchived=True, lost_at=NOON - days_ago * DAY, archived_at=archived_at)


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
    unarchived = structs.replace(known(), unarchived=True)
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


def test_recorded_losses_come_in_the_order_in_which_they_were_found() -> None:
    memory = remembering(here=known(), second=lost(1), first=lost(2, NOON - 9 * DAY), only_left=known(left=True))
    assert recorded_losses(memory) == (
        Loss(job_id=JobId("first"), found_at=NOON - 2 * DAY, archived_at=NOON - 9 * DAY),
        Loss(job_id=JobId("second"), found_at=NOON - DAY),
    )


def test_newly_lost_is_what_the_later_view_has_more() -> None:
    before = remembering(old=lost(2), soon=known())
    assert [loss.job_id for loss in newly_lost(before, remembering(old=lost(2), soon=lost(0)))] == ["soon"]
    assert newly_lost(before, before) == ()


def test_an_observation_finds_what_recording_it_would_find() -> None:
    unarchived = structs.replace(known(), unarchived=True)
    seen = inventory(job("here"), job("cleaned", status=JobStatus.CLEANED))
    memory = remembering(here=unarchived, cleaned=unarchived, gone=unarchived, safe=known(), earlier=lost(3))
    assert losses_by(seen, memory) == (
        Loss(job_id=JobId("earlier"), found_at=NOON - 3 * DAY),
        Loss(job_id=JobId("cleaned"), found_at=NOON),
        Loss(job_id=JobId("gone"), found_at=NOON),
    )


def test_the_notice_says_what_can_still_be_done() -> None:
    (notice,) = loss_notices(inventory(job("here")), remembering(gone=lost(1)))
    assert notice.about == "archive"
    assert notice.message == (
        "1 job was lost before archive in the last 30 days: gone (never archived). They left the service without a "
        "clean of ours; a rule with `archive: now` copies what stays while it is there"
    )


def test_as_many_as_are_named_leave_nothing_to_count() -> None:
    (message,) = told(remembering(**{f"job-{number}": lost(number) for number in range(1, NAMED_IN_A_NOTICE + 1)}))
    assert " more " not in message


def test_one_more_than_are_named_is_counted() -> None:
    (message,) = told(remembering(**{f"job-{number}": lost(number) for number in range(1, NAMED_IN_A_NOTICE + 2)}))
    assert " and 1 more (" in message
