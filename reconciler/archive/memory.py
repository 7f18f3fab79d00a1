"""Reading back what runs left in a store: their records, and the receipts of bags.

What was edited, torn or put in is left out and told, and not believed.  With a key, only what it signed counts.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from reconciler.archive.names import bag_name, receipt_name
from reconciler.archive.run_records import FOLDER
from reconciler.archive.signatures import signature_problem
from reconciler.archive.statement import read_statement
from reconciler.archive.stores import BagStore
from reconciler.core.audit_lines import read_event
from reconciler.core.envelope import IN_TOTO, RUN_RECORD
from reconciler.core.receipt import Receipt
from reconciler.core.segments import Segment
from reconciler.engine.ports import SignatureCheck
from reconciler.engine.salvage import Stored, StoredRecord
from reconciler.errors import ArchiveError

RECEIPTS = "receipts"
Read = TypeVar("Read")


class StoresMemory:
    """Implements engine.salvage.ArchiveMemory; `check` is the key that must have signed, None to ask for none."""

    def __init__(self, stores: tuple[BagStore, ...], check: SignatureCheck | None = None) -> None:
        self._stores = {store.address: store for store in stores}
        self._check = check

    @property
    def stores(self) -> tuple[str, ...]:
        """The stores, by their addresses."""
        return tuple(self._stores)

    def records(self, store: str) -> Stored:
        """Read the records of a store."""
        place, problems = self._stores[store], list[str]()
        records = self._each(place, FOLDER, ".json", RUN_RECORD, _record, problems)
        return Stored(store=store, records=tuple(records), problems=tuple(problems))

    def everything(self, store: str) -> Stored:
        """Read the records of a store, and every receipt whose bag is there."""
        place, problems = self._stores[store], list[str]()
        records = tuple(self._each(place, FOLDER, ".json", RUN_RECORD, _record, problems))
        receipts = tuple(self._each(place, RECEIPTS, ".intoto.json", IN_TOTO, _receipt, problems))
        return Stored(store=store, records=records, receipts=receipts, problems=tuple(problems))

    def _each(
        self,
        place: BagStore,
        folder: str,
        ending: str,
        kind: str,
        read: Callable[[BagStore, str, bytes], Read],
        problems: list[str],
    ) -> Iterator[Read]:
        for name in place.names(folder):
            if not name.endswith(ending) or name.endswith(".dsse.json"):
                continue
            try:
                content = place.read_file(name)
                unsigned = signature_problem(place, name, content, kind, self._check) if self._check else ""
                if unsigned:
                    problems.append(f"{place.address}: {unsigned}")
                else:
                    yield read(place, name, content)
            except ArchiveError as error:  # one file that cannot be read must not hide the others
                problems.append(f"{place.address}: {name}: {error.message}")
            except ValueError as error:
                problems.append(f"{place.address}: {name}: {error}")


def _record(place: BagStore, name: str, content: bytes) -> StoredRecord:
    try:
        read = json.loads(content)
        run_id = _text(read, "run")
        if name != f"{FOLDER}/{run_id}.json" or not _text(read, "format_version").startswith("1."):
            raise ValueError("it is no record of a run, or of a version that is not known")
        return StoredRecord(
            run_id=run_id,
            account=_text(read, "account"),
            is_done=read["exit_code"] == 0 and not _text(read, "stopped"),
            segment=Segment(
                store=place.address,
                place=f"{place.address}/{name}",
                events=tuple(read_event(event) for event in read["audit"]),
            ),
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a record of ours: {type(error).__name__}") from error


def _text(read: dict[str, Any], name: str) -> str:
    text = read[name]
    if not isinstance(text, str):
        raise TypeError(name)
    return text


def _receipt(place: BagStore, name: str, content: bytes) -> Receipt:
    receipt = read_statement(content)
    # Its bag's place follows from what it is about: what a store says becomes no path (I12).
    if receipt_name(receipt.job_id, receipt.fingerprint) != name or receipt.bag != bag_name(
        receipt.job_id, receipt.fingerprint
    ):
        raise ValueError("it is the receipt of another job or other facts")
    if not place.has(receipt.bag):
        raise ValueError(f"its bag {receipt.bag} is not there")
    return receipt
