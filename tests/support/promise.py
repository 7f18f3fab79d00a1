"""The promise, checked from outside: by the emulator's truth and by what lies in the archive."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from reconciler.core.receipt import Receipt
from reconciler.ledger.database import Database
from reconciler.ledger.opening import database_at
from tests.support.emulator import EmulatorProcess
from tests.support.ledger_values import changing, reader_at
from tests.support.workplace import Workplace


def deletes(emulator: EmulatorProcess, job: str = "") -> list[dict[str, Any]]:
    return [request for request in emulator.writes() if job in request["path"]]


def ledger_of(workplace: Workplace) -> Database:
    return database_at(workplace.environ.get("RECONCILER_STATE") or str(workplace.folder / "state" / "ledger.db"))


def receipts(workplace: Workplace) -> dict[str, Receipt]:
    return {str(receipt.job_id): receipt for receipt in reader_at(ledger_of(workplace)).receipts()}


def check_promise(workplace: Workplace, emulator: EmulatorProcess) -> None:
    """I1, I8: whatever the service has cleaned lies in the archive, byte for byte, under a receipt."""
    truth, kept = emulator.truth(), receipts(workplace)
    sent = Counter(unquote(each["path"]).split("/")[-2] for each in emulator.writes() if each["method"] == "DELETE")
    for job in emulator.cleaned():
        bag = workplace.folder / "archive" / kept[job].bag
        archived = {hashlib.sha256(path.read_bytes()).hexdigest() for path in bag.rglob("*") if path.is_file()}
        assert {file["sha256"] for file in truth[job]["files"].values()} <= archived
        assert sent[job] <= 2, "at most one repeated request"
    workplace.run("audit", "verify").expect(0)
    workplace.run("verify").expect(0)


def a_minute_passes(workplace: Workplace) -> None:
    """Let the lease of a killed run run out, without waiting for it."""
    ledger = ledger_of(workplace)
    if ledger.is_there():
        with changing(ledger) as change:
            change("UPDATE lease SET expires_ms = 1")


def carries_on(workplace: Workplace, emulator: EmulatorProcess, jobs: Iterable[str]) -> None:
    """After a run that ended early: all is kept, and the same plan, applied once more, cleans what is left."""
    emulator.clear_faults()
    check_promise(workplace, emulator)
    a_minute_passes(workplace)
    workplace.run("apply", "plan.json").expect(0)
    assert emulator.cleaned() == set(jobs)
    check_promise(workplace, emulator)
