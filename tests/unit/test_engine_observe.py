"""A listing becomes an inventory only when it is whole and ours (I2)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from reconciler.core.canonical import utc_text
from reconciler.core.job import Job, JobId, JobStatus
from reconciler.core.memory import LedgerView
from reconciler.engine.observe import observe
from reconciler.engine.ports import JobDetail, Listing
from reconciler.errors import InventoryIncomplete
from tests.support.values import NOON, job, known, memory

NEW = LedgerView()
SECOND = timedelta(seconds=1)


@dataclass
class Listed:
    jobs: tuple[Job, ...]
    told_at: datetime | None = None

    def list_jobs(self) -> Listing:
        return Listing(jobs=self.jobs, pages=3, end_marker="absent", unnamed=2, arrived=1, told_at=self.told_at)

    def get(self, job_id: JobId) -> JobDetail | None:
        raise AssertionError(f"nobody asks for {job_id}")


@dataclass
class AtNoon:
    moment: datetime = NOON

    def now(self) -> datetime:
        return self.moment


def observed(*jobs: Job, view: LedgerView = NEW) -> dict[str, Job]:
    return {each.id: each for each in observe(Listed(jobs), view, AtNoon()).jobs}


def test_each_id_stands_once_in_the_order_of_the_listing() -> None:
    made = observe(Listed((job("c"), job("b"), job("c"), job("a"), job("b"))), NEW, AtNoon())
    assert [each.id for each in made.jobs] == ["c", "b", "a"]
    proof = made.proof
    assert (proof.repeats, proof.pages, proof.end_marker, proof.unnamed, made.observed_at) == (2, 3, "absent", 2, NOON)
    assert proof.arrived == 1


@dataclass
class SlowList(Listed):
    """A service whose list takes an hour to read."""

    clock: AtNoon = field(default_factory=AtNoon)

    def list_jobs(self) -> Listing:
        self.clock.moment += timedelta(hours=1)
        return super().list_jobs()


def test_the_time_of_an_inventory_is_the_end_of_its_reading() -> None:
    slow = SlowList((job(),))
    assert observe(slow, NEW, slow.clock).observed_at == NOON + timedelta(hours=1)


@pytest.mark.parametrize("times", [2, 3, 5])
def test_a_job_listed_again_as_it_was_is_one_job_without_a_flaw(times: int) -> None:
    made = observe(Listed((job("b"), *([job("a")] * times))), NEW, AtNoon())
    assert [(each.id, each.contradictions) for each in made.jobs] == [("b", ()), ("a", ())]
    assert made.proof.repeats == times - 1


def test_a_repeat_that_says_something_else_is_contradictory_in_either_order() -> None:  # I2, I4
    for jobs in ((job(), job(status=JobStatus.FAILED)), (job(status=JobStatus.FAILED), job())):
        assert observed(*jobs)["a"].contradictions == ("listed twice with different facts",)


@pytest.mark.parametrize("order", list(permutations([0, 1, 2])))
def test_a_repeat_among_others_is_told_wherever_it_stands(order: tuple[int, int, int]) -> None:  # I4
    listed = (job(), job("b"), job(assets=()))
    seen = observed(*(listed[each] for each in order))
    assert seen["a"].contradictions == ("listed twice with different facts",)
    assert seen["b"].contradictions == ()


def test_a_job_that_is_first_contradictory_and_then_another_keeps_both_flaws() -> None:
    seen = observed(job(contradictions=("its ids disagree",)), job(status=JobStatus.FAILED))
    assert seen["a"].contradictions == ("its ids disagree", "listed twice with different facts")


@pytest.mark.parametrize("order", list(permutations([0, 1, 2])))
def test_a_repeat_with_the_same_facts_and_a_flaw_of_its_own_is_not_lost(order: tuple[int, int, int]) -> None:  # I4
    flawed = job("a", other_ids=("b",), contradictions=("its ids disagree: a, b",))
    listed = (job("a"), flawed, job("b"))
    seen = observed(*(listed[each] for each in order))
    assert seen["a"].contradictions
    assert seen["b"].contradictions == ("another item of the list also names this id",)


def test_a_repeat_with_other_facts_still_claims_its_other_ids() -> None:  # I4
    flawed = job("a", status=JobStatus.FAILED, other_ids=("b",), contradictions=("its ids disagree: a, b",))
    assert observed(job("a"), flawed, job("b"))["b"].contradictions


def test_an_id_that_two_items_claim_is_told_once_and_one_that_is_not_listed_harms_nobody() -> None:
    one, other = (job(each, other_ids=("c", "nowhere")) for each in "ab")
    assert observed(one, other, job("c"))["c"].contradictions == ("another item of the list also names this id",)


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


@pytest.mark.parametrize(
    ("listed", "view", "said"),
    [
        ((job("x"),), memory("a", "b"), "shows 1 jobs and none of the 2 that the ledger expects"),
        ((), memory("a"), "shows 0 jobs and none of the 1 that the ledger expects"),
        ((job("A"),), memory("a"), "shows 1 jobs and none of the 1 that the ledger expects"),
        (
            (job("x"),),
            LedgerView(account="acme", jobs={JobId("a"): known(1), JobId("b"): known(2, left=True)}),
            "shows 1 jobs and none of the 1 that the ledger expects",
        ),
    ],
    ids=["others", "none", "another case", "others, and one that left"],
)
def test_another_account_s_list_is_no_inventory(listed: tuple[Job, ...], view: LedgerView, said: str) -> None:  # I2
    with pytest.raises(InventoryIncomplete, match=said) as refused:
        observed(*listed, view=view)
    assert refused.value.message.endswith(": this is another account's list, or a broken one")
    assert refused.value.hint == (
        "Check PICTORY_API_KEY and PICTORY_API_BASE_URL, or name the ledger of that account with --state; if all of "
        "them did leave, take the list over once: reconciler refresh --accept-new-list."
    )
    assert observe(Listed(listed), view, AtNoon(), takes_new_list=True).jobs == listed, "unless that is said"


EDGE = timedelta(minutes=15)


@pytest.mark.parametrize("told", [None, NOON, NOON + EDGE, NOON - EDGE])
def test_a_clock_that_is_nearly_the_service_s_is_right(told: datetime | None) -> None:
    assert observe(Listed((job(),), told), NEW, AtNoon()).observed_at == NOON


@pytest.mark.parametrize("told", [NOON + EDGE + SECOND, NOON - EDGE - SECOND, NOON + timedelta(days=400)])
def test_a_clock_that_is_not_the_service_s_makes_no_inventory(told: datetime) -> None:  # I14
    with pytest.raises(InventoryIncomplete) as refused:
        observe(Listed((job(),), told), NEW, AtNoon())
    assert refused.value.message == (
        f"this machine's clock says 2026-03-01T12:00:00Z, the service's answers say {utc_text(told)}: no age can be "
        "told while they differ"
    )
    assert refused.value.hint == (
        "Set this machine's clock (a time service such as NTP keeps it right), then try again."
    )


def test_a_list_that_shares_a_job_with_the_ledger_is_ours() -> None:
    assert set(observed(job("x"), job("a"), view=memory("a", "b"))) == {"x", "a"}


def test_an_empty_list_is_right_for_a_new_ledger_and_for_one_whose_jobs_all_left() -> None:
    assert observed() == {}
    all_left = LedgerView(account="acme", jobs={JobId("a"): known(left=True)})
    assert observed(view=all_left) == {}
    assert set(observed(job("x"), view=all_left)) == {"x"}


def test_a_job_that_left_and_is_still_listed_shows_that_the_list_is_ours() -> None:
    view = LedgerView(account="acme", jobs={JobId("a"): known(1), JobId("b"): known(2, left=True)})
    assert set(observed(job("b", status=JobStatus.CLEANED), view=view)) == {"b"}
