"""What an observation leaves behind: first sightings and the order of jobs, which never change again."""

from datetime import timedelta

import pytest

from reconciler.core.job import Job, JobId, JobStatus
from reconciler.core.memory import KnownJob
from reconciler.ledger.database import Database
from reconciler.ledger.writer import SqlLedger
from tests.support.ledger_values import HandMadeClock, ledger_at
from tests.support.values import DAY, NOON, inventory, job

HOUR = timedelta(hours=1)


class Seen:
    """A ledger that is shown one listing after the other."""

    def __init__(self, database: Database) -> None:
        self.clock = HandMadeClock()
        self.ledger: SqlLedger = ledger_at(database, self.clock)

    def observe(self, *jobs: Job | str, after: timedelta = HOUR) -> None:
        self.clock.pass_by(after)
        listed = tuple(job(each) if isinstance(each, str) else each for each in jobs)
        with self.ledger.open_run("refresh", "acme") as run:
            run.record_observation(inventory(*listed, at=self.clock.now()))

    def known(self, name: str) -> KnownJob:
        return self.ledger.view().jobs[JobId(name)]

    @property
    def order(self) -> list[str]:
        return [each for each, _ in sorted(self.ledger.view().jobs.items(), key=lambda pair: pair[1].sequence)]


@pytest.fixture
def seen(database: Database) -> Seen:
    return Seen(database)


def test_the_oldest_of_a_listing_comes_first_and_new_jobs_behind_all_known_ones(seen: Seen) -> None:
    seen.observe("c", "b", "a")
    seen.observe("e", "d", "c", "b", "a")
    assert seen.order == ["a", "b", "c", "d", "e"]


def test_a_later_listing_in_another_order_changes_nothing(seen: Seen) -> None:
    seen.observe("c", "b", "a")
    seen.observe("a", "c", "new", "b")
    assert seen.order == ["a", "b", "c", "new"]


def test_first_seen_stays_and_last_seen_moves(seen: Seen) -> None:
    seen.observe("a")
    seen.observe("a")
    seen.observe("a")
    assert (seen.known("a").first_seen, seen.known("a").last_seen) == (NOON + HOUR, NOON + 3 * HOUR)


def test_a_job_that_is_listed_no_more_has_left_and_may_come_back(seen: Seen) -> None:
    seen.observe("b", "a")
    seen.observe("b")
    assert (seen.known("a").left, seen.known("b").left) == (True, False)
    seen.observe("b", "a")
    assert not seen.known("a").left
    assert seen.known("a").first_seen == NOON + HOUR
    assert seen.order == ["a", "b"]


def test_a_job_listed_as_cleaned_has_left(seen: Seen) -> None:
    seen.observe("b", "a")
    seen.observe("b", job("a", status=JobStatus.CLEANED))
    assert seen.known("a").left
    seen.observe(job("c", status=JobStatus.CLEANED), "b")
    assert seen.known("c").left


def test_after_a_clock_was_set_back_new_jobs_count_from_the_newest_time_recorded(seen: Seen) -> None:  # I14
    seen.observe("a")
    seen.observe("b", "a", after=-400 * DAY)
    assert seen.known("b").first_seen == NOON + HOUR
    assert seen.known("a").last_seen == NOON + HOUR


def test_an_empty_listing_of_an_account_whose_jobs_all_went_is_recorded(seen: Seen) -> None:
    seen.observe("a")
    seen.observe()
    assert seen.known("a").left


def test_ids_are_kept_apart_exactly(seen: Seen) -> None:
    ids = ["a", "A", "a ", "ä", "a\u0308", "%", "'; DROP TABLE job; --"]
    seen.observe(*ids)
    assert set(seen.ledger.view().jobs) == set(ids)


def test_a_hundred_thousand_jobs_are_one_observation(seen: Seen) -> None:
    many = [f"job-{number}" for number in range(100_000)]
    seen.observe(*many)
    seen.observe(*many)
    assert len(seen.ledger.view().jobs) == 100_000
    assert seen.known("job-99999").sequence == 1
