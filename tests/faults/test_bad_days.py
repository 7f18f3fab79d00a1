"""Whole stories of bad days, drawn by chance: whatever the service, the wire and the power do, the promise holds.

Each story has an account of all kinds of jobs, a file that keeps some of them, and several rounds of plan and apply
among faults and kills.  What may be cleaned is told by the emulator's truth and by the test's own draw, not by ours.
"""

import random
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bagit
import pytest

from tests.support.depth import IS_NIGHT
from tests.support.emulator import EmulatorProcess
from tests.support.promise import a_minute_passes, receipts
from tests.support.waiting import until
from tests.support.workplace import Workplace, kill_hard

STORIES = 120 if IS_NIGHT else 4
ROUNDS = 4
WORDS: dict[str, tuple[str, ...]] = {
    "list": ("503", "cut", "html", "reset", "not-json", "repeat-items", "429", "cursor-repeat"),
    "get": ("503", "changed", "other-id", "not-found-5000", "in-progress", "cut", "reset", "html"),
    "clean": ("reset", "reset-after-commit", "refuse", "gone", "html", "503", "503-after-commit", "404-after-commit"),
    "asset": (
        *(
            "html",
            "cut",
            "cut-no-length",
            "flip",
            "flip-no-etag",
            "zero",
            "wrong-type",
            "403",
            "404",
            "503",
            "wrong-length",
        ),
        *("reset", "reset-midway", "wrong-range", "redirect-host", "drip", "no-length", "no-etag", "wrong-etag"),
    ),
}
"""No `changed` file: one that is whole and fits its own ETag is, for all that anybody can tell, the asset."""
ENDS = {0, 1, 3, 4, 5, 6, 8}
"""How a run may end on a bad day, beside being killed; 1: a question about one job got no usable answer."""


@dataclass
class Story:
    """One drawn story: the account, the file, and all that was ever approved."""

    chance: random.Random
    workplace: Workplace
    emulator: EmulatorProcess
    kept: set[str] = field(default_factory=set)
    keeps_failed: bool = False

    def begin(self, seed: int) -> None:
        draw = self.chance
        self.emulator.reset(
            jobs=draw.randint(12, 26),
            seed=seed,
            page_size=draw.choice([3, 7, 25]),
            cleaned_jobs=draw.choice(["listed", "hidden"]),
            list_is_thin=draw.random() < 0.2,
            second_clean=draw.choice(["success", "404"]),
            cleaned_get=draw.choice(["cleaned", "404"]),
        )
        jobs = sorted(self.emulator.truth())
        self.kept = set(draw.sample(jobs, draw.randint(0, 5)))
        self.keeps_failed = draw.random() < 0.5
        rules = [*sorted(self.kept), *(["{match: {status: failed}}"] if self.keeps_failed else [])]
        self.workplace.write_desired(*(rules or ["nothing-of-this-name"]), max_jobs=len(jobs))

    def bad_round(self) -> None:
        """One plan and one apply of it, among faults; the apply may be killed."""
        draw = self.chance
        self.emulator.clear_faults()
        a_minute_passes(self.workplace)
        if self.workplace.run("plan", "--out", "plan.json").code != 0:
            return
        for route, words in WORDS.items():
            for _ in range(draw.randint(0, 2)):
                script = " ".join(draw.choice(("ok", "ok", draw.choice(words))) for _ in range(draw.randint(1, 8)))
                self.emulator.fault(route, script)
        cleaned, approved = self.emulator.cleaned(), self.approved()
        if draw.random() < 0.4:
            self.kill_somewhere()
        else:
            ended = self.workplace.run("apply", "plan.json")
            assert ended.code in ENDS, ended.err
            assert "Traceback" not in ended.err
        assert self.emulator.cleaned() - cleaned <= approved, "only what the plan in hand approved"

    def approved(self) -> set[str]:
        changes: list[dict[str, Any]] = self.workplace.saved_plan()["changes"]
        return {change["job"] for change in changes if "clean" in change["action"]}

    def kill_somewhere(self) -> None:
        goal = len(self.emulator.requests()) + self.chance.randint(1, 80)
        started = self.workplace.start("apply", "plan.json")
        until(lambda: len(self.emulator.requests()) >= goal or started.poll() is not None, "some requests")
        kill_hard(started)

    def check_promise(self) -> None:
        truth, archived = self.emulator.truth(), receipts(self.workplace)
        for job in self.emulator.cleaned():
            assert job not in self.kept, "a job that the file names"
            assert not (self.keeps_failed and truth[job]["status"] == "failed"), "a job that a rule keeps"
            assert truth[job]["status"] in {"completed", "failed", None}, "a job that had not ended"
            bag = bagit.Bag(str(self.workplace.folder / "archive" / archived[job].bag))
            assert bag.is_valid()
            payload = {entry["sha256"] for entry in bag.payload_entries().values()}
            assert {file["sha256"] for file in truth[job]["files"].values()} <= payload
        self.workplace.run("audit", "verify").expect(0)
        self.workplace.run("verify").expect(0)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(STORIES))
def test_whatever_happens_nothing_is_cleaned_that_was_not_archived_whole_and_approved(
    tmp_path: Path, emulator: EmulatorProcess, seed: int
) -> None:  # I1, I3, I8, I15
    story = Story(random.Random(seed), Workplace(tmp_path, dict(emulator.environ)), emulator)  # noqa: S311 - a draw that can be repeated
    story.begin(seed)
    for _ in range(ROUNDS):
        story.bad_round()
        story.check_promise()
    emulator.clear_faults()
    for _ in range(2):  # the first settles what was left open, and what it learns may free another
        a_minute_passes(story.workplace)
        story.workplace.run("plan", "--out", "plan.json").expect(0)
        story.workplace.run("apply", "plan.json").expect(0)
    story.check_promise()
    emulator.forget_requests()
    plan = story.workplace.run("plan", "--out", "plan.json").expect(0)
    assert re.match(r"Plan: (no changes|0 to )", plan.last_line), plan.out
    story.workplace.run("apply", "plan.json").expect(0)
    assert emulator.writes() == []  # I9
