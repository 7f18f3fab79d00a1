"""The records of a store hold the audit chain without a gap, whichever runs died before theirs and whatever failed."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from reconciler.archive.run_records import StoreRecords
from reconciler.archive.stores.local import LocalStore
from reconciler.core.audit import GENESIS, AuditEvent, event_hash
from reconciler.core.canonical import digest
from reconciler.core.job import JobId
from reconciler.engine.outcome import ChainEnd, JobResult, Outcome, Pace, RunReport
from reconciler.engine.run_record import keep_record
from reconciler.published_schemas import schema
from tests.support.values import NOON, desired, job, plan_of

JOB = JobId("a")
APPROVED = plan_of(desired(), job("a"))
FACTS = APPROVED.changes[0].fingerprint
FOUND = "sha256:" + "7" * 64
STORES = ("file:./one", "file:./two")


class World:
    """An audit chain that grows by whole runs, and two stores, each of which fails when told to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.chain: list[AuditEvent] = []
        self.covered = dict.fromkeys(STORES, 0)
        self.runs = 0

    def add(self, run_id: str, event: str, *facts: tuple[str, str], of: str = "") -> None:
        fields: dict[str, Any] = {
            "sequence": len(self.chain) + 1,
            "at": NOON,
            "run_id": run_id,
            "actor": "ci@host",
            "event": event,
            "job_id": of,
            "facts": facts,
            "previous": self.chain[-1].hash if self.chain else GENESIS,
        }
        self.chain.append(AuditEvent(**fields, hash=event_hash(**fields)))

    def run(self, events: int, *, is_recorded: bool, failing: frozenset[str]) -> None:
        self.runs += 1
        run_id = f"run-{self.runs:012x}"
        self.add(run_id, "run_started")
        self.add(run_id, "cleaned", ("fingerprint", FOUND), of=JOB)
        for _ in range(events):
            self.add(run_id, "archived", ("fingerprint", FACTS), of=JOB)
        if not is_recorded:
            return
        self.add(run_id, "run_finished")
        end = len(self.chain)
        self.add("run-of-another", "run_started")  # what comes after it is no part of it
        stores = tuple(LocalStore(each, self.folder(each, failing)) for each in STORES)
        report = keep_record(
            StoreRecords(stores, tool="a test", signer=None), reversed(self.chain), APPROVED.changes, report_of(run_id)
        )
        assert len(report.unrecorded) == len(failing)
        assert report.chain == ChainEnd(events=end, head=self.chain[end - 1].hash), "as its own end left it"
        self.covered |= dict.fromkeys(set(STORES) - failing, end)

    def folder(self, store: str, failing: frozenset[str]) -> Path:
        folder = self.root / store.removeprefix("file:./")
        if store not in failing:
            return folder
        (self.root / "a-file").touch()
        return self.root / "a-file" / folder.name

    def records(self, store: str) -> list[dict[str, Any]]:
        return [json.loads(path.read_bytes()) for path in sorted((self.folder(store, frozenset()) / "runs").glob("*"))]


def report_of(run_id: str) -> RunReport:
    result = JobResult(job_id=JOB, outcome=Outcome.CLEANED, detail="cleaned now", bag="jobs/a/0", size=9)
    return RunReport(
        run_id=run_id,
        plan_id=APPROVED.plan_id,
        account="acme",
        pace=Pace(calls=0, waited_s=0, overloads=0, lowest=1, rate=1),
        results=(result,),
        recovered=(replace(result, detail="already cleaned", bag="", size=0),),
    )


RUNS = st.tuples(st.integers(0, 3), st.booleans(), st.frozensets(st.sampled_from(STORES)))


@given(st.lists(RUNS, max_size=8))
def test_the_records_of_a_store_hold_the_chain_without_a_gap(runs: list[tuple[int, bool, frozenset[str]]]) -> None:
    # I10
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        for events, is_recorded, failing in runs:
            world.run(events, is_recorded=is_recorded, failing=failing)
        for store in STORES:
            told = [event for record in world.records(store) for event in record["audit"]]
            assert [event["sequence"] for event in told] == list(range(1, world.covered[store] + 1)), "none twice"
            previous = GENESIS
            for event in told:
                assert event["previous"] == previous
                previous = event["hash"]
                assert digest({name: each for name, each in event.items() if name != "hash"}) == previous


def test_of_years_of_the_chain_only_what_the_stores_lack_is_read(tmp_path: Path) -> None:
    world = World(tmp_path)
    for _ in range(50):
        world.run(3, is_recorded=True, failing=frozenset())
    world.add("run-of-the-last", "run_started")
    world.add("run-of-the-last", "run_finished")
    taken = []

    def newest_first() -> Iterator[AuditEvent]:
        for event in reversed(world.chain):
            taken.append(event.sequence)
            yield event

    stores = tuple(LocalStore(each, world.folder(each, frozenset())) for each in STORES)
    last = replace(report_of("run-of-the-last"), recovered=())
    kept = keep_record(StoreRecords(stores, tool="a test", signer=None), newest_first(), APPROVED.changes, last)
    assert kept.unrecorded == ()
    assert len(taken) <= 4, "two of its own, one of another run, and the one that a store has"


def test_a_record_says_what_was_done_to_which_facts_of_each_job(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run(1, is_recorded=True, failing=frozenset())
    (record,) = world.records(STORES[0])
    assert list(Draft7Validator(schema("run-record.v1.json")).iter_errors(record)) == []
    assert record["results"] == [
        {
            "job": "a",
            "outcome": "cleaned",
            "detail": "cleaned now",
            "fingerprint": FACTS,
            "bag": "jobs/a/0",
            "bytes": 9,
            "how": None,
            "still_cached": None,
        }
    ]
    assert [each["fingerprint"] for each in record["recovered"]] == [FOUND], "what the earlier run had acted on"
    assert (record["run"], record["actor"], record["exit_code"]) == ("run-000000000001", "ci@host", 0)


def test_a_record_is_never_written_over(tmp_path: Path) -> None:
    store = LocalStore(STORES[0], tmp_path / "one")
    store.publish_file(b"mine", "runs/run-1.json")
    world = World(tmp_path)
    world.add("run-1", "run_started")
    run = replace(report_of("run-1"), recovered=())
    report = keep_record(
        StoreRecords((store,), tool="a test", signer=None), reversed(world.chain), APPROVED.changes, run
    )
    (why,) = report.unrecorded
    assert "never overwritten" in why
    assert store.read_file("runs/run-1.json") == b"mine"
