"""Which copies a verification looks at, and that what it found is recorded, over real stores and a real ledger."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from reconciler.archive.mender import StoreMender
from reconciler.archive.names import bag_name, receipt_name
from reconciler.archive.statement import statement_of
from reconciler.archive.stores.local import LocalStore
from reconciler.archive.verifier import StoreVerifier
from reconciler.core.canonical import digest
from reconciler.core.job import JobId
from reconciler.core.receipt import ReadBack, Receipt, VerifiedReceipt
from reconciler.core.steps import Phase
from reconciler.engine.copies import BagCheck, BagState, CopyId, Look, Reading
from reconciler.engine.repairing import RepairMeans, repair_bags
from reconciler.engine.verifying import VerifyReport, Wanted, verify_bags
from reconciler.errors import LedgerError
from reconciler.ledger.sqlite import SqliteDatabase
from reconciler.ledger.verifications import SqlVerificationLog
from tests.support.ledger_values import HandMadeClock, ledger_at
from tests.support.values import DAY

TOOL = "a test"
MINUTE = timedelta(minutes=1)


class Archive:
    """Bags in two stores, each job with its receipt in the ledger: what an apply leaves."""

    def __init__(self, folder: Path, names: str) -> None:
        self.folder = folder
        self.clock = HandMadeClock()
        self.ledger = ledger_at(folder / "ledger.db", self.clock)
        self.stores = tuple(LocalStore(f"file:./{name}", folder / name) for name in ("one", "two"))
        self.log = SqlVerificationLog(SqliteDatabase(folder / "ledger.db"), clock=self.clock)
        with self.ledger.open_run("apply", "acme") as run:
            for name in names:
                proof = self._archived(name)
                run.append(proof.receipt.job_id, Phase.BEGIN, proof.receipt.fingerprint)
                run.record_archived(proof)
                self.clock.pass_by(timedelta(seconds=1))
        self.clock.pass_by(DAY)

    def _archived(self, name: str) -> VerifiedReceipt:
        fingerprint = digest(name)
        bag = bag_name(name, fingerprint)
        for store in self.stores:
            workplace = store.workplace(name)
            (workplace / "data").write_text(name)
            store.publish(workplace, bag)
        receipt = Receipt(
            job_id=JobId(name),
            fingerprint=fingerprint,
            bag=bag,
            stores=tuple(store.address for store in self.stores),
            files=self.stores[0].read_back(bag),
            evidence=(),
            verified_at=self.clock.now(),
        )
        for store in self.stores:
            store.publish_file(statement_of(receipt, tool=TOOL), receipt_name(name, fingerprint))
        read_backs = tuple(ReadBack(store=store.address, files=store.read_back(bag)) for store in self.stores)
        return VerifiedReceipt(receipt=receipt, read_backs=read_backs, copies=2)

    def verify(self, sample: str | None = None, how: Reading = Reading.WHOLE, *ids: str) -> VerifyReport:
        """Verify, an hour later."""
        self.clock.pass_by(timedelta(hours=1))
        return verify_bags(self.ledger, StoreVerifier(self.stores), self.log, self.clock, wanted(sample, how, *ids))

    def repair(self, sample: str | None = None) -> tuple[VerifyReport, list[tuple[str, str, str]]]:
        """Repair; give how the copies stand, and job, store and source of what was mended."""
        means = RepairMeans(
            ledger=self.ledger,
            verifier=StoreVerifier(self.stores),
            mender=StoreMender(self.stores, tool=TOOL),
            log=self.log,
            clock=self.clock,
        )
        report = repair_bags(means, "acme", wanted(sample))
        return report.verified, [(each.job_id, each.store, each.source) for each in report.repaired]

    def damage(self, name: str, store: str = "one") -> None:
        (self.folder / store / bag_name(name, digest(name)) / "data").write_text("x" * len(name))


def wanted(sample: str | None = None, how: Reading = Reading.WHOLE, *ids: str) -> Wanted:
    return Wanted(ids=tuple(map(JobId, ids)), sample=Fraction(sample) if sample else None, how=how)


def looked_at(report: VerifyReport) -> list[tuple[str, str]]:
    return [(check.job_id, check.store[-3:]) for check in report.checks]


def every_copy(names: str) -> set[tuple[str, str]]:
    return {(name, store) for name in names for store in ("one", "two")}


def test_without_more_every_copy_is_looked_at_in_the_order_of_archiving(tmp_path: Path) -> None:
    report = Archive(tmp_path, "ab").verify()
    assert looked_at(report) == [("a", "one"), ("a", "two"), ("b", "one"), ("b", "two")]
    assert (report.copies, report.is_sample, report.is_whole, report.unrecorded) == (4, False, True, "")


@pytest.mark.parametrize(
    ("sample", "sizes"), [("0.3", [3, 3, 3, 3]), ("0.5", [4, 4, 4]), ("0.0001", [1] * 9), ("1", [8, 8])]
)
def test_samples_come_round_to_all_copies_before_any_is_looked_at_again(
    tmp_path: Path, sample: str, sizes: list[int]
) -> None:
    archive = Archive(tmp_path, "abcd")
    seen = Counter(every_copy("abcd"))
    for size in sizes:
        report = archive.verify(sample)
        assert (len(report.checks), report.copies, report.is_sample) == (size, 8, True)
        seen.update(looked_at(report))
        assert max(seen.values()) - min(seen.values()) <= 1
    assert min(seen.values()) > 1


def test_a_copy_that_stays_damaged_does_not_stand_before_the_others_for_ever(tmp_path: Path) -> None:
    archive = Archive(tmp_path, "ab")
    archive.damage("a")
    seen = [looked_at(archive.verify("0.25"))[0] for _ in range(4)]
    assert set(seen) == every_copy("ab")


def test_what_was_never_read_and_what_is_of_a_time_to_come_is_looked_at_first(tmp_path: Path) -> None:  # I14
    archive = Archive(tmp_path, "abc")
    a, b, c = (CopyId(JobId(name), digest(name), "file:./one") for name in "abc")
    ahead = Look(copy=b, at=archive.clock.now() + 9 * DAY, how=Reading.WHOLE, state=BagState.WHOLE, is_bag_whole=True)
    archive.log.record([ahead])
    assert looked_at(archive.verify("0.1")) == [("b", "one")]
    assert archive.ledger.verifications()[b].read_at == archive.clock.now()
    assert looked_at(archive.verify("0.1")) == [("a", "one")]
    assert {a, c} <= archive.ledger.verifications().keys()


def test_a_fast_sample_goes_by_looks_of_any_kind_and_leaves_what_a_reading_is_due(tmp_path: Path) -> None:
    archive = Archive(tmp_path, "ab")
    fast = [looked_at(archive.verify("0.25", Reading.FAST))[0] for _ in range(4)]
    assert set(fast) == every_copy("ab")
    assert looked_at(archive.verify("0.25")) == [("a", "one")], "by reading, all are as long ago as before"


def test_what_is_found_is_recorded(tmp_path: Path) -> None:
    archive = Archive(tmp_path, "ab")
    archive.damage("b", "two")
    first = archive.ledger.verifications()
    report = archive.verify()
    now = archive.clock.now()
    assert not report.is_whole
    known = archive.ledger.verifications()
    damaged = CopyId(JobId("b"), digest("b"), "file:./two")
    assert (known[damaged].state, known[damaged].problem) == (BagState.DAMAGED, "data is not what was archived")
    assert (known[damaged].read_at, known[damaged].whole_at) == (now, first[damaged].whole_at)
    assert {known[copy].whole_at for copy in known if copy != damaged} == {now}


# -- when it cannot be recorded, or ends early


@dataclass
class Refusing:
    """A log that takes nothing, until it does."""

    takes: bool = False
    asked: int = 0
    recorded: list[Look] = field(default_factory=list)

    def record(self, looks: Sequence[Look]) -> None:
        self.asked += 1
        if not self.takes:
            raise LedgerError("the ledger is read-only")
        self.recorded += looks


@dataclass
class Ticking:
    """A clock that moves on by half a minute each time somebody looks."""

    moment: datetime

    def now(self) -> datetime:
        self.moment += MINUTE / 2
        return self.moment


@dataclass
class Interrupted:
    """A verifier that is interrupted at the copy with this number."""

    verifier: StoreVerifier
    at: int

    def look(self, receipt: Receipt, store: str, how: Reading) -> BagCheck:
        self.at -= 1
        if self.at < 0:
            raise KeyboardInterrupt
        return self.verifier.look(receipt, store, how)


def test_where_nothing_can_be_recorded_what_was_found_is_told_all_the_same(tmp_path: Path) -> None:
    archive = Archive(tmp_path, "ab")
    archive.damage("a")
    log = Refusing()
    report = verify_bags(archive.ledger, StoreVerifier(archive.stores), log, archive.clock, wanted())
    assert [check.state for check in report.checks].count(BagState.DAMAGED) == 1
    assert report.unrecorded == "not recorded in the ledger (looks: 4): the ledger is read-only"
    assert log.asked == 1


def test_a_long_verification_is_recorded_every_so_often_and_what_was_refused_once_later(tmp_path: Path) -> None:  # I8
    archive = Archive(tmp_path, "abcdef")
    log = Refusing()
    clock = Ticking(archive.clock.now())
    verifier = StoreVerifier(archive.stores)
    assert verify_bags(archive.ledger, verifier, log, clock, wanted()).unrecorded.startswith(
        "not recorded in the ledger (looks: 12): "
    )
    assert log.asked > 3
    log.takes = True
    report = verify_bags(archive.ledger, verifier, log, clock, wanted())
    assert (len(log.recorded), report.unrecorded) == (12, "")
    assert log.asked > 6


def test_what_was_found_before_an_interruption_is_recorded(tmp_path: Path) -> None:  # I8
    archive = Archive(tmp_path, "ab")
    log = Refusing(takes=True)
    verifier = Interrupted(StoreVerifier(archive.stores), 3)
    with pytest.raises(KeyboardInterrupt):
        verify_bags(archive.ledger, verifier, log, archive.clock, wanted())
    assert len(log.recorded) == 3


# -- mending a part


def test_a_sampled_copy_is_mended_from_one_that_is_not_in_the_sample(tmp_path: Path) -> None:
    archive = Archive(tmp_path, "ab")
    archive.damage("a", "one")
    report, repaired = archive.repair("0.25")
    assert looked_at(report) == [("a", "one")]
    assert repaired == [("a", "file:./one", "file:./two")]
    assert report.is_whole
    now = archive.clock.now()
    known = archive.ledger.verifications()
    assert {copy for copy, each in known.items() if each.whole_at == now} == {
        CopyId(JobId("a"), digest("a"), f"file:./{store}") for store in ("one", "two")
    }, "the source was read as well"
    assert archive.verify().is_whole


def test_a_sample_that_is_whole_costs_no_look_at_another_copy(tmp_path: Path) -> None:
    archive = Archive(tmp_path, "ab")
    archive.damage("a", "two")
    report, repaired = archive.repair("0.25")
    assert (looked_at(report), repaired) == ([("a", "one")], [])
    states = {copy[2]: each.state for copy, each in archive.ledger.verifications().items() if copy.job_id == "a"}
    assert states == {"file:./one": BagState.WHOLE, "file:./two": BagState.WHOLE}, "nobody looked at the other"


def test_beside_a_bag_that_is_whole_nowhere_no_receipt_is_written(tmp_path: Path) -> None:  # I15
    archive = Archive(tmp_path, "a")
    for store in ("one", "two"):
        archive.damage("a", store)
        (tmp_path / store / receipt_name("a", digest("a"))).unlink()
    report, repaired = archive.repair()
    assert repaired == []
    assert [(check.state, check.receipt) for check in report.checks] == [(BagState.DAMAGED, BagState.MISSING)] * 2


def test_a_bag_and_its_receipt_are_mended_together(tmp_path: Path) -> None:
    archive = Archive(tmp_path, "a")
    archive.damage("a")
    file = tmp_path / "one" / receipt_name("a", digest("a"))
    whole = file.read_bytes()
    file.write_bytes(whole[:-30])
    report, repaired = archive.repair()
    assert report.is_whole
    assert repaired == [("a", "file:./one", "file:./two"), ("a", "file:./one", "the ledger")]
    assert file.read_bytes() == whole
    (aside,) = (path for path in (tmp_path / "one" / "damaged").iterdir() if path.is_file())
    assert aside.read_bytes() == whole[:-30], "what was torn is kept, to be looked at"
    told = [dict(event.facts) for event in archive.ledger.audit_events() if event.event == "repaired"]
    assert [(each["source"], each.get("file", "")) for each in told] == [
        ("file:./two", ""),
        ("the ledger", receipt_name("a", digest("a"))),
    ]
