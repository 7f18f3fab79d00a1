"""Signatures beside receipts: written first, in nobody's way after a crash, and what they tell of a changed store."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.archive.mender import StoreMender
from reconciler.archive.names import receipt_name
from reconciler.archive.receipt_files import SignedReceipts, leave_receipt
from reconciler.archive.signatures import sign_file, signature_name
from reconciler.archive.statement import statement_of
from reconciler.archive.stores.local import LocalStore
from reconciler.core.envelope import IN_TOTO, RUN_RECORD
from reconciler.core.job import JobId
from reconciler.core.receipt import BagFile, Receipt
from reconciler.engine.copies import BagCheck, BagState, Reading
from reconciler.engine.ports import SignatureCheck, Signer
from reconciler.engine.signed_receipts import demand_signatures
from reconciler.engine.talk import silent
from reconciler.engine.verifying import VerifyReport
from reconciler.errors import ArchiveError
from reconciler.signing.key_files import read_signing_key, read_verify_key
from tests.support.signing_keys import KeyFiles, ed25519_files, hmac_file
from tests.support.values import NOON

RECEIPT = Receipt(
    job_id=JobId("a"),
    fingerprint="sha256:" + "0" * 64,
    bag="jobs/a/000000000000",
    stores=("file:./archive",),
    files=(BagFile(path="data/job.json", size=2, sha256="1" * 64),),
    evidence=(),
    verified_at=NOON,
)
LATER = dataclasses.replace(RECEIPT, verified_at=NOON + timedelta(seconds=1))
NAME = receipt_name(RECEIPT.job_id, RECEIPT.fingerprint)


@dataclass
class Place:
    """A store, a key, and what holds the store's receipts against it."""

    root: Path
    signer: Signer
    check: SignatureCheck

    @property
    def store(self) -> LocalStore:
        return LocalStore("file:./archive", self.root)

    def leave(self, receipt: Receipt = RECEIPT, *, store: LocalStore | None = None) -> None:
        leave_receipt(store or self.store, receipt, tool="a test", signer=self.signer)

    def leave_unsigned(self, receipt: Receipt = RECEIPT) -> None:
        leave_receipt(self.store, receipt, tool="a test", signer=None)

    def problem(self, receipt: Receipt = RECEIPT) -> str:
        return SignedReceipts((self.store,), self.check).problem(receipt, "file:./archive")

    @property
    def receipt(self) -> Path:
        return self.root / NAME

    @property
    def signatures(self) -> list[Path]:
        return sorted(self.root.rglob("*.dsse.json"))


KINDS: dict[str, Callable[[Path], KeyFiles]] = {"Ed25519": ed25519_files, "HMAC": hmac_file}


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    files = KINDS[request.param](tmp_path)
    return Place(tmp_path / "archive", read_signing_key(files.signing, silent), read_verify_key(files.verify, silent))


class CutOff(LocalStore):
    """A store whose process dies before it writes the n-th small file."""

    def __init__(self, root: Path, after: int) -> None:
        super().__init__("file:./archive", root)
        self.left = after

    def publish_file(self, content: bytes, name: str) -> None:
        if not self.left:
            raise SystemExit(name)
        self.left -= 1
        super().publish_file(content, name)


def test_a_signed_receipt_is_the_same_receipt_with_an_envelope_beside_it(place: Place) -> None:
    place.leave()
    assert place.receipt.read_bytes() == statement_of(RECEIPT, tool="a test")
    (signature,) = place.signatures
    assert signature.parent == place.receipt.parent
    assert signature.name.startswith("000000000000.")
    assert place.problem() == ""


def test_the_signature_is_written_before_the_receipt(place: Place) -> None:  # I8
    with pytest.raises(SystemExit) as died:
        place.leave(store=CutOff(place.root, after=0))
    assert str(died.value).endswith(".dsse.json")
    with pytest.raises(SystemExit) as died:
        place.leave(store=CutOff(place.root, after=1))
    assert str(died.value) == NAME
    assert len(place.signatures) == 1
    assert place.problem() == f"its receipt {NAME} is not there"


