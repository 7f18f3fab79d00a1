"""What must hold after any end of any run, told by the service's truth, the bags and the receipts, as a stranger would.

Bags are read by the library `bagit`, receipts as JSON; of the program itself only its reader of the ledger is used.
"""

import hashlib
import json
from collections.abc import Collection
from pathlib import Path

import bagit

from reconciler.core.steps import Phase, fold
from reconciler.ledger.audit_check import check_audit
from tests.support.emulator import EmulatedAccount
from tests.support.ledger_values import reader_at
from tests.support.promise import ledger_of
from tests.support.workplace import Workplace


def check_kept(
    workplace: Workplace,
    emulator: EmulatedAccount,
    *,
    approved: Collection[str],
    stores: Collection[str] = ("archive",),
    others: Collection[str] = (),
    most_requests: int = 2,
) -> None:
    """See that nothing was cleaned unarchived (I1), unapproved (I3), unrecorded (I10) or by a third request (I8).

    `others` were cleaned by somebody else.
    """
    truth, reader = emulator.truth(), reader_at(ledger_of(workplace))
    cleaned = {job for job, told in truth.items() if told["cleaned_by"] is not None} - set(others)
    assert cleaned <= set(approved), f"cleaned and not approved: {cleaned - set(approved)}"
    last = {str(job): entry.phase for job, entry in fold(reader.entries()).items()}
    sent = [request["path"] for request in emulator.writes()]
    for job in cleaned:
        bags = [bag for store in stores for bag in sorted((workplace.folder / store / "jobs" / job).glob("*"))]
        assert bags, f"{job} was cleaned and has no bag"
        held = {digest for bag in bags for digest in _digests(bag)}
        assert {file["sha256"] for file in truth[job]["files"].values()} <= held, f"{job} was not archived whole"
        assert last.get(job) in {Phase.CLEANING, Phase.CLEANED}, f"{job} was cleaned, the journal says {last.get(job)}"
        assert sum(f"/{job}/clean" in path for path in sent) <= most_requests, f"{job}: one request too many"
    check_audit(reader)
    for receipt in reader.receipts():
        for store in receipt.stores:
            folder = workplace.folder / store.removeprefix("file:./")
            assert (folder / receipt.bag).is_dir(), f"{receipt.bag} is recorded and is not in {store}"
            told = folder / f"receipts/{receipt.bag.removeprefix('jobs/')}.intoto.json"
            assert json.loads(told.read_bytes())["subject"], told
    for store in stores:
        check_bags(workplace.folder / store)


def check_bags(store: Path) -> None:
    """See that whatever stands under a final name is whole."""
    for folder in sorted(store.glob("jobs/*/*")):
        bagit.Bag(str(folder)).validate()


def cleans_recorded(workplace: Workplace) -> int:
    """Give how many cleans the audit covers."""
    return check_audit(reader_at(ledger_of(workplace))).cleans


def _digests(bag: Path) -> set[str]:
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in bag.rglob("*") if path.is_file()}
