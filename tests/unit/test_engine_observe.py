"""A listing becomes an inventory only when it is whole and ours (I2)."""

from dataclasses import dataclass
from datetime import datetime

import pytest

from reconciler.core.job import Job, JobId, JobStatus
from reconciler.core.memory import LedgerView
from reconciler.engine.observe import observe
from reconciler.engine.ports import JobDetail, Listing
from reconciler.errors import InventoryIncomplete
from tests.support.values import NOON, job, known, memory

NEW = LedgerView()


@dataclass
class Listed:
    jobs: tuple[Job, ...]

    def list_jobs(self) -> Listing:
        return Listing(jobs=self.jobs, pages=3, end_marker="absent", unnamed=2)

    def get(self, job_id: JobId) -> JobDetail | None:
        raise AssertionError(f"nobody asks for {job_id}")


class AtNoon:
    def now(self) -> datetime:
        return NOON


def observed(*jobs: Job, view: LedgerView = NEW) -> dict[str, Job]:
    return {each.id: each for each in observe(Listed(jobs), view, AtNoon()).jobs}


def test_each_id_stands_once_in_the_order_of_the_listing() -> None:
    made = observe(Listed((job("c"), job("b"), job("c"), job("a"), job("b"))), NEW, AtNoon())
    assert [each.id for each in made.jobs] == ["c", "b", "a"]
    proof = made.proof
    assert (proof.repeats, proof.pages, proof.end_marker, proof.unnamed, made.observed_at) == (2, 3, "absent", 2, NOON)


def test_a_repeat_that_says_something_else_is_contradictory_in_either_order() -> None:  # I2, I4
    for jobs in ((job(), job(status=JobStatus.FAILED)), (job(status=JobStatus.FAILED), job())):
        assert observed(*jobs)["a"].contradictions == ("listed twice with different facts",)


def test_a_job_that_another_item_also_names_is_contradictory() -> None:  # I4
    seen = observed(job("a", other_ids=("b",), contradictions=("its ids disagree",)), job("b"), job("c"))
    assert seen["b"].contradictions == ("another item of the list also names this id",)
    assert seen["c"].contradictions == ()


def test_the_digest_names_jobs_and_facts_and_not_their_order() -> None:
    def digest(*jobs: Job) -> str:
        return observe(Listed(jobs), NEW, AtNoon()).digest

    assert digest(job("a"), job("b")) == digest(job("b"), job("a"))
    assert digest(job("a")) != digest(job("a"), job("b"))
    assert digest(job("a")) != digest(job("a", status=JobStatus.FAILED))


def test_another_account_s_list_is_no_inventory() -> None:  # I2
    with pytest.raises(InventoryIncomplete, match="shows 1 jobs and none of the 2 that the ledger expects"):
        observed(job("x"), view=memory("a", "b"))
    with pytest.raises(InventoryIncomplete, match="shows 0 jobs and none of the 1"):
        observed(view=memory("a"))


def test_a_list_that_shares_a_job_with_the_ledger_is_ours() -> None:
    assert set(observed(job("x"), job("a"), view=memory("a", "b"))) == {"x", "a"}


def test_an_empty_list_is_right_for_a_new_ledger_and_for_one_whose_jobs_all_left() -> None:
    assert observed() == {}
    all_left = LedgerView(account="acme", jobs={JobId("a"): known(left=True)})
    assert observed(view=all_left) == {}
    assert set(observed(job("x"), view=all_left)) == {"x"}