@pytest.mark.parametrize("again", [RECEIPT, LATER], ids=["in the same second", "later"])
def test_a_signature_without_its_receipt_stops_no_later_one_and_is_not_taken_for_its_own(
    place: Place, again: Receipt
) -> None:  # I8
    with pytest.raises(SystemExit):
        place.leave(store=CutOff(place.root, after=1))
    place.leave(again)
    assert place.problem() == ""
    assert len(place.signatures) == (1 if again is RECEIPT else 2)
    place.leave(again)
    assert place.problem() == ""
    if again is not RECEIPT:
        (signature_of_now,) = [path for path in place.signatures if again_is_in(path, place)]
        signature_of_now.unlink()
        assert "has no signature by the key" in place.problem()


def again_is_in(path: Path, place: Place) -> bool:
    return path.name == Path(signature_name(NAME, place.receipt.read_bytes(), place.check.key_id)).name


def test_a_receipt_that_was_left_without_a_key_is_signed_where_its_bag_is_proved_again(place: Place) -> None:
    place.leave_unsigned()
    assert "has no signature by the key" in place.problem()
    before = place.receipt.read_bytes()
    place.leave(LATER)
    assert place.receipt.read_bytes() == before
    assert place.problem() == ""
    place.leave_unsigned(LATER)
    assert place.receipt.read_bytes() == before


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (dataclasses.replace(RECEIPT, job_id=JobId("b")), "it is of another job, or of other facts"),
        (
            dataclasses.replace(RECEIPT, fingerprint="sha256:" + "0" * 12 + "1" * 52),
            "it is of another job, or of other facts",
        ),
        (dataclasses.replace(RECEIPT, bag="jobs/a/000000000001"), "it is of another job, or of other facts"),
        (
            dataclasses.replace(RECEIPT, files=(BagFile(path="data/job.json", size=2, sha256="2" * 64),)),
            "it names other files",
        ),
        (None, "it cannot be read"),
    ],
)
def test_a_receipt_that_is_not_of_this_bag_is_never_signed_and_a_signed_one_never_passes(
    place: Place, there: Receipt | None, told: str
) -> None:  # I1, I15
    content = b"{}" if there is None else statement_of(there, tool="a test")
    place.store.publish_file(content, NAME)
    with pytest.raises(ArchiveError, match=told) as refused:
        place.leave()
    assert "never overwritten" in refused.value.hint
    assert place.signatures == []
    sign_file(place.store, NAME, content, IN_TOTO, place.signer)
    assert told in place.problem()


def test_what_stands_where_the_signature_belongs_is_told_and_not_overwritten(place: Place) -> None:
    content = statement_of(RECEIPT, tool="a test")
    beside = signature_name(NAME, content, place.signer.key_id)
    place.store.publish_file(b"mine", beside)
    with pytest.raises(ArchiveError, match="is not the signature that belongs there"):
        place.leave()
    assert (place.root / beside).read_bytes() == b"mine"
    assert not place.receipt.exists(), "no receipt without its signature"


# -- a store that somebody changed


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))


def own_key(place: Place) -> None:
    """Put in another receipt, signed by another key under the name of the right one."""
    place.receipt.unlink()
    content = statement_of(LATER, tool="a test")
    place.store.publish_file(content, NAME)
    (place.root / "mine").mkdir()
    other = read_signing_key(ed25519_files(place.root / "mine").signing, silent)
    sign_file(place.store, NAME, content, IN_TOTO, other)
    mine = place.root / signature_name(NAME, content, other.key_id)
    mine.rename(place.root / signature_name(NAME, content, place.check.key_id))


def of_other_kind(place: Place) -> None:
    (signature,) = place.signatures
    signature.unlink()
    sign_file(place.store, NAME, place.receipt.read_bytes(), RUN_RECORD, place.signer)


