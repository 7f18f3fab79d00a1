"""Jobs that left before they were archived: found once, told in the audit; a plan made before says the same."""

from datetime import timedelta

import pytest

from reconciler.core.audit import AuditEvent
from reconciler.core.job import Job, JobId, JobStatus, JobType
from reconciler.core.losses import Loss, losses_by, newly_lost, recorded_losses
from reconciler.core.steps import Phase
from reconciler.ledger.audit_check import check_audit
from reconciler.ledger.database import Database
from reconciler.ledger.writer import SqlLedger
from tests.support.ledger_values import HandMadeClock, ledger_at, proof
from tests.support.values import DAY, NOON, inventory, job

HOUR = timedelta(hours=1)
A = job("a")
CLEANED = job("a", status=JobStatus.CLEANED)
OTHER = job("a", unlisted=("posterUrl",))
STAYS = job("stays")
"""Another job that is always there: a list without any known job is another account's."""


class Watched:
    """A ledger that is shown one listing after the other; each time a plan of that moment says the same."""

    def __init__(self, database: Database) -> None:
        self.clock = HandMadeClock()
        self.ledger: SqlLedger = ledger_at(database, self.clock)

    def observe(self, *jobs: Job) -> list[str]:
        """Show a listing, an hour later; give the jobs that were newly lost."""
        self.clock.pass_by(HOUR)
        listed = inventory(*jobs, STAYS, at=self.clock.now())
        before = self.ledger.view()
        with self.ledger.open_run("refresh", "acme") as run:
            run.record_observation(listed)
        after = self.ledger.view()
        assert losses_by(listed, before) == recorded_losses(after), "a plan tells what recording finds"
        return [loss.job_id for loss in newly_lost(before, after)]

    def archive(self, archived: Job, *, cleans: bool = False) -> None:
        with self.ledger.open_run("apply", "acme") as run:
            run.append(archived.id, Phase.BEGIN, archived.fingerprint)
            run.record_archived(proof(archived.id, archived.fingerprint, at=self.clock.now()))
            if cleans:
                run.append(archived.id, Phase.CLEANING, archived.fingerprint)
                run.record_cleaned(archived.id, archived.fingerprint, "cleaned now")

    @property
    def lost(self) -> tuple[Loss, ...]:
        return recorded_losses(self.ledger.view())

    def events(self) -> list[AuditEvent]:
        check_audit(self.ledger)
        return [event for event in self.ledger.audit_events() if event.event in {"lost", "lost_and_found"}]


@pytest.fixture
def watched(database: Database) -> Watched:
    return Watched(database)


@pytest.mark.parametrize(("gone", "how"), [((CLEANED,), "cleaned"), ((), "gone")])
def test_a_job_that_was_never_archived_is_lost_once(watched: Watched, gone: tuple[Job, ...], how: str) -> None:  # I10
    watched.observe(A)
    assert watched.observe(*gone) == ["a"]
    found = watched.clock.now()
    assert watched.observe(*gone) == []
    assert watched.lost == (Loss(job_id=JobId("a"), found_at=found),)
    (event,) = watched.events()
    assert (event.event, event.job_id, event.at) == ("lost", "a", found)
    assert dict(event.facts) == {"fingerprint": A.fingerprint, "how": how, "archived": "never"}


def test_a_job_that_was_archived_as_it_last_was_is_not_lost(watched: Watched) -> None:
    watched.observe(A)
    watched.archive(A)
    assert watched.observe(CLEANED) == []
    assert watched.observe() == []
    assert watched.events() == []


def test_a_job_that_changed_after_its_archive_is_lost_as_it_became(watched: Watched) -> None:
    watched.observe(A)
    watched.archive(A)
    watched.observe(OTHER)
    assert watched.observe(CLEANED) == ["a"]
    (loss,) = watched.lost
    assert loss.archived_at == NOON + HOUR
    assert loss.why == "archived only as it was on 2026-03-01"
    assert dict(watched.events()[0].facts)["archived"] == "2026-03-01T13:00:00Z"


def test_a_job_that_changed_and_was_archived_again_is_not_lost(watched: Watched) -> None:
    watched.observe(A)
    watched.archive(A)
    watched.observe(OTHER)
    watched.archive(OTHER)
    assert watched.observe(CLEANED) == []


def test_what_we_cleaned_is_never_lost(watched: Watched) -> None:
    watched.observe(A)
    watched.archive(A, cleans=True)
    assert watched.observe(CLEANED) == []
    assert watched.observe() == []


def test_what_we_cleaned_is_not_lost_either_where_a_list_that_lags_shows_it_otherwise_in_between(
    watched: Watched,
) -> None:
    watched.observe(A)
    watched.archive(A, cleans=True)
    assert watched.observe(OTHER) == []
    assert watched.observe(CLEANED) == []
    assert watched.events() == []


def test_a_job_first_seen_as_cleaned_was_never_ours_to_lose(watched: Watched) -> None:
    assert watched.observe(CLEANED) == []
    assert watched.observe(CLEANED) == []
    assert watched.observe() == []


def test_a_failed_job_that_shows_nothing_to_copy_has_nothing_to_lose(watched: Watched) -> None:
    watched.observe(job("a", JobType.UNKNOWN, JobStatus.FAILED, assets=()), job("b", status=JobStatus.FAILED))
    assert watched.observe() == ["b"]


def test_a_job_of_which_nobody_saw_the_end_is_lost(watched: Watched) -> None:
    watched.observe(job("a", JobType.UNKNOWN, JobStatus.IN_PROGRESS, assets=()))
    assert watched.observe(CLEANED) == ["a"]


def test_a_job_that_was_running_and_failed_with_nothing_has_nothing_to_lose(watched: Watched) -> None:
    watched.observe(job("a", status=JobStatus.IN_PROGRESS))
    watched.observe(job("a", JobType.UNKNOWN, JobStatus.FAILED, assets=()))
    assert watched.observe() == []


def test_a_job_that_is_there_again_is_not_lost_any_more_and_may_be_lost_anew(watched: Watched) -> None:
    watched.observe(A)
    assert watched.observe() == ["a"]
    first = watched.clock.now()
    assert watched.observe(A) == []
    assert watched.lost == ()
    assert watched.observe() == ["a"]
    assert [event.event for event in watched.events()] == ["lost", "lost_and_found", "lost"]
    assert dict(watched.events()[1].facts) == {"lost_at": f"{first:%Y-%m-%dT%H:%M:%SZ}"}


def test_losses_stand_in_the_order_in_which_they_were_found(watched: Watched) -> None:
    watched.observe(job("c"), job("b"), A)
    assert watched.observe(job("b"), A) == ["c"]
    assert watched.observe() == ["a", "b"]
    assert [loss.job_id for loss in watched.lost] == ["c", "a", "b"]


def test_a_run_that_did_not_come_to_its_end_has_told_its_losses_all_the_same(watched: Watched) -> None:  # I8
    watched.observe(A)
    watched.clock.pass_by(DAY)
    run = watched.ledger.open_run("apply", "acme")
    run.__enter__().record_observation(inventory(STAYS, at=watched.clock.now()))
    run.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert [event.job_id for event in watched.events()] == ["a"]
    assert watched.observe() == []
