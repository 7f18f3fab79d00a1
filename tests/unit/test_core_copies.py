"""What a run that only copies would copy: whom each word asks for, who is left out and why, who has copies already."""

from dataclasses import replace
from datetime import datetime

import pytest

from reconciler.core.copies import Which, asked_for, copies_held, copy_plan, why_not
from reconciler.core.desired import Otherwise
from reconciler.core.job import Asset, AssetForm, AssetKind, Job, JobId, JobStatus
from reconciler.core.plan import Action, Change, Reason
from reconciler.core.receipt import Receipt
from reconciler.core.subjects import Subject
from reconciler.core.verdicts import Held, Hold, HoldCode, KeptBy, Released, Retained, RuleTried, Verdict
from tests.support.values import NOON, desired, job, subject

KEPT = (KeptBy("kept"),)
HELD = Held(job=subject(), holds=(Hold(HoldCode.AGE_UNKNOWN, "no evidence"),))
SHARE = Asset(
    kind=AssetKind.SHARE_PAGE, form=AssetForm.PAGE, field="shareUrl", extension="", address="https://a.invalid"
)


class NoRules:
    """The rules of a decision without any."""

    def tried(self, _subject: Subject) -> tuple[RuleTried, ...]:
        return ()

    def free_since(self, _subject: Subject) -> datetime:
        return NOON


RETAINED = Retained(job=subject(), kept=KEPT)
RETAINED_AND_COPIED = Retained(job=subject(), kept=KEPT, archive_now=True)
RELEASED = Released(job=subject(), rules=NoRules())


def receipt(job_id: str, *stores: str, fingerprint: str = "sha256:f") -> Receipt:
    return Receipt(
        job_id=JobId(job_id),
        fingerprint=fingerprint,
        bag="jobs/a/f",
        verified_at=NOON,
        stores=stores,
        files=(),
        evidence=(),
    )


@pytest.mark.parametrize(
    ("which", "otherwise", "asked"),
    [
        (Which.ALL, Otherwise.REPORT, [RETAINED, RETAINED_AND_COPIED, HELD, RELEASED]),
        (Which.RETAINED, Otherwise.CLEAN, [RETAINED, RETAINED_AND_COPIED]),
        (Which.ASKED, Otherwise.REPORT, [RETAINED_AND_COPIED]),
        (Which.ASKED, Otherwise.ARCHIVE, [RETAINED_AND_COPIED, RELEASED]),
        (Which.ASKED, Otherwise.CLEAN, [RETAINED_AND_COPIED, RELEASED]),
    ],
)
def test_whom_each_word_asks_for(which: Which, otherwise: Otherwise, asked: list[Verdict]) -> None:
    is_asked = asked_for(desired(otherwise=otherwise), which)
    assert [each for each in (RETAINED, RETAINED_AND_COPIED, HELD, RELEASED) if is_asked(each)] == asked


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (job(), ""),
        (job(status=JobStatus.FAILED), ""),
        (job(contradictions=("two types", "two names")), "contradictory: two types"),
        (job(status=JobStatus.CLEANED), "the service has cleaned it"),
        (job(status=JobStatus.IN_PROGRESS), "it is in-progress"),
        (
            job(assets=(), lacks=(AssetKind.VIDEO, AssetKind.AUDIO)),
            "it has no video, which a whole job of its type has",
        ),
        (job(assets=(SHARE,)), "it has nothing to copy"),
        (job(assets=()), "it has nothing to copy"),
    ],
)
def test_why_a_job_cannot_be_copied(given: Job, why: str) -> None:
    assert why_not(given) == why


def test_copies_of_the_same_facts_count_together_and_others_apart() -> None:
    held = copies_held(
        [receipt("a", "one"), receipt("a", "two"), receipt("a", "one", fingerprint="other"), receipt("b")]
    )
    assert held == {
        (JobId("a"), "sha256:f"): {"one", "two"},
        (JobId("a"), "other"): {"one"},
        (JobId("b"), "sha256:f"): frozenset(),
    }


def test_jobs_are_sorted_out_and_all_are_told() -> None:
    whole, half, running, new = job("whole"), job("half"), job("running", status=JobStatus.IN_PROGRESS), job("new")
    held = {(whole.id, whole.fingerprint): frozenset({"one", "two"}), (half.id, half.fingerprint): frozenset({"one"})}
    plan = copy_plan([whole, whole, running, half, new], held, ["one", "two"])
    assert [change.job_id for change in plan.changes] == ["half", "new"]
    assert plan.done == 2
    assert plan.left_out == ((JobId("running"), "it is in-progress"),)


def test_a_copy_of_other_facts_is_no_copy() -> None:
    changed = job("a")
    plan = copy_plan([changed], {(changed.id, "as it was"): frozenset({"one"})}, ["one"])
    assert (len(plan.changes), plan.done) == (1, 0)


def test_a_change_is_a_copy_and_nothing_more() -> None:
    given = replace(job(unlisted=("mystery",)), name="teaser")
    (change,) = copy_plan([given], {}, ["one"]).changes
    assert change == Change(
        job_id=given.id,
        type=given.type,
        status=given.status,
        actions=(Action.ARCHIVE,),
        tried=(),
        fingerprint=given.fingerprint,
        first_seen=None,
        not_archived=("mystery",),
        reason=Reason.ARCHIVE_NOW,
    )
    assert not change.cleans