CHANGES: dict[str, tuple[Callable[[Place], object], str]] = {
    "no receipt": (lambda place: place.receipt.unlink(), "is not there"),
    "no signature": (lambda place: place.signatures[0].unlink(), "has no signature by the key"),
    "another receipt": (
        lambda place: place.receipt.write_bytes(statement_of(LATER, tool="a test")),
        "has no signature by the key",
    ),
    "one byte more": (lambda place: place.receipt.write_bytes(place.receipt.read_bytes() + b" "), "has no signature"),
    "no envelope": (lambda place: place.signatures[0].write_bytes(b"{}"), "is no signature"),
    "an envelope of something else": (
        lambda place: edit(place.signatures[0], payload="e30="),
        "is a signature of something else",
    ),
    "an envelope of another kind": (
        lambda place: edit(place.signatures[0], payloadType="text/plain"),
        "is a signature of something else",
    ),
    "a good signature of another kind": (of_other_kind, "is a signature of something else"),
    "no signatures in it": (lambda place: edit(place.signatures[0], signatures=[]), "is not good"),
    "an empty signature": (lambda place: edit(place.signatures[0], signatures=[{"sig": ""}]), "is not good"),
    "a signature of zeros": (
        lambda place: edit(place.signatures[0], signatures=[{"sig": "A" * 86}]),
        "is no signature",
    ),
    "another key": (own_key, "is not good"),
    "no store": (lambda place: place.receipt.parent.rename(place.root / "away"), "is not there"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_a_signed_receipt_is_told(place: Place, change: str) -> None:  # I15
    place.leave()
    assert place.problem() == ""
    CHANGES[change][0](place)
    assert CHANGES[change][1] in place.problem()


def test_a_good_signature_beside_others_counts_and_the_key_name_in_an_envelope_does_not(place: Place) -> None:
    place.leave()
    (path,) = place.signatures
    (signature,) = json.loads(path.read_bytes())["signatures"]
    edit(path, signatures=[{"sig": ""}, {**signature, "keyid": "somebody else's"}])
    assert place.problem() == ""


def test_a_store_that_the_file_names_no_longer_is_told(place: Place) -> None:
    assert SignedReceipts((), place.check).problem(RECEIPT, "file:./archive") == "the file names this store no longer"


def test_damage_that_was_found_is_told_before_what_is_wrong_with_the_signature(place: Place) -> None:
    def check(state: BagState, problem: str = "", receipt: BagState = BagState.WHOLE) -> BagCheck:
        return BagCheck(
            job_id=JobId("a"), store="file:./archive", bag=RECEIPT.bag, state=state, problem=problem, receipt=receipt
        )

    checks = (
        check(BagState.WHOLE),
        check(BagState.DAMAGED, "a file is missing"),
        check(BagState.MISSING, "no bag"),
        check(BagState.WHOLE, receipt=BagState.MISSING),
    )
    report = VerifyReport(checks=checks, copies=4, how=Reading.WHOLE)
    receipts = SignedReceipts((place.store,), place.check)
    told = demand_signatures(report, (RECEIPT,), receipts)
    assert told.checks[1:] == checks[1:]
    assert (told.checks[0].state, told.checks[0].receipt) == (BagState.WHOLE, BagState.DAMAGED)
    assert told.checks[0].receipt_problem == f"its receipt {NAME} is not there"
    assert not told.is_whole
    place.leave()
    assert demand_signatures(report, (RECEIPT,), receipts) == report


def test_a_receipt_that_is_mended_is_signed_where_there_is_a_key(place: Place) -> None:
    place.leave()
    place.receipt.write_bytes(b"torn")
    mender = StoreMender((place.store,), tool="another version", signer=place.signer)
    _, aside = mender.mend_receipt(LATER, "file:./archive")
    assert (place.root / aside).read_bytes() == b"torn"
    assert place.problem() == ""
    place.receipt.unlink()
    StoreMender((place.store,), tool="a third version").mend_receipt(LATER, "file:./archive")
    assert "has no signature by the key" in place.problem()
