"""The promise, checked from outside: by the emulator's truth and by what lies in the archive."""

import hashlib
import sqlite3
from typing import Any

from reconciler.core.receipt import Receipt
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import reader_at
from tests.support.workplace import Workplace


def deletes(emulator: EmulatorProcess, job: str = "") -> list[dict[str, Any]]:
    return [request for request in emulator.writes() if job in request["path"]]


def receipts(workplace: Workplace) -> dict[str, Receipt]:
    path = workplace.folder / "state" / "ledger.db"
    return {str(receipt.job_id): receipt for receipt in reader_at(path).receipts()}


def check_promise(workplace: Workplace, emulator: EmulatorProcess) -> None:
    """I1, I8: whatever the service has cleaned lies in the archive, byte for byte, under a receipt."""
    truth, kept = emulator.truth(), receipts(workplace)
    for job in emulator.cleaned():
        bag = workplace.folder / "archive" / kept[job].bag
        archived = {hashlib.sha256(path.read_bytes()).hexdigest() for path in bag.rglob("*") if path.is_file()}
        assert {file["sha256"] for file in truth[job]["files"].values()} <= archived
        assert len(deletes(emulator, job)) <= 2, "at most one repeated request"
    workplace.run("audit", "verify").expect(0)
    workplace.run("verify").expect(0)


def a_minute_passes(workplace: Workplace) -> None:
    """Let the lease of a killed run run out, without waiting for it."""
    path = workplace.folder / "state" / "ledger.db"
    if path.exists():
        with sqlite3.connect(path) as database:
            if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'lease'").fetchone():
                database.execute("UPDATE lease SET expires_ms = 1")
        database.close()
